"""Files of plots for the sample, the visits of their pages, who may open them, and the attacks on what the database refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.imports import services as imports
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from tests.architecture import violation_data
from tests.architecture.register_matrix import HIDDEN_FORM, NO_FORM, NO_READ, READ, UNKNOWN, UNSAID
from tests.factories.accounts import StaffFactory
from tests.factories.zoning import make_layer
from tests.zoning.imports.files import geopackage, row, square
from tests.zoning.layers.files import loaded, surfaces
from zoning.contests import services as contests
from zoning.imports import undo
from zoning.layers import services as layer_versions
from zoning.models import Layer, LayerContest, LayerFeature, LayerRepeal, LayerVersion, LoadUndo, Plot, PlotRow, PlotShape

if TYPE_CHECKING:
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

LAYERS = ("heritage/", "heritage/1/", "power_line/", "power_line/1/", "power_line/2/", "power_line/3/")
CONTESTS = ("{s.plots.contest.public_id}/", "{s.plots.refused.public_id}/")
WHY = "رفع مساحي خاطئ في القطعة"
BLOCK = "30"


@dataclass
class PlotFiles:
    plotter: User
    planner: User
    taken: ImportFile  # with an error and an overlap, and an undoing that was refused
    undone: ImportFile
    asked: ImportFile  # somebody asked for its undoing
    waiting: ImportFile
    undo: LoadUndo  # of `asked`
    version: LayerVersion  # pending; the one before is asked to be repealed
    contest: LayerContest
    refused: LayerContest


def _read(clerk: User, *plots: Any) -> ImportFile:
    file = imports.load("plots", content=geopackage(*plots), name="قسائم.gpkg", loaded_by=clerk)
    imports.check(file_id=file.pk)
    return ImportFile.objects.get(pk=file.pk)


def _loaded(clerk: User, planner: User, *plots: Any) -> ImportFile:
    file = _read(clerk, *plots)
    imports.release(file=file, released_by=planner)
    imports.apply_released(file_id=file.pk)
    return ImportFile.objects.get(pk=file.pk)


def fill(owner: User, plot: Plot) -> PlotFiles:
    """Loads in block 30 of the first area, and a version of a layer that is over."""
    clerk, planner = violation_data.staff("plot_clerk"), StaffFactory(login="releases-plots", groups=["planner"])
    far = {"block": BLOCK}
    taken = _loaded(clerk, planner, row(101, **far), row(102, **far, shape=square(101).buffer(0.00001)), row(103, **far, paci="1"))
    undo.refuse(undo=undo.ask(file=taken, reason=WHY, asked_by=clerk), refused_by=planner)
    undone = _loaded(clerk, planner, row(110, **far))
    undo.allow(undo=undo.ask(file=undone, reason=WHY, asked_by=clerk), allowed_by=planner)
    undo.carry_out(undo_id=LoadUndo.objects.get(file=undone).pk)
    asked = _loaded(clerk, planner, row(120, **far))
    asking = undo.ask(file=asked, reason=WHY, asked_by=clerk)
    waiting = _read(clerk, row(101, **far, official=500), row(130, **far), row(131, **far, area="?"))
    imports.refuse(file=_read(clerk, row(140, **far)), refused_by=planner)
    make_layer("heritage", status="repealed", valid_from=dt.date(2006, 1, 1), valid_to=dt.date(2008, 1, 1), covers=square(500))
    around = square(500).buffer(0.001)
    first = make_layer("power_line", ("line", square(500)), covers=around)
    layer_versions.ask_repeal(version=first, ends_on=clock.today(), instrument_ar=WHY, instrument_en="Decision", asked_by=clerk)
    refused = _version(clerk, surfaces(("line", square(501)), ("", around)))
    layer_versions.refuse(version=refused, by=planner)
    version = _version(clerk, surfaces(("line", square(502)), ("", around)))
    return PlotFiles(clerk, planner, taken, undone, asked, waiting, asking, version, *_contests(owner, plot, planner))


def _contests(person: User, plot: Plot, planner: User) -> tuple[LayerContest, LayerContest]:
    """One that waits, and one that was refused."""
    said = {"should_be": "سكن استثماري", "reason": WHY, "person": person, "plot": plot}
    refused = contests.contest(layer=Layer.objects.get(pk="heritage"), **said)
    contests.decide(contest=refused, outcome="refused", answer=WHY, article="المادة 3", decided_by=planner)
    refused.refresh_from_db()
    return contests.contest(layer=Layer.objects.get(pk="land_use"), **said), refused


def _version(clerk: User, content: bytes) -> LayerVersion:
    return loaded("power_line", content, clock.today(), clerk)


def visits() -> list[Visit]:
    """The pages of files of plots in each state."""
    from tests.architecture.page_responses import Visit

    files, who = "/admin/plots/files/", ("plotter", "planner")
    one = "{{s.plots.{0}.public_id}}/"
    return [
        *(Visit("/admin/", role) for role in who),
        *(Visit(files, role) for role in who),
        Visit(files, "plotter", post={}, status=409, note="no file"),
        *(Visit(files + one.format(name), role, note=name) for name in ("taken", "undone", "asked", "waiting") for role in who),
        Visit(files + one.format("waiting") + f"?area={{s.plots.undo.file.pk}}&block={BLOCK}", "planner", note="no such block"),
        Visit(files + one.format("waiting"), "planner", post={"step": "stop"}, status=409, note="not running"),
        *(Visit(files + one.format(name) + "undo/", role, note=name) for name in ("taken", "undone", "asked", "waiting") for role in who),
        Visit(files + one.format("waiting") + "undo/", "plotter", post={"step": "ask", "reason": "?"}, status=409, note="no reason"),
        Visit(files + one.format("asked") + "undo/", "plotter", post={"step": "allow"}, status=409, note="not a planner"),
        *(Visit(f"/admin/plots/layers/{path}", role, note=path) for path in ("", *LAYERS) for role in who),
        Visit("/admin/plots/new-layer/", "planner"),
        Visit("/admin/plots/new-layer/", "planner", post={}, status=400, note="nothing typed"),
        Visit("/admin/plots/layers/power_line/", "plotter", post={}, status=400, note="nothing typed"),
        Visit("/admin/plots/layers/power_line/3/?difference=1", "planner", note="what changes"),
        Visit("/admin/plots/layers/power_line/1/", "plotter", post={"step": "ask"}, status=400, note="nothing typed"),
        Visit("/admin/plots/layers/power_line/3/", "planner", post={"step": "?"}, status=409, note="no such step"),
        *(Visit(f"/admin/plots/contests/{path}", "planner", note=path) for path in ("", *CONTESTS)),
        Visit(f"/admin/plots/contests/{CONTESTS[0]}", "planner", post={"step": "decide"}, status=409, note="no decision"),
        *(Visit(f"/{{lang}}/zoning/contests/{path}", "owner", note=path) for path in ("", *CONTESTS)),
        Visit("/{lang}/plots/{s.zoning.plot.public_id}/contest/land_use/", "owner"),
        Visit("/{lang}/plots/{s.zoning.plot.public_id}/contest/land_use/", "owner", post={}, status=400, note="nothing typed"),
    ]


def rows(staff: Callable[..., Any]) -> list[Any]:
    """The rows of the access matrix; `staff` makes one."""

    def of(path: str, answers: str, closed: str = NO_FORM, *, under: str = "files") -> Any:
        both = {"plotter": answers, "planner": answers}
        return staff(f"/admin/plots/{under}/{path}", closed, closed, supervisor=closed, registrar=closed, **both)

    return [
        of("", UNSAID),
        *(of(f"{{s.plots.{name}.public_id}}/", UNSAID) for name in ("taken", "waiting")),
        of("{s.plots.taken.public_id}/problems.csv", READ, NO_READ),
        *(of(f"{{s.plots.{name}.public_id}}/undo/", UNSAID) for name in ("asked", "waiting")),
        of(f"{UNKNOWN}/", HIDDEN_FORM),
        of(f"{UNKNOWN}/undo/", HIDDEN_FORM),
        of("", READ, NO_READ, under="layers"),
        of("power_line/", "200 200 400 405 405 405", under="layers"),
        *(of(f"power_line/{number}/", UNSAID, under="layers") for number in (1, 3)),
        of("unknown/", HIDDEN_FORM, under="layers"),
        staff("/admin/plots/new-layer/", NO_FORM, NO_FORM, plotter=NO_FORM, supervisor=NO_FORM, planner="200 200 400 405 405 405"),
        of("power_line/99/", HIDDEN_FORM, under="layers"),
        *(
            staff(f"/admin/plots/contests/{path}", closed, closed, plotter=closed, supervisor=closed, planner=answers)
            for path, answers, closed in (
                ("", READ, NO_READ),
                *((path, UNSAID, NO_FORM) for path in CONTESTS),
                (f"{UNKNOWN}/", HIDDEN_FORM, NO_FORM),
            )
        ),
    ]


def _plot(**values: Any) -> None:
    area = Plot.objects.order_by("pk")[0].area
    Plot.objects.create(**{"area": area, "block": BLOCK, "number": "900", "valid_from": dt.date(2020, 1, 1)} | values)


def _shape(**values: Any) -> None:
    like = PlotShape.objects.filter(valid_to__isnull=True).order_by("pk")[0]
    plot = Plot.objects.create(area=like.plot.area, block=BLOCK, number="901", valid_from=dt.date(2020, 1, 1))
    like.pk, like.plot, like.valid_from, like.load = None, plot, plot.valid_from, None
    for name, value in values.items():
        setattr(like, name, value)
    like._state.adding = True
    like.save()


def _decided_when_asked(sample: Sample) -> None:
    values = {"reason": WHY, "asked_by": sample.plots.plotter, "asked_at": clock.now()}
    LoadUndo.objects.create(file=sample.plots.waiting, refused_by=sample.plots.planner, refused_at=clock.now(), **values)


def _decided_when_repealed(sample: Sample) -> None:
    like = LayerRepeal.objects.filter(event__isnull=True).order_by("pk")[0]
    like.pk, like.public_id, like.refused_by = None, "x", sample.plots.planner
    like._state.adding = True
    like.save()


def _undone_without_event(sample: Sample) -> None:
    event = AuditEvent.objects.filter(action="plots.undo_allowed", subject=sample.plots.undone.key).get()
    LoadUndo.objects.filter(pk=sample.plots.undo.pk).update(event=event, allowed_by=sample.plots.planner)


def _feature_into_force(sample: Sample) -> None:
    like = LayerFeature.objects.filter(version__status="in_force").order_by("pk")[0]
    like.pk = None
    like._state.adding = True
    like.save()


def _version_born_in_force(sample: Sample) -> None:
    like = LayerVersion.objects.filter(valid_to__isnull=False).order_by("pk")[0]
    like.pk, like.number, like.status = None, 99, "in_force"
    like._state.adding = True
    like.save()


def _first_by_its_creator(sample: Sample) -> None:
    planner = sample.plots.planner
    texts = {f"{name}_{language}": WHY for name in ("name", "office", "instrument", "article", "absence") for language in ("ar", "en")}
    layer_versions.create(layer=Layer(code="new", kind="restriction", **texts), created_by=planner)
    version = loaded("new", surfaces(("new", square(503)), ("", square(503).buffer(0.001))), clock.today(), sample.plots.plotter)
    ImportFile.objects.filter(pk=version.load_id).update(released_by=planner, released_at=clock.now())
    LayerVersion.objects.filter(pk=version.pk).update(status="in_force")


def _update(rows: Any, **values: Any) -> None:
    rows.update(**values)


LATER = dt.date(2030, 1, 1)
OLD = dt.date(2020, 1, 1)


def _born_decided(sample: Sample) -> None:
    like = LayerContest.objects.get(pk=sample.plots.refused.pk)
    like.pk, like.public_id, like.number = None, "x", "x"
    like._state.adding = True
    like.save()


BY_HAND: dict[str, Callable[[Any], None]] = {
    "zoning_plotrow_in_dry_run": lambda sample: PlotRow.objects.create(file=sample.plots.waiting, line=99, outcome="wrong") and None,
    "zoning_plotrow_stays": lambda sample: PlotRow.objects.filter(file=sample.plots.taken)._raw_delete("default") and None,
    "zoning_plotrow_left_only": lambda sample: _update(PlotRow.objects.filter(file=sample.plots.waiting, outcome="add"), outcome="same"),
    "zoning_plot_closed_once": lambda sample: _update(Plot.objects.filter(valid_to__isnull=False), valid_to=LATER),
    "zoning_plotshape_closed_once": lambda sample: _update(PlotShape.objects.filter(valid_to__isnull=False), valid_to=LATER),
    "zoning_plot_voided": lambda sample: _update(Plot.objects.filter(load=sample.plots.taken), valid_to=clock.today()),
    "zoning_plotshape_voided": lambda sample: _update(PlotShape.objects.filter(load=sample.plots.taken), valid_to=clock.today()),
    "zoning_plot_born_valid": lambda sample: _plot(valid_to=OLD),
    "zoning_plotshape_born_valid": lambda sample: _shape(valid_to=OLD),
    "zoning_plot_by_released_file": lambda sample: _plot(load=sample.plots.waiting),
    "zoning_plotshape_by_released_file": lambda sample: _shape(load=sample.plots.waiting),
    "zoning_loadundo_asked_first": _decided_when_asked,
    "zoning_loadundo_by_event": _undone_without_event,
    "zoning_layer_frozen": lambda sample: _update(Layer.objects.filter(kind="objects"), kind="restriction"),
    "zoning_layerversion_begins": _version_born_in_force,
    "zoning_layerversion_moves_on": lambda sample: _update(LayerVersion.objects.filter(status="in_force"), status="pending"),
    "zoning_layerversion_by_two_people": lambda sample: _update(
        LayerVersion.objects.filter(pk=sample.plots.version.pk), status="in_force", valid_to=LATER
    ),
    "zoning_layerversion_first_by_another": _first_by_its_creator,
    "zoning_layerversion_ends_by_two_people": lambda sample: _update(
        LayerVersion.objects.filter(layer="power_line", number=1), status="repealed", valid_to=OLD
    ),
    "zoning_layercontest_begins": _born_decided,
    "zoning_layerrepeal_asked_first": _decided_when_repealed,
    "zoning_layerfeature_in_pending": _feature_into_force,
    "zoning_layerfeature_stays": lambda sample: LayerFeature.objects.filter(version__status="in_force")._raw_delete("default") and None,
}

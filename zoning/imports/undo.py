"""Undoing a load as a whole: one person asks for it with a reason, a second one of the planners allows it, and a job carries it out.

Nothing is deleted but PACI numbers that the load brought: its plots and shapes end on the day on which they began, so that they hold on
no day, and what the load had closed is open again. The register then answers for every day as before the load.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Case, Exists, F, Min, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.imports.models import ImportFile, LineOutcome
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.failpoints import failpoint
from municipality.places.models import Area
from zoning.imports.roles import CLERK, PLANNER
from zoning.imports.validation import plots_of
from zoning.maps.services import refresh_outlines
from zoning.models import LoadUndo, Plot, PlotAddress, PlotExtract, PlotRow, PlotShape, PlotSuccession
from zoning.plots.queries import not_undone

MIN_REASON = 10  # letters
BATCH = 2000  # lines of one transaction
SECONDS = 60  # after which a job enqueues the next one; the time limit of a job is in zoning/tasks.py
# Tables that refer to plots and are undone here; extracts stay as they were issued.
_OWN = {PlotShape, PlotAddress, PlotSuccession, PlotRow, PlotExtract}


@transaction.atomic
def ask(*, file: ImportFile, reason: str, asked_by: User) -> LoadUndo:
    """Ask for the undoing of a load. Raises NotPermitted, Refused: no_reason, not_loaded, asked_already, built_on."""
    require_group(asked_by, CLERK, PLANNER)
    reason = " ".join(reason.split())
    if len(reason) < MIN_REASON:
        raise Refused("no_reason", _("Please give the reason, ten letters at least."))
    row = ImportFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    if LoadUndo.objects.filter(file=row, refused_at__isnull=True).exists():
        raise Refused("asked_already", _("The undoing of this load was asked for already."))
    _check_undoable(row)
    undo = LoadUndo.objects.create(file=row, reason=reason[:500], asked_by=asked_by, asked_at=clock.now())
    record("plots.undo_asked", subject=row.key, actor=Actor(CLERK, asked_by.key), data={"undo": undo.public_id}, text=undo.reason)
    return undo


@transaction.atomic
def refuse(*, undo: LoadUndo, refused_by: User) -> None:
    """Refuse the undoing, as a planner or whoever asked for it. Raises NotPermitted, Refused: done."""
    row = _locked(undo)
    require_group(refused_by, PLANNER, *((CLERK,) if row.asked_by_id == refused_by.pk else ()))
    LoadUndo.objects.filter(pk=row.pk).update(refused_by=refused_by, refused_at=clock.now())
    record("plots.undo_refused", subject=row.file.key, actor=Actor(PLANNER, refused_by.key), data={"undo": row.public_id})


@transaction.atomic
def allow(*, undo: LoadUndo, allowed_by: User) -> None:
    """Have a load undone by a job. Raises NotPermitted (role, same person), Refused: done, not_loaded, built_on."""
    file = ImportFile.objects.select_for_update(of=("self",)).get(pk=undo.file_id)  # before its undoing, as the writer does
    row = _locked(undo)
    require_group(allowed_by, PLANNER)
    if row.asked_by_id == allowed_by.pk:
        raise NotPermitted("same_person", _("The person who asked for it cannot allow it. A second person must."))
    _check_undoable(file)
    counts = {"plots": Plot.objects.filter(load=file).count(), "shapes": PlotShape.objects.filter(load=file).count()}
    data = {"undo": row.public_id, "asked_by": row.asked_by.key, **counts}
    event = record("plots.undo_allowed", subject=file.key, actor=Actor(PLANNER, allowed_by.key), data=data, text=row.reason)
    LoadUndo.objects.filter(pk=row.pk).update(allowed_by=allowed_by, event=event)
    enqueue("zoning.undo_load", key=f"{row.public_id}:0", undo_id=row.pk)


def carry_out(*, undo_id: int, size: int = BATCH, seconds: float = SECONDS) -> bool:
    """Undo an allowed load, batch by batch of `size` lines, for `seconds`. Returns whether a job for the rest was enqueued.

    Each batch is a transaction with its audit event, so that another worker continues after a crash at the next line.
    """
    deadline = time.monotonic() + seconds
    while True:
        with transaction.atomic():
            undo = LoadUndo.objects.select_for_update(of=("self",)).select_related("file").get(pk=undo_id)
            if undo.event_id is None or undo.done_at is not None:
                return False
            has_more = _undo_batch(undo, size)
            is_enqueued = has_more and time.monotonic() >= deadline
            if is_enqueued:
                enqueue("zoning.undo_load", key=f"{undo.public_id}:{undo.undone_line}", undo_id=undo.pk)
            failpoint("plots.undone")
        if is_enqueued or not has_more:
            return is_enqueued


def with_state(files: QuerySet[ImportFile]) -> QuerySet[ImportFile]:
    """Files with `undo_state`: empty, `running` or `done`."""
    allowed = LoadUndo.objects.filter(file=OuterRef("pk"), event__isnull=False)
    state = Case(When(Exists(allowed.filter(done_at__isnull=False)), then=Value("done")), When(Exists(allowed), then=Value("running")))
    return files.annotate(undo_state=state)


def is_running() -> bool:
    """Whether a load is being undone; also keeps one from being allowed until the caller's transaction ends."""
    asked = LoadUndo.objects.select_for_update().filter(done_at__isnull=True, refused_at__isnull=True)
    return any(undo.event_id is not None for undo in asked)


def takes_back(plot: Plot) -> bool:
    """Whether the load of a plot is being undone, or was; else it is not allowed until the caller's transaction ends.

    What begins on the plot in that transaction is then seen by `allow`.
    """
    if plot.load_id is None:
        return False
    asked = LoadUndo.objects.select_for_update().filter(file=plot.load_id, refused_at__isnull=True)
    return any(undo.event_id is not None for undo in asked)


def _locked(undo: LoadUndo) -> LoadUndo:
    row = LoadUndo.objects.select_for_update(of=("self",)).select_related("file", "asked_by").get(pk=undo.pk)
    if row.event_id is not None or row.refused_at is not None:
        raise Refused("done", _("This has already been decided."))
    return row


def _built_on() -> Refused:
    return Refused("built_on", _("Something later builds on this load: another load or decision about its plots. Undo that one first."))


def _check_undoable(file: ImportFile) -> None:
    """Raises Refused: not_loaded, built_on."""
    if file.kind != "plots" or file.released_at is None or (file.done_at is None and file.stopped_at is None):
        raise Refused("not_loaded", _("Only a load that has come in, or was stopped, can be undone."))
    plots, shapes = Plot.objects.filter(load=file), PlotShape.objects.filter(load=file)
    corrected = _corrected(file).exclude(plot__official_area=F("official_area"))
    if plots.filter(valid_to__isnull=False).exists() or shapes.filter(valid_to__isnull=False).exists() or corrected.exists():
        raise _built_on()
    same_number = {name: OuterRef(f"predecessor__{name}") for name in ("area", "block", "number")}
    given_away = Exists(Plot.objects.filter(valid_to__isnull=True, **same_number).exclude(pk=OuterRef("predecessor")))
    if PlotSuccession.objects.filter(given_away, successor__load=file).exists():
        raise _built_on()
    if _followed_since(file).exists() or _is_used(plots) or _changed_since(plots).exists() or _passed_on(file).exists():
        raise _built_on()


def _followed_since(file: ImportFile) -> QuerySet[PlotSuccession]:
    """What later loads, not undone, made of the plots that the new plots of a load come from."""
    own = PlotSuccession.objects.filter(successor__load=file)
    first = own.aggregate(first=Min("pk"))["first"] or 0
    later = PlotSuccession.objects.filter(not_undone("successor__"), predecessor__in=own.values("predecessor"), pk__gt=first)
    return later.exclude(successor__load=file)


def _changed_since(plots: QuerySet[Plot]) -> QuerySet[PlotRow]:
    """The rows of later loads, not undone, that gave PACI numbers or another official area to plots of a load."""
    undone = LoadUndo.objects.filter(done_at__isnull=False).values("file")
    return PlotRow.objects.filter(plot__in=plots, outcome=LineOutcome.CHANGE, line__lte=F("file__taken_line")).exclude(file__in=undone)


def _passed_on(file: ImportFile) -> QuerySet[PlotAddress]:
    """The PACI numbers that a load removed and that another plot has now, not by this load."""
    rows = PlotRow.objects.filter(file=file, outcome=LineOutcome.CHANGE, line__lte=file.taken_line).exclude(removed=[])
    numbers = [one[0] for removed in rows.values_list("removed", flat=True) for one in removed or ()]
    return PlotAddress.objects.filter(paci_number__in=numbers).exclude(plot__load=file)


def _is_used(plots: QuerySet[Plot]) -> bool:
    """Whether a row of another table, such as an opinion or a contest, refers to one of these plots."""
    for relation in Plot._meta.get_fields(include_hidden=True):
        model: Any = relation.related_model
        if not relation.auto_created or relation.concrete or model in _OWN:
            continue
        if model._default_manager.filter(**{f"{relation.field.name}__in": plots}).exists():  # type: ignore[union-attr]
            return True
    return False


def _corrected(file: ImportFile) -> QuerySet[PlotRow]:
    """The rows whose official area was written to a plot that stays."""
    changed = PlotRow.objects.filter(file=file, outcome="change", is_renumbered=False, line__lte=file.taken_line)
    return changed.exclude(official_area=F("official_before")).filter(Q(official_area__isnull=False))


def _undo_batch(undo: LoadUndo, size: int) -> bool:
    """Undo the next lines and record it. Returns whether more lines follow."""
    file, taken = undo.file, (LineOutcome.ADD, LineOutcome.CHANGE, LineOutcome.SAME)
    lines = PlotRow.objects.filter(file=file, line__gt=undo.undone_line, line__lte=undo.file.taken_line, outcome__in=taken)
    rows = list(lines.defer("geometry", "original").order_by("line")[:size])
    has_more, first, last = len(rows) == size, rows[0].line if rows else 0, rows[-1].line if rows else undo.undone_line
    counts = _undo(file, rows)
    undo.undone_line, undo.done_at = last, None if has_more else clock.now()
    LoadUndo.objects.filter(pk=undo.pk).update(undone_line=last, done_at=undo.done_at)
    ImportFile.objects.filter(pk=file.pk).update(ended_at=undo.done_at)
    record("plots.undone", subject=file.key, actor=system("zoning"), data={"first_line": first, "last_line": last, **counts})
    return has_more


def _undo(file: ImportFile, rows: Sequence[PlotRow]) -> dict[str, int]:
    """Undo what some lines of a load brought. Returns counts."""
    present = plots_of({(row.area_id or 0, row.block, row.plot_number) for row in rows})
    plots = [one.plot.pk for one in present.values()]
    new = Plot.objects.filter(load=file, pk__in=plots)
    before = list(PlotSuccession.objects.filter(successor__in=new).values_list("successor", "predecessor"))
    former = [old for _new, old in before]
    PlotAddress.objects.filter(load=file, paci_number__in=[one for row in rows for one in row.paci]).delete()  # also where they went on to
    for successor, predecessor in before:
        PlotAddress.objects.filter(plot=successor).update(plot=predecessor)
    for plot, numbers in (one for row in rows for one in row.former or ()):
        PlotAddress.objects.filter(paci_number__in=numbers).update(plot=plot)
    _restore_addresses(rows)
    shapes = PlotShape.objects.filter(load=file, plot__in=plots).update(valid_to=F("valid_from"))
    counts = {"plots": new.update(valid_to=F("valid_from")), "shapes": shapes}
    PlotShape.objects.filter(not_undone(), plot__in=former, valid_to=F("plot__valid_to")).update(valid_to=None)
    Plot.objects.filter(pk__in=former).update(valid_to=None)
    changed = [row for row in rows if row.outcome == LineOutcome.CHANGE]
    ending = [row.compared_id for row in changed if row.compared_id and (row.has_new_shape or row.is_renumbered)]
    PlotShape.objects.filter(pk__in=ending).update(valid_to=None)
    corrected = _corrected(file).filter(pk__in=[row.pk for row in changed]).values_list("plot", "official_before")
    Plot.objects.bulk_update([Plot(pk=plot, official_area=area) for plot, area in corrected], ["official_area"], batch_size=400)
    refresh_outlines(Area.objects.filter(pk__in={one.plot.area_id for one in present.values()}))
    return counts


def _restore_addresses(rows: Sequence[PlotRow]) -> None:
    """Give plots back the PACI numbers that some lines removed, except those of a load that was undone since."""
    removed = [
        PlotAddress(plot_id=row.plot_id or 0, paci_number=one, street=street, building=building, load_id=load)
        for row in rows
        for one, street, building, load in row.removed or ()
    ]
    undone = set(LoadUndo.objects.filter(done_at__isnull=False, file__in={one.load_id for one in removed}).values_list("file", flat=True))
    kept = set(PlotAddress.objects.filter(paci_number__in=[one.paci_number for one in removed]).values_list("paci_number", flat=True))
    PlotAddress.objects.bulk_create(one for one in removed if one.load_id not in undone and one.paci_number not in kept)

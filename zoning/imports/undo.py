"""Undoing a load as a whole: one person asks for it with a reason, a second one of the planners allows it.

Nothing is deleted but PACI numbers that the load brought: its plots and shapes end on the day on which they began, so that they hold on
no day, and what the load had closed is open again. The register then answers for every day as before the load.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.places.models import Area
from zoning.imports.roles import CLERK, PLANNER, require_group
from zoning.maps.services import refresh_outlines
from zoning.models import LoadUndo, Plot, PlotAddress, PlotExtract, PlotRow, PlotShape, PlotSuccession

MIN_REASON = 10  # letters
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
def allow(*, undo: LoadUndo, allowed_by: User) -> dict[str, int]:
    """Undo a load. Returns counts. Raises NotPermitted (role, same person), Refused: done, not_loaded, built_on."""
    row = _locked(undo)
    require_group(allowed_by, PLANNER)
    if row.asked_by_id == allowed_by.pk:
        raise NotPermitted("same_person", _("The person who asked for it cannot allow it. A second person must."))
    file = ImportFile.objects.select_for_update(of=("self",)).get(pk=row.file_id)
    _check_undoable(file)
    counts = _counts(file)
    data = {"undo": row.public_id, "asked_by": row.asked_by.key, **counts}
    event = record("plots.undone", subject=file.key, actor=Actor(PLANNER, allowed_by.key), data=data, text=row.reason)
    LoadUndo.objects.filter(pk=row.pk).update(allowed_by=allowed_by, event=event)
    try:
        with transaction.atomic():
            _undo(file)
    except IntegrityError as error:  # a number that is free after the load was given away since
        raise _built_on() from error
    LoadUndo.objects.filter(pk=row.pk).update(done_at=clock.now())
    return counts


def _locked(undo: LoadUndo) -> LoadUndo:
    row = LoadUndo.objects.select_for_update(of=("self",)).select_related("file", "asked_by").get(pk=undo.pk)
    if row.done_at is not None or row.refused_at is not None:
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
    for relation in Plot._meta.related_objects:
        model: Any = relation.related_model
        if model not in _OWN and model._default_manager.filter(**{f"{relation.field.name}__in": plots}).exists():
            raise _built_on()


def _corrected(file: ImportFile) -> QuerySet[PlotRow]:
    """The rows whose official area was written to a plot that stays."""
    changed = PlotRow.objects.filter(file=file, outcome="change", is_renumbered=False, line__lte=file.taken_line)
    return changed.exclude(official_area=F("official_before")).filter(Q(official_area__isnull=False))


def _counts(file: ImportFile) -> dict[str, int]:
    return {"plots": Plot.objects.filter(load=file).count(), "shapes": PlotShape.objects.filter(load=file).count()}


def _undo(file: ImportFile) -> None:
    new = Plot.objects.filter(load=file)
    renumbered = PlotSuccession.objects.filter(successor__load=file)
    before = dict(renumbered.values_list("successor", "predecessor"))
    PlotAddress.objects.filter(load=file).delete()
    for successor, predecessor in before.items():
        PlotAddress.objects.filter(plot=successor).update(plot=predecessor)
    PlotShape.objects.filter(load=file).update(valid_to=F("valid_from"))
    new.update(valid_to=F("valid_from"))
    Plot.objects.filter(pk__in=renumbered.values("predecessor")).update(valid_to=None)
    ending = PlotRow.objects.filter(Q(has_new_shape=True) | Q(is_renumbered=True), file=file, outcome="change", line__lte=file.taken_line)
    PlotShape.objects.filter(pk__in=ending.values("compared")).update(valid_to=None)
    rows = _corrected(file).values_list("plot", "official_before")
    plots = [Plot(pk=plot, official_area=area) for plot, area in rows]
    Plot.objects.bulk_update(plots, ["official_area"], batch_size=400)
    refresh_outlines(Area.objects.filter(pk__in=set(PlotShape.objects.filter(load=file).values_list("plot__area", flat=True))))

"""Writes released plots: new plots and shapes from today on; what a plot had before is closed on the same day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from municipality.imports.models import ImportFile, LineOutcome
from municipality.imports.registry import Applied
from municipality.jobs.errors import OnHold
from municipality.kernel import clock
from municipality.places.models import Area
from zoning.imports import undo
from zoning.imports.findings import named_plots
from zoning.imports.validation import plots_of
from zoning.maps.services import refresh_outlines
from zoning.models import LoadUndo, Plot, PlotAddress, PlotChange, PlotRow, PlotShape, PlotSuccession

_SHAPE = ("geometry", "original", "west", "south", "east", "north")


def apply(file: ImportFile, rows: Sequence[PlotRow]) -> Applied:
    """Write a batch. A row whose plot is no longer as the dry run found it is left out, and all of a load that was undone.

    Raises OnHold while a load is being undone.
    """
    if undo.is_running():
        raise OnHold("plots", "a load is being undone")
    if LoadUndo.objects.filter(file=file, done_at__isnull=False).exists():
        return Applied(left_out=[row.pk for row in rows])
    fitting, left_out = _fitting(file, rows)
    new = [row for row in fitting if row.plot_id is None or row.is_renumbered]
    changed = [row for row in fitting if row.outcome == LineOutcome.CHANGE]
    plots = _new_plots(file, new)
    plots |= {row.pk: row.plot_id for row in fitting if row.pk not in plots}
    _renumber(file, [row for row in changed if row.is_renumbered], plots)
    _succeed(file, [row for row in fitting if row.former_plots], plots)
    _reshape(file, [row for row in fitting if row.pk in plots and (row in new or row.has_new_shape)], plots)
    _correct_areas([row for row in changed if not row.is_renumbered and row.official_area != row.official_before])
    for row in fitting:
        if row.removed:  # where it is still that of the plot
            PlotAddress.objects.filter(plot=plots[row.pk], paci_number__in=[one[0] for one in row.removed]).delete()
    numbers = [one for row in fitting for one in row.paci]
    known = set(PlotAddress.objects.filter(paci_number__in=numbers).values_list("paci_number", flat=True))
    PlotAddress.objects.bulk_create(
        PlotAddress(plot_id=plots[row.pk], paci_number=one, load=file) for row in fitting for one in row.paci if one not in known
    )
    refresh_outlines(Area.objects.filter(pk__in={row.area_id for row in fitting if row in new or row.has_new_shape}))
    same = sum(row.outcome == LineOutcome.SAME for row in fitting)
    return Applied(
        added=len(fitting) - len(changed) - same,
        changed=len(changed),
        confirmed=same,
        left_out=left_out,
        facts={"renumbered": sum(row.is_renumbered for row in changed)},
    )


def _fitting(file: ImportFile, rows: Sequence[PlotRow]) -> tuple[list[PlotRow], list[int]]:
    """The rows that the register still fits, and the keys of the others."""
    today = clock.today()
    present = plots_of({(row.area_id or 0, row.block, row.plot_number) for row in rows})
    old = {row.compared_id for row in rows if row.is_renumbered and row.compared_id}
    current = set(PlotShape.objects.filter(pk__in=old, valid_to__isnull=True, plot__valid_to__isnull=True).values_list("pk", flat=True))
    holders = dict(PlotAddress.objects.filter(paci_number__in=[one for row in rows for one in row.paci]).values_list("paci_number", "plot"))
    begun = dict(PlotShape.objects.filter(pk__in=[row.compared_id for row in rows]).values_list("pk", "valid_from"))
    standing, named = _standing(file, rows, today), named_plots(file.pk, {row.plot_id for row in rows if row.is_renumbered and row.plot_id})
    fitting, left_out, ended, taken = [], [], set[int](), set[str]()
    for row in rows:
        now = present.get((row.area_id or 0, row.block, row.plot_number))
        if row.is_renumbered:
            fits = now is None and row.compared_id in current and row.plot_id not in ended | named
        elif row.plot_id is None:
            fits = now is None and row.former_plots <= standing
        else:
            found = (now.plot.pk, now.shape.pk if now.shape else None, now.plot.official_area) if now else None
            fits = found == (row.plot_id, row.compared_id, row.official_before) and row.plot_id not in ended
        # A shape that begins today cannot end today: it would have been valid on no day.
        ends_shape = row.compared_id is not None and (row.has_new_shape or row.is_renumbered)
        fits = fits and not (ends_shape and begun[row.compared_id] >= today)  # type: ignore[index]
        fits = fits and all(holders.get(one, row.plot_id) in {row.plot_id, *row.former_plots} and one not in taken for one in row.paci)
        if not fits:
            left_out.append(row.pk)
            continue
        fitting.append(row)
        taken |= set(row.paci)
        if row.is_renumbered and row.plot_id is not None:
            ended.add(row.plot_id)
    return fitting, left_out


def _standing(file: ImportFile, rows: Sequence[PlotRow], today: dt.date) -> set[int]:
    """The former plots of some rows that can end today, were ended by their load already, or do not end."""
    former = {plot for row in rows for plot in row.former_plots}
    begun = Q(valid_from__lt=today, plot__valid_from__lt=today, valid_to__isnull=True, plot__valid_to__isnull=True)
    found: set[int] = set(PlotShape.objects.filter(begun, plot__in=former).values_list("plot", flat=True))
    by_load = PlotSuccession.objects.filter(predecessor__in=former, successor__load=file)
    staying = Plot.objects.filter(pk__in=named_plots(file.pk, former), valid_to__isnull=True)
    return {*found, *by_load.values_list("predecessor", flat=True), *staying.values_list("pk", flat=True)}


def _new_plots(file: ImportFile, rows: Sequence[PlotRow]) -> dict[int, Any]:
    """The keys of the new plots, by that of their row."""
    plots = Plot.objects.bulk_create(
        Plot(
            area_id=row.area_id or 0,  # only rows with errors have none
            block=row.block,
            number=row.plot_number,
            official_area=row.official_area,
            valid_from=clock.today(),
            load=file,
        )
        for row in rows
    )
    return {row.pk: plot.pk for row, plot in zip(rows, plots, strict=True)}


def _renumber(file: ImportFile, rows: Sequence[PlotRow], plots: dict[int, Any]) -> None:
    """End the plots that had another number, with their successors; their addresses pass to these."""
    today = clock.today()
    if not rows:
        return
    Plot.objects.filter(pk__in=[row.plot_id for row in rows]).update(valid_to=today)
    change = PlotChange.objects.create(
        kind=PlotChange.Kind.NUMBER, day=today, instrument_ar=f"ملف القسائم {file.name}", instrument_en=f"File of plots {file.name}"
    )
    PlotSuccession.objects.bulk_create(
        PlotSuccession(change=change, predecessor_id=row.plot_id or 0, successor_id=plots[row.pk]) for row in rows
    )
    for row in rows:
        PlotAddress.objects.filter(plot=row.plot_id).update(plot=plots[row.pk])


def _succeed(file: ImportFile, rows: Sequence[PlotRow], plots: dict[int, Any]) -> None:
    """Split and merge: former plots end unless the file names them too, and their PACI numbers go to the new plots that it gives them."""
    today, former = clock.today(), {plot for row in rows for plot in row.former_plots}
    texts = {"instrument_ar": f"ملف القسائم {file.name}", "instrument_en": f"File of plots {file.name}"}
    for kind, is_merger in ((PlotChange.Kind.SPLIT, False), (PlotChange.Kind.MERGER, True)):
        pairs = [(row, plot) for row in rows for plot in sorted(row.former_plots) if (len(row.former_plots) > 1) == is_merger]
        if pairs:
            change = PlotChange.objects.create(kind=kind, day=today, **texts)
            PlotSuccession.objects.bulk_create(
                PlotSuccession(change=change, predecessor_id=old, successor_id=plots[row.pk]) for row, old in pairs
            )
    ending = Plot.objects.filter(pk__in=former - named_plots(file.pk, former), valid_to__isnull=True)
    PlotShape.objects.filter(plot__in=ending, valid_to__isnull=True).update(valid_to=today)
    ending.update(valid_to=today)
    for row in rows:
        PlotAddress.objects.filter(paci_number__in=row.paci, plot__in=row.former_plots).update(plot=plots[row.pk])


def _reshape(file: ImportFile, rows: Sequence[PlotRow], plots: dict[int, Any]) -> None:
    today = clock.today()
    PlotShape.objects.filter(pk__in=[row.compared_id for row in rows if row.compared_id]).update(valid_to=today)
    PlotShape.objects.bulk_create(
        PlotShape(plot_id=plots[row.pk], valid_from=today, load=file, system=file.encoding, **{name: getattr(row, name) for name in _SHAPE})
        for row in rows
    )


def _correct_areas(rows: Sequence[PlotRow]) -> None:
    Plot.objects.bulk_update([Plot(pk=row.plot_id, official_area=row.official_area) for row in rows], ["official_area"], batch_size=400)

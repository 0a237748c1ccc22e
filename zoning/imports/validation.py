"""Compares plots of a file with the register, without effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import shapely

from municipality.imports.models import ImportFile, LineOutcome
from municipality.imports.registry import Checked, Row
from municipality.kernel import arabic
from municipality.kernel.digits import clean
from municipality.kernel.sheets import text_of
from municipality.places.models import Area
from zoning.geometry import boxes, shapes
from zoning.geometry.shapes import BadShape, Kept
from zoning.models import Plot, PlotAddress, PlotShape, PlotSuccession
from zoning.plots.numbers import normal_number
from zoning.plots.queries import MOST_GENERATIONS

SAME_WITHIN = 2e-7  # degrees, two centimetres: what two transformations of one outline may differ by
MAX_AREA = 10**12  # hundredths of a square metre; the whole country has less than twice that
MAX_LIST = 2000  # letters of a cell with several numbers
_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z/-]*")
_BLOCK = re.compile(r"[0-9A-Z]{1,10}")
_PACI = re.compile(r"[0-9]{8}")
_NONE = re.compile(r"\bnone\b|\bلا\s+يوجد\b", re.IGNORECASE)
_Key = tuple[int, str, str]  # area, block, number


@dataclass
class _Candidate:
    """A row while it is compared."""

    line: int
    problems: list[list[str]] = field(default_factory=list)
    area: Area | None = None
    block: str = ""
    number: str = ""
    official: int | None = None
    paci: list[str] = field(default_factory=list)
    has_no_other: bool = False  # PACI number than those that it names
    former: list[str] = field(default_factory=list)
    kept: Kept | None = None

    @property
    def key(self) -> _Key:
        return (self.area.pk if self.area else 0, self.block, self.number)

    @property
    def former_keys(self) -> list[_Key]:
        """Of the plots that it comes from, in its own block."""
        return [(*self.key[:2], number) for number in self.former]


@dataclass
class _Present:
    """A plot of the register with its shape and PACI numbers."""

    plot: Plot
    shape: PlotShape | None = None
    paci: set[str] = field(default_factory=set)


def check(file: ImportFile, rows: Sequence[Row]) -> Iterator[Checked]:
    """Compare some rows with the register: new, changed, the same, or wrong with the code of what is wrong."""
    areas = _areas()
    found = [_parsed(line, values, areas, file.encoding) for line, values, _extra in rows]
    good = [row for row in found if not row.problems]
    present = plots_of({key for row in good for key in (row.key, *row.former_keys)})
    renumbered = _renumbered([row for row in good if row.key not in present])
    _forget_known(good, {**renumbered, **present})
    renumbered = {row.key: renumbered[row.key] for row in good if row.key in renumbered and not row.former}
    holders = dict(PlotAddress.objects.filter(paci_number__in={one for row in good for one in row.paci}).values_list("paci_number", "plot"))
    held = _held([plot.plot.pk for row in good if row.has_no_other and (plot := present.get(row.key) or renumbered.get(row.key))])
    for row in found:
        former = [present.get(key) for key in row.former_keys]
        yield _compared(row, present.get(row.key), renumbered.get(row.key), former, holders, held)


def _held(plots: Sequence[int]) -> dict[int, list[list[Any]]]:
    """The addresses of some plots, by their keys: PACI number, street, building and the file that brought it."""
    found: dict[int, list[list[Any]]] = {}
    rows = PlotAddress.objects.filter(plot__in=plots).order_by("paci_number")
    for plot, *address in rows.values_list("plot", "paci_number", "street", "building", "load"):
        found.setdefault(plot, []).append(address)
    return found


def _forget_known(rows: Sequence[_Candidate], present: dict[_Key, _Present]) -> None:
    """Take the former plots off rows whose plot, perhaps under another number since, is known to come from them by earlier loads."""
    rows = [row for row in rows if row.former and row.key in present]
    before = _numbers_before({present[row.key].plot.pk for row in rows})
    for row in rows:
        plot = present[row.key].plot
        if set(row.former) <= before[plot.pk] | {plot.number}:
            row.former = []


def _numbers_before(plots: set[int]) -> dict[int, set[str]]:
    """The numbers of all plots that each of these comes from, over several successions."""
    found: dict[int, set[str]] = {plot: set() for plot in plots}
    origins = {plot: {plot} for plot in plots}  # of each plot of a generation, which of `plots` come from it
    for _ in range(MOST_GENERATIONS):
        rows = PlotSuccession.objects.filter(successor__in=origins).values_list("successor", "predecessor", "predecessor__number")
        before: dict[int, set[int]] = {}
        for successor, predecessor, number in rows:
            for plot in origins[successor]:
                found[plot].add(number)
            before.setdefault(predecessor, set()).update(origins[successor])
        if not before:
            break
        origins = before
    return found


def _areas() -> dict[str, list[Area]]:
    """Areas by number and by folded names."""
    areas: dict[str, list[Area]] = {}
    for area in Area.objects.order_by("pk"):
        for name in {str(area.pk), arabic.fold(area.name_ar), arabic.fold(area.name_en)}:
            areas.setdefault(name, []).append(area)
    return areas


def _parsed(line: int, values: dict[str, Any], areas: dict[str, list[Area]], system: str) -> _Candidate:
    row = _Candidate(line)
    _read_area(row, _text(row, "area", values, 80), areas)
    row.block = normal_number(_text(row, "block", values, 20))
    row.number = normal_number(_text(row, "number", values, 40))
    if row.block and not _BLOCK.fullmatch(row.block):
        row.problems.append(["block", "block"])
    if row.number and (len(row.number) > 20 or not _NUMBER.fullmatch(row.number)):
        row.problems.append(["number", "plot_number"])
    row.official = _hundredths(row, values.get("official_area"))
    row.paci = _paci(row, values.get("paci"))
    row.former = _former(row, values.get("former"))
    try:
        row.kept = shapes.take_binary(values["geometry"], system)
    except BadShape as bad:
        row.problems.append(["", bad.code])
    return row


def _text(row: _Candidate, column: str, values: dict[str, Any], most: int) -> str:
    value = values.get(column)
    if isinstance(value, float) and value.is_integer():  # numbers of a shapefile
        value = int(value)
    text, problem = text_of("" if value is None else str(value), most)
    if problem or not text:
        row.problems.append([column, problem or "missing"])
    return text


def _read_area(row: _Candidate, text: str, areas: dict[str, list[Area]]) -> None:
    found = areas.get(arabic.fold(text), []) if text else []
    if text and len(found) != 1:
        row.problems.append(["area", "area_twice" if found else "area"])
    elif found:
        row.area = found[0]


def _hundredths(row: _Candidate, value: Any) -> int | None:
    """Square metres of a cell as hundredths; shapefiles write them as floating point."""
    text = clean("" if value is None else str(round(value, 4) if isinstance(value, float) else value)).strip().replace("٫", ".")
    if not text:
        return None
    try:
        hundredths = Decimal(text) * 100
        if hundredths == int(hundredths) and 0 < hundredths < MAX_AREA:
            return int(hundredths)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    row.problems.append(["official_area", "official_area"])
    return None


def _list(row: _Candidate, column: str, value: Any) -> str:
    """A cell of several numbers; empty where it is too long."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value)
    if len(text) > MAX_LIST:
        row.problems.append([column, "too_long"])
        return ""
    return text


def _paci(row: _Candidate, value: Any) -> list[str]:
    text, none = _NONE.subn("", clean(_list(row, "paci", value)))
    row.has_no_other = none > 0
    numbers = list(dict.fromkeys(one for one in re.split(r"[\s,;،]+", text) if one))
    if not all(_PACI.fullmatch(number) for number in numbers):
        row.problems.append(["paci", "paci"])
        return []
    return numbers


def _former(row: _Candidate, value: Any) -> list[str]:
    numbers = [normal_number(one) for one in re.split(r"[,;،]", _list(row, "former", value)) if one.strip()]
    if not all(len(number) <= 20 and _NUMBER.fullmatch(number) for number in numbers):
        row.problems.append(["former", "plot_number"])
        return []
    return list(dict.fromkeys(numbers))


def plots_of(keys: Iterable[_Key]) -> dict[_Key, _Present]:
    """The present plots of some areas, blocks and numbers, with their present shapes."""
    wanted = set(keys)
    by_block: dict[tuple[int, str], list[str]] = {}
    for area, block, number in wanted:
        by_block.setdefault((area, block), []).append(number)
    found: dict[int, _Present] = {}
    for (area, block), numbers in by_block.items():
        for plot in Plot.objects.filter(area=area, block=block, number__in=numbers, valid_to__isnull=True):
            found[plot.pk] = _Present(plot)
    keys_of = list(found)
    for shape in PlotShape.objects.filter(plot__in=keys_of, valid_to__isnull=True).defer("original"):
        found[shape.plot_id].shape = shape
    for owner, number in PlotAddress.objects.filter(plot__in=keys_of).values_list("plot_id", "paci_number"):
        found[owner].paci.add(number)
    return {(one.plot.area_id, one.plot.block, one.plot.number): one for one in found.values()}


def _renumbered(rows: list[_Candidate]) -> dict[_Key, _Present]:
    """By the key of a new row the present plot that has its very outline under another number of the same area."""
    found: dict[_Key, _Present] = {}
    groups: dict[tuple[int, str], list[_Candidate]] = {}
    for row in rows:
        groups.setdefault(row.key[:2], []).append(row)
    for (area, _), group in groups.items():
        bounds = np.array([row.kept.shape.bounds for row in group if row.kept])
        box = (*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))
        current = PlotShape.objects.filter(valid_to__isnull=True, plot__area=area, plot__valid_to__isnull=True)
        near = list(boxes.meeting(current, box).select_related("plot").defer("original"))
        if not near:
            continue
        theirs = np.array([[one.west, one.south, one.east, one.north] for one in near])
        for row, own in zip(group, bounds, strict=True):
            for index in np.flatnonzero(np.abs(theirs - own).max(axis=1) < SAME_WITHIN * 2):
                one = near[index]
                if row.kept and is_same(row.kept.shape, one):
                    found[row.key] = _Present(one.plot, one)
    return found


def is_same(shape: Any, other: PlotShape) -> bool:
    """Whether two outlines differ by less than SAME_WITHIN everywhere."""
    return bool(shapely.hausdorff_distance(shape, other.shape) < SAME_WITHIN)


def _compared(
    row: _Candidate,
    present: _Present | None,
    renumbered: _Present | None,
    former: Sequence[_Present | None],
    holders: dict[str, int],
    held: dict[int, list[list[Any]]],
) -> Checked:
    area, block, number = row.key
    checked = Checked(row.line, f"{area}-{block}-{number}" if area and block and number else "", problems=row.problems)
    if row.problems or row.area is None or row.kept is None:
        return checked
    compared = present or renumbered
    own = compared.plot.pk if compared else None
    known = [one for one in former if one is not None]
    if former and (present is not None or len(known) < len(former)):
        row.problems.append(["former", "former_of_old" if present is not None else "former"])
        return checked
    if not {holders.get(one, own) for one in row.paci} <= {own, *(one.plot.pk for one in known)}:
        row.problems.append(["paci", "paci_elsewhere"])
        return checked
    is_reshaped = compared is not None and (compared.shape is None or not is_same(row.kept.shape, compared.shape))
    official = row.official if row.official is not None or compared is None else compared.plot.official_area
    removed = [one for one in held.get(own, ()) if one[0] not in row.paci] if own and row.has_no_other else []
    if compared is not None:
        has_other_paci = bool(removed) or not set(row.paci) <= compared.paci
        is_changed = renumbered is not None or is_reshaped or official != compared.plot.official_area or has_other_paci
        checked.outcome = LineOutcome.CHANGE if is_changed else LineOutcome.SAME
    west, south, east, north = row.kept.shape.bounds
    checked.values = {
        "area": row.area,
        "block": block,
        "plot_number": number,
        "official_area": official,
        "official_before": compared.plot.official_area if compared else None,
        "paci": row.paci,
        "removed": removed,
        "former": [[one.plot.pk, sorted(one.paci)] for one in known],
        "plot": compared.plot if compared else None,
        "compared": compared.shape if compared else None,
        "has_new_shape": is_reshaped,
        "is_renumbered": renumbered is not None,
        "was_repaired": row.kept.was_repaired,
        "geometry": shapes.write(row.kept.shape),
        "original": row.kept.original,
        **dict(zip(("west", "south", "east", "north"), (west, south, east, north), strict=True)),
    }
    return checked

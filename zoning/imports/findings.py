"""What lies between the plots of a file, block by block as it would be after the load: overlaps, gaps, and plots the file does not name."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import shapely
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from shapely.geometry.base import BaseGeometry

from municipality.imports.models import ImportFile, LineOutcome
from zoning.geometry import boxes, measures, shapes
from zoning.models import Plot, PlotFinding, PlotRow, PlotShape

K = PlotFinding.Kind
MOST_SAVED = 1000  # findings of a kind; all are counted
MOST_IN_BLOCK = 3000  # plots; a true block has some hundred
LEAST_AREA = 0.5  # square metres that count, as in the answers
LEAST_SHARE = 0.001  # of the smaller plot
EDGE = 0.005  # metres at the edge of a plot that are not compared
SECONDS = 30  # for the blocks of a file, within the time limit of the job that reads its last rows
GAP_WIDTH = 1.0  # metres; wider than that a gap is a passage, unless plots enclose it
_GOOD = (LineOutcome.ADD, LineOutcome.CHANGE, LineOutcome.SAME)


@dataclass(frozen=True)
class _Placed:
    """A plot as it would be after the load: its area, block and number, and whether the file has it."""

    area: int
    block: str
    number: str
    is_of_file: bool


def find(file: ImportFile) -> dict[str, int]:
    """Find and save what lies between the plots of every block that the file adds to or changes. Returns the counts by kind.

    Blocks with more than MOST_IN_BLOCK plots, and those for which no time is left, are counted as `unchecked_blocks`.
    """
    counts: Counter[str] = Counter()
    counts["repaired"] = PlotRow.objects.filter(file=file, was_repaired=True).count()
    removed = PlotRow.objects.filter(file=file).exclude(removed=[]).values_list("removed", flat=True)
    counts["paci_removed"] = sum(len(one or ()) for one in removed)
    counts["unchecked_blocks"] = 0
    kept: Counter[str] = Counter()
    deadline = time.monotonic() + SECONDS
    seen: set[frozenset[_Placed]] = set()
    former = former_plots(file)

    def wanted() -> Iterator[PlotFinding]:
        for block in changed_blocks(file):
            if block["plots"] > MOST_IN_BLOCK or time.monotonic() > deadline:
                counts["unchecked_blocks"] += 1
                continue
            for finding in _of_block(file, block, former, seen):
                counts[finding.kind] += 1
                if kept[finding.kind] < MOST_SAVED:
                    kept[finding.kind] += 1
                    yield finding

    found = wanted()
    while batch := list(islice(found, 500)):
        PlotFinding.objects.bulk_create(batch)
    return {**dict.fromkeys(K.values, 0), **counts}


def changed_blocks(file: ImportFile) -> QuerySet[PlotRow, Any]:
    """Areas and blocks that the file adds to or changes, with their box, how many plots it has of each and how many differ."""
    rows = PlotRow.objects.filter(file=file, geometry__isnull=False).values("area", "block")
    edges = {"west": Min("west"), "south": Min("south"), "east": Max("east"), "north": Max("north")}
    counts = {
        "plots": Count("pk"),
        "added": Count("pk", filter=Q(plot__isnull=True)),
        "changed": Count("pk", filter=Q(plot__isnull=False) & ~Q(outcome=LineOutcome.SAME)),
    }
    return rows.annotate(**edges, **counts).filter(Q(added__gt=0) | Q(changed__gt=0)).order_by("area", "block")


def former_plots(file: ImportFile) -> set[int]:
    """The keys of the plots that end because new plots of a file come from them."""
    rows = PlotRow.objects.filter(file=file, outcome__in=_GOOD).exclude(former=[]).exclude(former__isnull=True)
    former = {plot for row in rows.only("former") for plot in row.former_plots}
    return former - named_plots(file.pk, former)


def named_plots(file: int, plots: Collection[int]) -> set[int]:
    """Those of some plots that a file (its key) names by their own number too, whatever came of that line: they do not end."""
    numbers = {str(plot): plot.pk for plot in Plot.objects.filter(pk__in=plots)}  # written as in `PlotRow.number`
    lines = PlotRow.objects.filter(file=file, number__in=numbers).values_list("number", flat=True)
    is_wrong = Q(outcome=LineOutcome.WRONG)  # asked apart: the lines without errors have an index of their numbers
    return {numbers[number] for number in (*lines.filter(~is_wrong), *lines.filter(is_wrong))}


def _of_block(file: ImportFile, block: dict[str, Any], former: set[int], seen: set[frozenset[_Placed]]) -> Iterator[PlotFinding]:
    box = tuple(block[edge] for edge in ("west", "south", "east", "north"))
    middle = (float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2)
    # Of all files, and then those of this one: SQLite would take the index of the file before that of the boxes.
    own = boxes.meeting(PlotRow.objects.filter(outcome__in=_GOOD), box).values_list("file", "area", "block", "plot_number", "geometry")  # type: ignore[arg-type]
    placed = [(_Placed(area, name, number, True), wkb) for of_file, area, name, number, wkb in own if of_file == file.pk]
    named = PlotRow.objects.filter(file=file, outcome__in=_GOOD, plot=OuterRef("plot"))
    present = PlotShape.objects.filter(~Exists(named), valid_to__isnull=True, plot__valid_to__isnull=True)
    others = boxes.meeting(present.exclude(plot__in=former), box)  # type: ignore[arg-type]
    theirs = others.values_list("plot__area", "plot__block", "plot__number", "geometry")
    placed += [(_Placed(area, name, number, False), wkb) for area, name, number, wkb in theirs]
    stretch = measures.metres_per_degree(*middle)
    forms = shapely.transform(shapely.from_wkb([bytes(wkb or b"") for _, wkb in placed]), lambda points: (points - middle) * stretch)
    plots = [one for one, _ in placed]
    facts = {"file": file, "area_id": block["area"], "block": block["block"]}
    for one, metres in zip(plots, shapely.area(forms), strict=True):
        if not one.is_of_file and (one.area, one.block) == (block["area"], block["block"]):
            yield PlotFinding(kind=K.ABSENT, number=one.number, square_metres=round(float(metres), 2), **facts)
    for one, other, metres in _overlaps(plots, forms):
        if frozenset((one, other)) not in seen:
            seen.add(frozenset((one, other)))
            elsewhere = f"{other.block}-{other.number}" if other.block != one.block else other.number
            facts_of_one = {"file": file, "area_id": one.area, "block": one.block}
            yield PlotFinding(kind=K.OVERLAP, number=one.number, other=elsewhere, square_metres=metres, **facts_of_one)
    mine = [index for index, one in enumerate(plots) if (one.area, one.block) == (block["area"], block["block"])]
    ending = PlotShape.objects.filter(plot__in=former, plot__area=block["area"], plot__block=block["block"], valid_to__isnull=True)
    ended = list(ending.values_list("plot__number", "geometry")) if former else []
    outlines = shapely.transform(shapely.from_wkb([bytes(wkb) for _, wkb in ended]), lambda points: (points - middle) * stretch)
    left = [(number, rest) for (number, _), form in zip(ended, outlines, strict=True) if (rest := _left_of(form, forms)) is not None]
    for number, rest in left:
        yield PlotFinding(kind=K.GAP, number=number, square_metres=round(float(rest.area), 2), **facts)
    placed_here = [plots[index] for index in mine] + [_Placed(block["area"], block["block"], number, False) for number, _ in left]
    for beside, metres in _gaps(placed_here, np.array([*forms[mine], *(rest for _, rest in left)])):
        first, second = (*beside, "", "")[:2]
        yield PlotFinding(kind=K.GAP, number=first, other=second, square_metres=metres, **facts)


def _overlaps(plots: Sequence[_Placed], forms: np.ndarray) -> Iterator[tuple[_Placed, _Placed, float]]:
    """Pairs of plots, the first of them of the file, whose common surface counts, with its square metres."""
    inner = shapely.buffer(forms, -EDGE, join_style="mitre")  # neighbours that share an edge are no pair
    first, second = shapely.STRtree(inner).query(inner, predicate="intersects")
    is_of_file = np.array([one.is_of_file for one in plots], dtype=bool)
    once = (first != second) & is_of_file[first] & ((first < second) | ~is_of_file[second])
    first, second = first[once], second[once]
    metres = shapely.area(shapely.intersection(forms[first], forms[second]))
    areas = shapely.area(forms)
    counts = metres > np.maximum(LEAST_AREA, LEAST_SHARE * np.minimum(areas[first], areas[second]))
    for one, other, area in zip(first[counts], second[counts], metres[counts], strict=True):
        yield plots[one], plots[other], round(float(area), 2)


def _left_of(form: BaseGeometry, others: np.ndarray) -> BaseGeometry | None:
    """What no plot takes of one that ends, where it is wider than a gap between neighbours (`_gaps`)."""
    half = GAP_WIDTH / 2
    rest = form.difference(shapely.union_all(others)).buffer(-half, join_style="mitre").buffer(half, join_style="mitre")
    return rest if rest.area > LEAST_AREA else None


def _gaps(plots: Sequence[_Placed], forms: np.ndarray) -> Iterable[tuple[list[str], float]]:
    """Gaps between the plots of a block: the numbers of two plots beside it, and its square metres."""
    if len(plots) < 2:
        return
    union = shapely.union_all(forms)
    half = GAP_WIDTH / 2
    closed = union.buffer(half, join_style="mitre").buffer(-half, join_style="mitre")
    whole = shapely.union_all([closed, *(shapely.Polygon(part.exterior) for part in shapely.get_parts(union))])
    tree = shapely.STRtree(forms)
    for gap in shapely.get_parts(whole.difference(union)):
        if gap.area >= shapes.LEAST_AREA:
            beside = sorted(tree.query(gap.buffer(0.05), predicate="intersects"))
            yield [plots[index].number for index in beside], round(float(gap.area), 2)

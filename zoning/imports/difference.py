"""The difference map of a file: what its load adds, changes and ends; of one block plot by plot, of many blocks as one box each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.db.models import Exists, OuterRef
from shapely.geometry.base import BaseGeometry

from municipality.imports.models import ImportFile, LineOutcome
from municipality.places.models import Area
from zoning.geometry import measures
from zoning.imports.findings import changed_blocks, former_plots
from zoning.models import PlotRow, PlotShape
from zoning.plots.drawing import path_of, round_length

MOST_BLOCKS = 600  # boxes of the overview and rows of its table
MOST_PLOTS = 600  # of the picture of a block
ADDED, CHANGED, GONE, SAME, ABSENT = "added", "changed", "gone", "same", "absent"


@dataclass(frozen=True)
class MapPart:
    """A shape of the map: one of the kinds above, its path in metres, the number that names it, and where its name stands."""

    kind: str
    path: str
    name: str
    x: float
    y: float


@dataclass(frozen=True)
class ChangedBlock:
    """A block with what the file does to it."""

    area: Area
    block: str
    added: int
    changed: int
    plots: int


@dataclass(frozen=True)
class DifferenceMap:
    """`blocks` are those that differ (at most MOST_BLOCKS of `total`); the map shows `shown`, or all of them where it is None."""

    blocks: Sequence[ChangedBlock]
    total: int
    shown: ChangedBlock | None
    view: str
    parts: Sequence[MapPart]
    bar: int
    bar_x: float
    bar_y: float
    text: float
    is_cut: bool


def draw(file: ImportFile, area: str = "", block: str = "") -> DifferenceMap | None:
    """The map of a checked file: of one block, or where it names none an overview; None where the file differs in nothing."""
    found = list(changed_blocks(file)[: MOST_BLOCKS + 1])
    if not found:
        return None
    total = len(found) if len(found) <= MOST_BLOCKS else changed_blocks(file).count()
    areas = Area.objects.in_bulk([row["area"] for row in found])
    rows = {(str(row["area"]), row["block"]): row for row in found[:MOST_BLOCKS]}
    blocks = {key: ChangedBlock(areas[row["area"]], row["block"], row["added"], row["changed"], row["plots"]) for key, row in rows.items()}
    shown = blocks.get((area, block)) or (next(iter(blocks.values())) if len(blocks) == 1 else None)
    drawn = _of_block(file, shown) if shown else _boxes(rows, blocks)
    is_cut = len(drawn) > MOST_PLOTS if shown else total > MOST_BLOCKS
    return _placed(drawn[:MOST_PLOTS], list(blocks.values()), total, shown, is_cut)


def _of_block(file: ImportFile, block: ChangedBlock) -> list[tuple[str, str, BaseGeometry]]:
    """Kind, number and shape of what the picture of a block shows; what is small in number and telling comes last, on top."""
    of_block = {"area": block.area, "block": block.block}
    drawn: list[tuple[str, str, BaseGeometry]] = []
    named = PlotRow.objects.filter(file=file, geometry__isnull=False, plot=OuterRef("plot"))
    current = PlotShape.objects.filter(~Exists(named), plot__area=block.area, plot__block=block.block, valid_to__isnull=True)
    others = current.filter(plot__valid_to__isnull=True).exclude(load=file).select_related("plot").defer("original")
    former = former_plots(file)
    drawn += [(GONE if row.plot_id in former else ABSENT, row.plot.number, row.shape) for row in others[:MOST_PLOTS]]
    rows = PlotRow.objects.filter(file=file, geometry__isnull=False, **of_block).select_related("compared", "plot").defer("original")
    for row in rows.order_by("outcome", "line").reverse()[: MOST_PLOTS + 1]:
        if row.outcome == LineOutcome.SAME:
            drawn.append((SAME, row.plot_number, row.shape))
            continue
        if row.compared is not None and row.plot is not None and (row.has_new_shape or row.is_renumbered):
            drawn.append((GONE, row.plot.number, row.compared.shape))
        drawn.append((CHANGED if row.plot_id else ADDED, row.plot_number, row.shape))
    return drawn


def _boxes(rows: dict[Any, Any], blocks: dict[Any, ChangedBlock]) -> list[tuple[str, str, BaseGeometry]]:
    """Kind, number and box of each block: one whose plots are all new is added."""
    return [
        (
            ADDED if block.added == block.plots else CHANGED,
            block.block,
            shapely.box(*(rows[key][edge] for edge in ("west", "south", "east", "north"))),
        )
        for key, block in blocks.items()
    ]


def _placed(
    drawn: Sequence[tuple[str, str, BaseGeometry]], blocks: Sequence[ChangedBlock], total: int, shown: ChangedBlock | None, is_cut: bool
) -> DifferenceMap:
    """The shapes in metres from their middle; north is up."""
    west, south, east, north = shapely.total_bounds([shape for _, _, shape in drawn])
    centre = np.array([(west + east) / 2, (south + north) / 2])
    stretch = measures.metres_per_degree(*map(float, centre)) * [1, -1]  # the y axis of SVG points down
    moved = [shapely.transform(shape, lambda points: (points - centre) * stretch) for _, _, shape in drawn]
    left, up, right, low = shapely.total_bounds(moved)
    margin = max(right - left, low - up, 20.0) * 0.06
    left, up, wide, high = left - margin, up - margin, right - left + 2 * margin, low - up + 2 * margin
    parts = []
    for (kind, name, _), shape in zip(drawn, moved, strict=True):
        point = shape.representative_point()
        parts.append(MapPart(kind, path_of(shape), name, round(point.x, 1), round(point.y, 1)))
    bar = round_length(wide / 4)
    text = round(max(min(wide / 45, float(np.sqrt(np.median(shapely.area(moved)))) / 3), wide / 200), 2)
    view = f"{left:.1f} {up:.1f} {wide:.1f} {high:.1f}"
    return DifferenceMap(blocks, total, shown, view, parts, bar, round(left + wide * 0.03, 1), round(up + high * 0.98, 1), text, is_cut)

"""What a pending version changes: how many present plots have another code than under the version that it follows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from municipality.kernel import clock
from zoning.answer.rules import LandPart
from zoning.answer.survey import parts_of
from zoning.geometry import boxes, measures
from zoning.layers.services import version_before
from zoning.models import LayerFeature, LayerVersion, PlotShape
from zoning.plots.queries import period

SECONDS = 8.0  # within the time that the server gives a page
BATCH = 500  # plots compared at once
Codes = tuple[str, ...]  # of a plot, the largest part first; "" is a part without data


@dataclass(frozen=True)
class CodeChange:
    """So many plots have the codes `after` instead of `before`."""

    before: Codes
    after: Codes
    plots: int


@dataclass(frozen=True)
class LayerDifference:
    """`plots` lie near what differs; `compared` of them were compared in the time that there was."""

    changes: Sequence[CodeChange]
    plots: int
    compared: int


def difference(version: LayerVersion, seconds: float = SECONDS) -> LayerDifference:
    """Compare the present plots near every surface that only one of the two versions has."""
    deadline = time.monotonic() + seconds
    after = _surfaces(version)
    before = _surfaces(version_before(version))
    edges = [row for key, row in {**after, **before}.items() if (key in after) != (key in before)]
    if not edges:
        return LayerDifference([], 0, 0)
    tree = shapely.STRtree([row.shape for row in edges])
    present = PlotShape.objects.filter(period(clock.today()), plot__valid_to__isnull=True)
    west, south, east, north = shapely.total_bounds(tree.geometries)
    near = boxes.meeting(present, (west, south, east, north))
    total, compared, counts = near.count(), 0, Counter[tuple[Codes, Codes]]()
    batch: list[bytes] = []
    for geometry in near.order_by("pk").values_list("geometry", flat=True).iterator(BATCH):
        batch.append(bytes(geometry))
        if len(batch) == BATCH or compared + len(batch) == total:
            counts.update(_compared(batch, tree, before.values(), after.values()))
            compared, batch = compared + len(batch), []
            if time.monotonic() > deadline:
                break
    changes = [CodeChange(*codes, plots) for codes, plots in counts.most_common() if codes[0] != codes[1]]
    return LayerDifference(changes, total, compared)


def _surfaces(version: LayerVersion | None) -> dict[tuple[str, bool, bytes], LayerFeature]:
    """The surfaces of a version by code and outline."""
    rows = LayerFeature.objects.filter(version=version).defer("original") if version is not None else []
    return {(row.code, row.is_coverage, bytes(row.geometry)): row for row in rows}


def _compared(
    batch: Sequence[bytes], tree: shapely.STRtree, before: Iterable[LayerFeature], after: Iterable[LayerFeature]
) -> list[tuple[Codes, Codes]]:
    """The codes before and after of the plots of a batch that touch a differing surface."""
    found = shapely.from_wkb(batch)
    plots = found[np.unique(tree.query(found, predicate="intersects")[0])]
    if not len(plots):
        return []
    west, south, east, north = shapely.total_bounds(plots)
    stretch = measures.metres_per_degree(float(west + east) / 2, float(south + north) / 2)
    sides = []
    for rows in (before, after):
        around = [row for row in rows if row.west <= east and row.east >= west and row.south <= north and row.north >= south]
        sides.append([_codes(parts) for parts in parts_of(plots, [around], stretch)])
    return list(zip(*sides, strict=True))


def _codes(parts: Sequence[LandPart]) -> Codes:
    return tuple(part.land_class for part in parts)

"""What setbacks leave of a plot: sides on a street, sides beside neighbours, nothing left."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from zoning.geometry import measures, setbacks

PLACE = np.array([47.97, 29.37])


def rectangle(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """A rectangle of metres round PLACE."""
    stretch = measures.metres_per_degree(*PLACE)
    return shapely.transform(MultiPolygon([box(west, south, east, north)]), lambda points: points / stretch + PLACE)


PLOT = rectangle(0, 0, 20, 30)
NEIGHBOURS = [rectangle(-20, 0, 0, 30), rectangle(20, 0, 40, 30), rectangle(0, 30, 20, 60)]


@pytest.mark.parametrize(
    ("around", "front", "side", "left"),
    [
        (NEIGHBOURS, 3.0, 1.5, (20 - 3) * (30 - 3 - 1.5)),  # the south side is on a street
        (NEIGHBOURS[:2], 3.0, 1.5, (20 - 3) * (30 - 6)),  # also the north side
        ([], 3.0, 1.5, (20 - 6) * (30 - 6)),
        (NEIGHBOURS, 0.0, 1.5, (20 - 3) * (30 - 1.5)),
        (NEIGHBOURS, 0.0, 0.0, 600),
        ([], 10.0, 0.0, 0),
    ],
)
def test_each_side_keeps_its_own_distance(around: list[BaseGeometry], front: float, side: float, left: float) -> None:
    assert measures.area_m2(setbacks.within(PLOT, around, front=front, side=side)) == pytest.approx(left, rel=0.002, abs=0.5)


def test_the_corner_of_a_bent_plot_is_kept_free_too() -> None:
    """Of an L the inner corner has a setback all around it; nothing of the rest is nearer than the distance."""
    bent = shapely.difference(PLOT, rectangle(10, 15, 20, 30))
    left = setbacks.within(bent, [], front=2.0, side=0.0)
    assert measures.distance(left, bent.boundary).metres == pytest.approx(2.0, abs=0.02)

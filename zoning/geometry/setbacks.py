"""What setbacks leave of a plot."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from zoning.geometry import measures

_PROBE = 1.0  # metres outside of a side: land of nobody's plot there is a street
_SHORTEST = 0.5  # metres; shorter sides are joined to the next one


def within(shape: BaseGeometry, around: Sequence[BaseGeometry], *, front: float, side: float) -> BaseGeometry:
    """The part of a plot that is at least `front` metres from its sides on a street and `side` metres from the others (WGS 84).

    A side is on a street where no plot of `around` lies beyond its middle. Empty where nothing is left.
    """
    centre = np.array(shape.centroid.coords[0])
    stretch = measures.metres_per_degree(*centre)

    def metres(one: BaseGeometry) -> BaseGeometry:
        return shapely.transform(one, lambda points: (points - centre) * stretch)

    plot, neighbours = metres(shape), np.array([metres(one) for one in around], dtype=object)
    kept_free: dict[float, list[LineString]] = {}
    for line in _sides(plot):
        kept_free.setdefault(front if _is_on_street(line, plot, neighbours) else side, []).append(line)
    left = plot
    for distance, lines in kept_free.items():
        left = left.difference(shapely.MultiLineString(lines).buffer(distance)) if distance else left
    return shapely.transform(left, lambda points: points / stretch + centre)


def _sides(plot: BaseGeometry) -> list[LineString]:
    """The sides of all outlines, holes too."""
    rings = [ring for part in shapely.get_parts(plot) for ring in (part.exterior, *part.interiors)]
    return [LineString(ends) for ring in rings for ends in pairwise(shapely.simplify(ring, _SHORTEST).coords)]


def _is_on_street(line: LineString, plot: BaseGeometry, neighbours: np.ndarray) -> bool:
    start, end = np.array(line.coords[0]), np.array(line.coords[-1])
    along = (end - start) / max(line.length, 0.01)
    middle, across = (start + end) / 2, np.array([-along[1], along[0]])
    beyond = [shapely.Point(middle + across * step) for step in (_PROBE, -_PROBE)]
    return not any(shapely.intersects(neighbours, point).any() for point in beyond if not plot.contains(point))

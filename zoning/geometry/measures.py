"""Areas and distances on the ellipsoid of WGS 84 (pyproj's geodesic computations)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

_ELLIPSOID = Geod(ellps="WGS84")


def area_m2(shape: BaseGeometry) -> float:
    """Square metres of the polygons of a shape in WGS 84, holes taken out; lines and points have none."""
    parts = [part for part in shapely.get_parts(shapely.get_parts(shape)) if isinstance(part, Polygon)]
    return float(sum(_ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(part))[0] for part in parts))


@dataclass(frozen=True)
class Distance:
    """The shortest way between two shapes: metres, and its two ends (WGS 84)."""

    metres: float
    start: Point
    end: Point


def distance(first: BaseGeometry, second: BaseGeometry) -> Distance:
    """The shortest way between two shapes in WGS 84; 0 metres where they touch.

    The two nearest points are found in a plane whose units are metres at the place, the metres between them on the ellipsoid.
    """
    centre = first.centroid
    stretch = metres_per_degree(centre.x, centre.y)
    nearest = shapely.shortest_line(*(shapely.transform(shape, lambda points: points * stretch) for shape in (first, second)))
    start, end = shapely.get_coordinates(nearest) / stretch
    _, _, metres = _ELLIPSOID.inv(*start, *end)
    return Distance(float(metres), Point(start), Point(end))


def round_down(metres: float) -> float:
    """Metres with one digit, rounded down, so that what is too near never reads as the limit itself."""
    return math.floor(metres * 10 + 1e-6) / 10


def box_around(shape: BaseGeometry, metres: float) -> tuple[float, float, float, float]:
    """West, south, east and north (WGS 84) of a box that holds all within `metres` of a shape."""
    west, south, east, north = shape.bounds
    across, up = metres * 1.01 / metres_per_degree((west + east) / 2, north if north > 0 else south)
    return west - across, south - up, east + across, north + up


@lru_cache(maxsize=1000)
def metres_per_degree(longitude: float, latitude: float) -> np.ndarray:
    """Metres of a degree of longitude and of latitude at a place, from a step of a thousandth."""
    step = 0.0005
    _, _, across = _ELLIPSOID.inv(longitude - step, latitude, longitude + step, latitude)
    _, _, up = _ELLIPSOID.inv(longitude, latitude - step, longitude, latitude + step)
    return np.array([across, up]) / (2 * step)

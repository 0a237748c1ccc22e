"""Invented places on land: points of the demo are moved out of the sea, by the coast that the portal's map draws."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise

from django.conf import settings

FARTHEST = 0.018  # degrees from the centre of an area, about 2 km
_CELL = 0.01  # degrees: points of one strip of this height share the edges that they are compared with
Edge = tuple[float, float, float, float]


@cache
def _edges() -> list[Edge]:
    ground = json.loads((settings.BASE_DIR / "static" / "map" / "kuwait.json").read_text(encoding="utf8"))
    homes = [feature["geometry"]["coordinates"] for feature in ground["land"]["features"] if feature["properties"]["home"]]
    rings = [ring for polygons in homes for polygon in polygons for ring in polygon]
    return [(x, y, u, v) for ring in rings for (x, y), (u, v) in pairwise(ring)]


@cache
def _strip(number: int) -> list[Edge]:
    """The edges that cross a strip of latitudes."""
    south, north = number * _CELL, (number + 1) * _CELL
    return [edge for edge in _edges() if min(edge[1], edge[3]) < north and max(edge[1], edge[3]) >= south]


def is_on_land(latitude: float, longitude: float) -> bool:
    """Whether a point (WGS 84) lies in Kuwait, islands included."""
    crossed = 0
    for x, y, u, v in _strip(int(latitude // _CELL)):
        crossed += (y > latitude) != (v > latitude) and longitude < x + (u - x) * (latitude - y) / (v - y)
    return bool(crossed % 2)


def near(latitude: float, longitude: float, north: float, east: float) -> tuple[float, float]:
    """A point `north` and `east` (degrees, at most FARTHEST) of another one; mirrored or drawn in where that is in the sea."""
    north, east = (max(-FARTHEST, min(FARTHEST, offset)) for offset in (north, east))
    for up, right in ((1, 1), (1, -1), (-1, -1), (-1, 1), (0.3, -0.3), (-0.3, -0.3), (0.1, -0.1), (0, 0)):
        point = round(latitude + up * north, 6), round(longitude + right * east, 6)
        if is_on_land(*point):
            return point
    return latitude, longitude

"""Distances between places, and the order in which they are visited."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
EARTH_METRES = 6_371_008.8
Place = tuple[float, float]  # latitude, longitude; WGS 84


def metres_between(one: Place, other: Place) -> float:
    """The distance of two places in metres on a sphere, by the haversine formula."""
    (lat1, lon1), (lat2, lon2) = ((math.radians(lat), math.radians(lon)) for lat, lon in (one, other))
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(a)))


def route(start: Place, stops: Sequence[tuple[Place, T]]) -> list[tuple[int, T]]:
    """Stops from a start, each time the nearest one that is left, with the metres from the one before."""
    left, here, found = list(stops), start, []
    while left:
        near = min(range(len(left)), key=lambda index: metres_between(here, left[index][0]))
        place, stop = left.pop(near)
        found.append((round(metres_between(here, place)), stop))
        here = place
    return found

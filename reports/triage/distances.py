"""The order in which places are visited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from reports.places import Place, metres_between

T = TypeVar("T")


def route(start: Place, stops: Sequence[tuple[Place, T]]) -> list[tuple[int, T]]:
    """Stops from a start, each time the nearest one that is left, with the metres from the one before."""
    left, here, found = list(stops), start, []
    while left:
        near = min(range(len(left)), key=lambda index: metres_between(here, left[index][0]))
        place, stop = left.pop(near)
        found.append((round(metres_between(here, place)), stop))
        here = place
    return found

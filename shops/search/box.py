"""A rectangle of the map, and the cells of the index that it touches."""

from __future__ import annotations

from typing import NamedTuple

from shops.search.index import CELLS, cell_word

MAX_CELLS = 144  # cells that are searched by their words at most: some 13 by 12 km


class Box(NamedTuple):
    """Edges in degrees (WGS 84), south below north and west before east."""

    south: float
    west: float
    north: float
    east: float

    def __str__(self) -> str:
        return ",".join(f"{edge:.5f}" for edge in self)

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """First and last row, first and last column of its cells, rounded against float errors at the edges."""
        south, west, north, east = (int(round(edge * CELLS, 6)) for edge in self)
        return south, north, west, east

    def holds(self, north: int, east: int) -> bool:
        """Whether it touches a cell."""
        first, last, left, right = self.edges
        return first <= north <= last and left <= east <= right


def cell_words(box: Box) -> list[str]:
    """The filter words of the cells that a box touches; empty for more than MAX_CELLS."""
    first, last, left, right = box.edges
    if (last - first + 1) * (right - left + 1) > MAX_CELLS:
        return []
    return [cell_word(north, east) for north in range(first, last + 1) for east in range(left, right + 1)]

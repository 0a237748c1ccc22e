"""What of the search stands on a map: far out how many shops lie together, near by each of them. Read from the index alone.

How many lie in a cell of the map is the count of the cell's word, an estimate renewed at night; a map of a million shops is a few
thousand such counts. What is asked by name or filter, and what lies near by, is asked of the search: at most its 200, and the page says
that more fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from municipality.places.models import Area
from shops.search.box import Box, words_of
from shops.search.engines import WINDOW
from shops.search.index import CELLS
from shops.search.queries import SearchQuery, SearchResult, ask
from shops.search.ranking import distance
from shops.search.vocabulary import counted_cells

GRID = 10  # clusters in each direction at most


@dataclass(frozen=True)
class Cluster:
    """About so many shops around a place; `box` is the part of the map that they lie in."""

    latitude: float
    longitude: float
    count: int
    box: Box
    around: Area | None


@dataclass
class MapContent:
    """What a map shows: clusters, or the shops of an answer. `count` is an estimate where there are clusters."""

    clusters: list[Cluster] = field(default_factory=list)
    answer: SearchResult = field(default_factory=SearchResult)

    @property
    def count(self) -> int:
        return sum(cluster.count for cluster in self.clusters)


def look(asked: SearchQuery) -> MapContent:
    """What the map shows of a question and its box. Raises as `ask` does."""
    is_wide = asked.box is None or not words_of(asked.box)
    if is_wide and replace(asked, box=None).is_empty:
        return MapContent(clusters=_clusters(asked.box))
    return MapContent(answer=ask(replace(asked, size=WINDOW, after="")))


def _clusters(box: Box | None) -> list[Cluster]:
    """Cells with shops, gathered into at most GRID × GRID squares, the fullest first; two queries."""
    cells = [(north, east, count) for north, east, count in counted_cells() if box is None or box.holds(north, east)]
    if not cells:
        return []
    norths, easts = [cell[0] for cell in cells], [cell[1] for cell in cells]
    step = -(-max(max(norths) - min(norths) + 1, max(easts) - min(easts) + 1) // GRID)
    squares: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for north, east, count in cells:
        squares.setdefault((north // step, east // step), []).append((north, east, count))
    areas = list(Area.objects.filter(latitude__isnull=False, longitude__isnull=False).order_by("pk"))
    return sorted((_cluster(square, areas) for square in squares.values()), key=lambda one: (-one.count, one.latitude, one.longitude))


def _cluster(cells: Sequence[tuple[int, int, int]], areas: Sequence[Area]) -> Cluster:
    count = sum(cell[2] for cell in cells)
    latitude, longitude = (sum((cell[axis] + 0.5) * cell[2] for cell in cells) / count / CELLS for axis in (0, 1))
    low, high = ([edge(cell[axis] for cell in cells) / CELLS for axis in (0, 1)] for edge in (min, max))
    box = Box(low[0], low[1], high[0] + 0.999 / CELLS, high[1] + 0.999 / CELLS)
    around = min(areas, key=lambda area: distance((latitude, longitude), area) or 0.0, default=None)
    return Cluster(latitude, longitude, count, box, around)

"""The search results on a map: clusters when zoomed out, shops when zoomed in. Reads the index only.

The number of shops of a cell is the count of its word, an estimate renewed at night. A query with text or filters, or of a small
rectangle, is a search with at most WINDOW shops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from municipality.places.models import Area
from shops.search.box import Box, cell_words
from shops.search.engines import WINDOW
from shops.search.index import CELLS
from shops.search.queries import SearchQuery, SearchResult, search_shops
from shops.search.ranking import distance
from shops.search.vocabulary import counted_cells

GRID = 10  # clusters in each direction at most


@dataclass(frozen=True)
class Cluster:
    """An estimated number of shops around a point; `box` contains them. `around` is the nearest area, another one for each cluster
    unless all have the same.
    """

    latitude: float
    longitude: float
    count: int
    box: Box
    around: Area | None


@dataclass
class MapContent:
    """Clusters, or the shops of an answer. `count` is an estimate for clusters."""

    clusters: list[Cluster] = field(default_factory=list)
    answer: SearchResult = field(default_factory=SearchResult)

    @property
    def count(self) -> int:
        return sum(cluster.count for cluster in self.clusters)


def map_content(query: SearchQuery) -> MapContent:
    """The map of a query and its box. Raises as `search_shops` does."""
    is_wide = query.box is None or not cell_words(query.box)
    if is_wide and replace(query, box=None).is_empty:
        return MapContent(clusters=_clusters(query.box))
    return MapContent(answer=search_shops(replace(query, size=WINDOW, after="")))


def _clusters(box: Box | None) -> list[Cluster]:
    """Cells with shops, grouped into at most GRID × GRID squares and by the nearest area, the largest first; two queries."""
    cells = [(north, east, count) for north, east, count in counted_cells() if box is None or box.holds(north, east)]
    if not cells:
        return []
    norths, easts = [cell[0] for cell in cells], [cell[1] for cell in cells]
    step = -(-max(max(norths) - min(norths) + 1, max(easts) - min(easts) + 1) // GRID)
    squares: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for north, east, count in cells:
        squares.setdefault((north // step, east // step), []).append((north, east, count))
    areas = list(Area.objects.filter(latitude__isnull=False, longitude__isnull=False).order_by("pk"))
    nearest = [(_nearest(square, areas), square) for square in squares.values()]
    groups: dict[Area | None, list[tuple[int, int, int]]] = {}
    for around, square in nearest:
        groups.setdefault(around, []).extend(square)
    # Within one area the squares stay apart: one cluster would lead to itself.
    clusters = [_cluster(square, around) for around, square in (groups.items() if len(groups) > 1 else nearest)]
    return sorted(clusters, key=lambda cluster: (-cluster.count, cluster.latitude, cluster.longitude))


def _middle(cells: Sequence[tuple[int, int, int]]) -> tuple[float, float]:
    """Latitude and longitude of the middle of the shops."""
    count = sum(cell[2] for cell in cells)
    latitude, longitude = (sum((cell[axis] + 0.5) * cell[2] for cell in cells) / count / CELLS for axis in (0, 1))
    return latitude, longitude


def _nearest(cells: Sequence[tuple[int, int, int]], areas: Sequence[Area]) -> Area | None:
    middle = _middle(cells)
    return min(areas, key=lambda area: distance(middle, area) or 0.0, default=None)


def _cluster(cells: Sequence[tuple[int, int, int]], around: Area | None) -> Cluster:
    latitude, longitude = _middle(cells)
    low, high = ([edge(cell[axis] for cell in cells) / CELLS for axis in (0, 1)] for edge in (min, max))
    box = Box(low[0], low[1], high[0] + 0.999 / CELLS, high[1] + 0.999 / CELLS)
    return Cluster(latitude, longitude, sum(cell[2] for cell in cells), box, around)

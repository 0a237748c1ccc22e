"""An invented city without a database: blocks and plots round the true centres of areas, on land, each area turned its own way.

Nothing here is surveyed. Blocks are laid out in rings round the centre, so that a larger city holds a smaller one of the same areas.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
import shapely
from django.conf import settings
from shapely.geometry import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from sandbox.demo.seeds import seeded
from zoning.geometry import measures

BLOCK = np.array([240.0, 165.0])  # metres, along its streets and across them
ROAD = 24.0  # metres between two blocks


@dataclass(frozen=True)
class Pattern:
    """How the plots of a block lie: columns and rows over the block, with a street after every second row."""

    columns: int
    rows: int
    street: float  # metres


# By class of land use. Private plots measure 20 × 22.5 m.
PATTERNS = {
    "PRIVATE": Pattern(12, 6, 15.0),
    "INVESTMENT": Pattern(6, 4, 15.0),
    "COMMERCIAL": Pattern(6, 2, 0.0),
    "INDUSTRIAL": Pattern(8, 4, 20.0),
    "CRAFT": Pattern(12, 4, 15.0),
    "SERVICE": Pattern(4, 2, 0.0),
    "PUBLIC": Pattern(3, 1, 0.0),
}


@dataclass(frozen=True)
class Centre:
    """An area of the city, by the place of its centre (WGS 84)."""

    name: str
    latitude: float
    longitude: float
    is_industrial: bool = False


@dataclass(frozen=True)
class Block:
    """A block with its plots: `plots[i]` has the number `i + 1`. Shapes are WGS 84, longitude before latitude."""

    area: str
    number: str
    use: str
    outline: Polygon
    plots: np.ndarray  # of polygons
    plot_area: float  # square metres of each plot, as it was laid out


def blocks(centres: Sequence[Centre], most: int) -> Iterator[Block]:
    """At most `most` blocks of each area, nearest to its centre first; none in the sea and none nearer to another centre."""
    land = ground()
    shapely.prepare(land)
    places = np.array([[centre.longitude, centre.latitude] for centre in centres])
    for index, centre in enumerate(centres):
        rng = seeded(f"city {centre.name}")
        turn, number = math.radians(rng.uniform(-35, 35)), 0
        for ring, step in enumerate(_spiral(most * 3)):
            outline = _placed(centre, turn, (np.array(step) * (BLOCK + ROAD)) + _CORNERS * BLOCK)
            middle = outline[:4].mean(axis=0)
            nearest = np.argmin((((places - middle) * [math.cos(math.radians(centre.latitude)), 1]) ** 2).sum(axis=1))
            polygon = Polygon(outline)
            if nearest != index or not land.contains(polygon):
                continue
            number += 1
            use = _use(ring, centre, rng)
            rings = _plots(PATTERNS[use])
            sides = np.abs(rings[0, 2] - rings[0, 0])
            placed = _placed(centre, turn, rings + np.array(step) * (BLOCK + ROAD))
            yield Block(centre.name, str(number), use, polygon, shapely.polygons(placed), float(sides.prod()))
            if number == most:
                break


@cache
def ground() -> MultiPolygon:
    """The land of Kuwait with its islands, as the portal's map draws it."""
    base = json.loads((settings.BASE_DIR / "static" / "map" / "kuwait.json").read_text(encoding="utf8"))
    homes = [feature["geometry"] for feature in base["land"]["features"] if feature["properties"]["home"]]
    return shapely.union_all([shapely.from_geojson(json.dumps(home)).buffer(0) for home in homes])


def outlines(centres: Sequence[Centre], reach: float = 0.03) -> dict[str, BaseGeometry]:
    """Of each area the land nearer to its centre than to another one, within `reach` degrees; by name."""
    points = [Point(centre.longitude, centre.latitude) for centre in centres]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=ground().envelope))
    found = {}
    for centre, point in zip(centres, points, strict=True):
        cell = next(cell for cell in cells if cell.contains(point))
        found[centre.name] = cell.intersection(point.buffer(reach)).intersection(ground())
    return found


def _use(ring: int, centre: Centre, rng: Random) -> str:
    """The class of land use of a block by its place from the middle outwards."""
    if centre.is_industrial:
        return ("SERVICE", "CRAFT", "INDUSTRIAL", "INDUSTRIAL", "CRAFT")[ring % 5]
    if ring == 0:
        return "COMMERCIAL"
    if ring in (2, 11):
        return "PUBLIC"
    if ring in (1, 3, 5):
        return "INVESTMENT"
    return "PRIVATE" if rng.random() < 0.9 else rng.choice(["INVESTMENT", "PUBLIC"])


_CORNERS = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]])


@cache
def _plots(pattern: Pattern) -> np.ndarray:
    """The corners of the plots of a block in metres from its middle: one ring of five points each."""
    streets = (pattern.rows - 1) // 2
    deep = (BLOCK[1] - streets * pattern.street) / pattern.rows
    wide = BLOCK[0] / pattern.columns
    rings = []
    for row in range(pattern.rows):
        south = -BLOCK[1] / 2 + row * deep + (row // 2) * pattern.street
        for column in range(pattern.columns):
            west = -BLOCK[0] / 2 + column * wide
            rings.append([[west, south], [west + wide, south], [west + wide, south + deep], [west, south + deep], [west, south]])
    return np.array(rings)


def _placed(centre: Centre, turn: float, metres: np.ndarray) -> np.ndarray:
    """Points in metres from the centre, turned, as longitudes and latitudes."""
    turned = metres @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return np.array([centre.longitude, centre.latitude]) + turned / measures.metres_per_degree(centre.longitude, centre.latitude)


def _spiral(most: int) -> Iterator[tuple[int, int]]:
    """Cells of a grid round its middle, ring after ring."""
    yield 0, 0
    ring, made = 1, 1
    while made < most:
        x, y = ring, -ring
        for across, up in ((0, 1), (-1, 0), (0, -1), (1, 0)):
            for _ in range(2 * ring):
                x, y = x + across, y + up
                yield x, y
                made += 1
        ring += 1

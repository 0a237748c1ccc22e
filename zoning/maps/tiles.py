"""Tiles of the base data: which places a tile covers, and shapes as whole numbers. No database.

A tile is one of the usual square grid of the web (EPSG:3857, x from the west, y from the north). Each level of the data has one grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

Box = tuple[float, float, float, float]
STEP = 1e-6  # degrees; about a tenth of a metre
MOST_ROWS = 3000  # of one tile


@dataclass(frozen=True)
class Level:
    """What is drawn from a zoom of the map on. `grid` is the zoom of its tiles, `tolerance` the simplification in degrees."""

    name: str
    since: int
    grid: int
    tolerance: float


# A tile of plots is some 530 m wide, one of blocks 4 km, one of areas 68 km.
LEVELS = (Level("areas", 7, 9, 2e-4), Level("blocks", 13, 13, 2e-5), Level("plots", 16, 16, 2e-6))


@dataclass(frozen=True)
class Tile:
    """A tile of a level."""

    level: Level
    x: int
    y: int

    @property
    def box(self) -> Box:
        """West, south, east and north in degrees."""
        z = self.level.grid
        return _longitude(z, self.x), _latitude(z, self.y + 1), _longitude(z, self.x + 1), _latitude(z, self.y)


def tile_at(z: int, x: int, y: int) -> Tile | None:
    """The tile of these numbers; None if no level has that grid or the grid no such tile."""
    level = next((level for level in LEVELS if level.grid == z), None)
    return Tile(level, x, y) if level is not None and 0 <= x < 2**z and 0 <= y < 2**z else None


def tile_of(level: Level, longitude: float, latitude: float) -> Tile:
    """The tile of a level in which a point lies."""
    size = 2**level.grid
    up = math.asinh(math.tan(math.radians(latitude)))
    return Tile(level, int((longitude + 180) / 360 * size), int((1 - up / math.pi) / 2 * size))


def packed(tile: Tile, rows: Iterable[tuple[dict[str, Any], BaseGeometry]]) -> dict[str, Any]:
    """The content of a tile: each row with `rings`, lists of x and y in steps from the south-western corner, without the closing point."""
    west, south, east, north = tile.box
    listed = list(rows)[:MOST_ROWS]
    known = [fields for fields, _ in listed]
    shapes = np.array([shape for _, shape in listed], dtype=object)
    if len(shapes):
        meets = shapely.intersects(shapes, shapely.box(west, south, east, north))
        known = [fields for fields, kept in zip(known, meets, strict=True) if kept]
        shapes = shapely.simplify(shapes[meets], tile.level.tolerance)
    corner = np.array([west, south])
    features = [fields | {"rings": _rings(shape, corner)} for fields, shape in zip(known, shapes, strict=True)]
    return {"level": tile.level.name, "west": round(west, 7), "south": round(south, 7), "step": STEP, "features": features}


def _rings(shape: BaseGeometry, corner: np.ndarray) -> Sequence[Sequence[int]]:
    """Outer outlines and holes; filled by the rule of even and odd, so that no order is needed."""
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    return [np.rint((shapely.get_coordinates(ring)[:-1] - corner) / STEP).astype(int).ravel().tolist() for ring in rings]


def _longitude(z: int, x: int) -> float:
    return x / 2**z * 360 - 180


def _latitude(z: int, y: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / 2**z))))

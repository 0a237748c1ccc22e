"""The arithmetic of tiles: their edges, what is no tile, and shapes as whole numbers."""

from __future__ import annotations

import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import Point, box

from zoning.maps.tiles import LEVELS, MOST_ROWS, STEP, Tile, packed, tile_at, tile_of

AREAS, BLOCKS, PLOTS = LEVELS


def test_a_point_lies_in_its_tile_and_neighbours_share_their_edges() -> None:
    for level in LEVELS:
        tile = tile_of(level, 47.97, 29.37)
        assert box(*tile.box).contains(Point(47.97, 29.37))
        east, south = Tile(level, tile.x + 1, tile.y), Tile(level, tile.x, tile.y + 1)
        assert east.box[0] == tile.box[2] and south.box[3] == tile.box[1]


def test_tiles_are_those_of_every_map_of_the_web() -> None:
    plane = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    for longitude, latitude in ((47.97, 29.37), (46.6, 28.6), (48.4, 30.0)):
        x, y = plane.transform(longitude, latitude)
        half = 20037508.342789244
        size = 2 * half / 2**PLOTS.grid
        assert tile_of(PLOTS, longitude, latitude) == Tile(PLOTS, int((x + half) / size), int((half - y) / size))


@pytest.mark.parametrize("numbers", [(8, 0, 0), (17, 0, 0), (16, -1, 0), (16, 0, 2**16), (9, 512, 0), (-1, 0, 0)])
def test_other_numbers_are_no_tile(numbers: tuple[int, int, int]) -> None:
    assert tile_at(*numbers) is None
    assert tile_at(16, 2**16 - 1, 0) is not None


def test_shapes_come_back_within_a_step() -> None:
    tile = tile_of(PLOTS, 47.97, 29.37)
    west, south, *_ = tile.box
    hole = box(west + 0.001, south + 0.001, west + 0.003, south + 0.003).difference(
        box(west + 0.0015, south + 0.0015, west + 0.002, south + 0.002)
    )
    away = box(west + 1, south, west + 1.1, south + 0.1)
    content = packed(tile, [({"id": "a"}, shapely.multipolygons([hole])), ({"id": "b"}, shapely.multipolygons([away]))])
    (feature,) = content["features"]
    assert feature["id"] == "a" and len(feature["rings"]) == 2
    outer, inner = (
        shapely.Polygon([(content["west"] + x * STEP, content["south"] + y * STEP) for x, y in zip(ring[::2], ring[1::2], strict=True)])
        for ring in feature["rings"]
    )
    assert outer.difference(inner).symmetric_difference(hole).area < 5 * STEP * 0.01
    assert all(isinstance(number, int) for ring in feature["rings"] for number in ring)


def test_a_tile_is_simplified_by_its_level_and_bounded() -> None:
    tile = tile_of(AREAS, 47.97, 29.37)
    round_one = shapely.multipolygons([Point(47.97, 29.37).buffer(0.02, quad_segs=100)])
    ((ring,),) = (feature["rings"] for feature in packed(tile, [({}, round_one)])["features"])
    assert len(ring) < 120 < 2 * shapely.get_num_coordinates(round_one)
    assert len(packed(tile, (({}, round_one) for _ in range(MOST_ROWS + 5)))["features"]) == MOST_ROWS

"""The invented city: on land, without overlaps, the same at every call, and larger without moving what was there."""

from __future__ import annotations

import pytest
import shapely

from municipality.places.seeds import read_areas
from sandbox.demo.zoning import city
from zoning.geometry import measures, shapes


@pytest.fixture(scope="module")
def centres() -> list[city.Centre]:
    return [
        city.Centre(f"{row.governorate} {row.name_ar}", row.latitude, row.longitude)
        for row in read_areas()
        if row.latitude is not None and row.longitude is not None
    ]


@pytest.fixture(scope="module")
def blocks(centres: list[city.Centre]) -> list[city.Block]:
    return list(city.blocks(centres, 12))


def test_at_least_twenty_areas_have_blocks_of_several_uses(blocks: list[city.Block]) -> None:
    assert len({block.area for block in blocks}) >= 20
    assert {"PRIVATE", "INVESTMENT", "COMMERCIAL", "PUBLIC"} <= {block.use for block in blocks}
    assert len({(block.area, block.number) for block in blocks}) == len(blocks)


def test_every_plot_lies_on_land_and_can_be_kept(blocks: list[city.Block]) -> None:
    land = city.ground()
    for block in blocks:
        assert land.contains(block.outline), (block.area, block.number)
    for block in blocks[::20]:
        for plot in block.plots:
            assert 100 < measures.area_m2(shapes.take(plot, "wgs84").shape) < 15_000


def test_no_two_plots_overlap(blocks: list[city.Block]) -> None:
    plots = shapely.buffer([plot for block in blocks for plot in block.plots], -1e-7)
    first, second = shapely.STRtree(plots).query(plots, predicate="intersects")
    assert (first == second).all()


def test_a_larger_city_holds_the_smaller_one(centres: list[city.Centre], blocks: list[city.Block]) -> None:
    larger = {(block.area, block.number): block for block in city.blocks(centres[:3], 20)}
    for block in blocks:
        if (found := larger.get((block.area, block.number))) is not None:
            assert found.outline.equals(block.outline) and found.use == block.use


def test_outlines_of_areas_hold_their_centres_and_do_not_overlap(centres: list[city.Centre]) -> None:
    found = city.outlines(centres)
    assert len(found) == len(centres)
    for one in found.values():
        for other in found.values():
            assert one is other or one.intersection(other).area < 1e-9

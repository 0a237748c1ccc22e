"""What layers say about a plot: three standings, shares of a split plot, versions over time, and distances."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pyproj import Geod
from shapely.affinity import translate
from shapely.geometry import box

from tests.factories.zoning import SQUARE, make_layer
from zoning.geometry import measures
from zoning.layers import queries

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 24)
WEST, SOUTH, EAST, NORTH = SQUARE.bounds
AROUND = SQUARE.buffer(0.02)


def only(day: dt.date = TODAY) -> queries.LayerFinding:
    (found,) = queries.findings(SQUARE, day, queries.catalogue())
    return found


def test_a_surface_over_the_plot_applies() -> None:
    make_layer("heritage", ("old", AROUND), covers=AROUND)
    found = only()
    assert found.standing == "applies" and [(one.code, round(one.share, 6)) for one in found.surfaces] == [("old", 1.0)]


def test_a_covered_plot_without_a_surface_is_free_of_the_restriction() -> None:
    make_layer("heritage", ("old", translate(SQUARE, 0.01, 0)), covers=AROUND)
    assert only().standing == "does_not_apply"


def test_without_data_for_the_plot_nothing_is_said() -> None:
    version = make_layer("heritage", ("old", translate(SQUARE, 0.01, 0)), covers=translate(SQUARE, 0.01, 0))
    assert only().standing == "no_data" and only().version == version
    make_layer("flood", covers=AROUND, status="pending", valid_from=dt.date(2027, 1, 1))
    assert {one.standing for one in queries.findings(SQUARE, TODAY, queries.catalogue())} == {"no_data"}


def test_data_for_a_part_of_the_plot_is_not_enough_to_say_no() -> None:
    make_layer("heritage", covers=box(WEST - 0.001, SOUTH - 0.001, (WEST + EAST) / 2, NORTH + 0.001))
    found = only()
    assert found.standing == "no_data" and found.unknown_share == pytest.approx(0.5, abs=0.001)


def test_the_shares_of_a_split_plot_add_up() -> None:
    cut = WEST + 0.63 * (EAST - WEST)
    left, right = box(WEST - 0.01, SOUTH - 0.01, cut, NORTH + 0.01), box(cut, SOUTH - 0.01, EAST + 0.01, NORTH + 0.01)
    make_layer("land", ("PRIVATE", left), ("COMMERCIAL", right), kind="land_use", covers=AROUND)
    found = only()
    assert [(one.code, round(100 * one.share)) for one in found.surfaces] == [("PRIVATE", 63), ("COMMERCIAL", 37)]
    assert 100 * sum(one.share for one in found.surfaces) == pytest.approx(100, abs=0.1)
    assert sum(one.square_metres for one in found.surfaces) == pytest.approx(measures.area_m2(SQUARE), abs=1)


def test_surveyed_land_without_a_class_has_no_data() -> None:
    """A gap of the land use inside what was surveyed is neither a yes nor left out."""
    cut = WEST + 0.4 * (EAST - WEST)
    make_layer("land", ("COMMERCIAL", box(WEST - 0.01, SOUTH - 0.01, cut, NORTH + 0.01)), kind="land_use", covers=AROUND)
    assert [round(one.share, 3) for one in only().surfaces] == [0.4] and only().unknown_share == pytest.approx(0.6, abs=0.001)
    make_layer("heritage", ("old", box(WEST - 0.01, SOUTH - 0.01, cut, NORTH + 0.01)), covers=AROUND)
    assert [one.unknown_share for one in queries.findings(SQUARE, TODAY, queries.catalogue()) if one.layer.pk == "heritage"] == [0.0]


def test_a_sliver_of_two_outlines_does_not_count() -> None:
    make_layer("land", ("PRIVATE", AROUND), ("COMMERCIAL", box(EAST - 1e-8, SOUTH, EAST + 0.01, NORTH)), kind="land_use", covers=AROUND)
    assert [one.code for one in only().surfaces] == ["PRIVATE"]


def test_each_day_has_its_own_version() -> None:
    change = dt.date(2026, 3, 1)
    make_layer("land", ("PRIVATE", AROUND), kind="land_use", covers=AROUND, valid_to=change, status="repealed")
    make_layer("land", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND, valid_from=change)
    assert [one.code for one in only(change - dt.timedelta(days=1)).surfaces] == ["PRIVATE"]
    assert [one.code for one in only(change).surfaces] == ["COMMERCIAL"]
    assert only(dt.date(2009, 1, 1)).standing == "no_data"


def test_an_announced_change_stands_beside_what_applies() -> None:
    make_layer("land", ("PRIVATE", AROUND), kind="land_use", covers=AROUND)
    coming = make_layer("land", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND, status="pending", valid_from=dt.date(2027, 1, 1))
    assert only().pending == coming and [one.code for one in only().surfaces] == ["PRIVATE"]


def test_an_announced_version_that_changes_nothing_here_is_left_out() -> None:
    make_layer("land", ("PRIVATE", AROUND), kind="land_use", covers=AROUND)
    make_layer("land", ("PRIVATE", AROUND), kind="land_use", covers=AROUND, status="pending", valid_from=dt.date(2027, 1, 1))
    assert only().pending is None


def around(layer: str, metres: float) -> queries.Surroundings:
    return queries.surroundings(SQUARE, {layer: metres}, TODAY)[layer]


def test_the_nearest_object_has_its_metres() -> None:
    ellipsoid = Geod(ellps="WGS84")
    near = translate(SQUARE, 0.002, 0)
    make_layer("schools", ("school", near), ("school", translate(SQUARE, 0.004, 0)), kind="objects", covers=AROUND)
    found = around("schools", 400)
    assert found.nearest is not None and found.is_known
    assert found.nearest.distance.metres == pytest.approx(ellipsoid.inv(EAST, SOUTH, WEST + 0.002, SOUTH)[2], abs=0.5)
    assert around("schools", 100) == queries.Surroundings(is_known=True)


def test_around_the_edge_of_the_data_no_object_is_not_known() -> None:
    make_layer("schools", kind="objects", covers=SQUARE.buffer(0.001))
    assert around("schools", 50) == queries.Surroundings(is_known=True)
    assert around("schools", 400) == around("mosques", 400) == queries.Surroundings()


def test_several_layers_take_two_statements(django_assert_num_queries: Any) -> None:
    for layer in ("schools", "mosques", "hospitals"):
        make_layer(layer, ("one", translate(SQUARE, 0.001, 0)), kind="objects", covers=AROUND)
    with django_assert_num_queries(2):
        found = queries.surroundings(SQUARE, {"schools": 200, "mosques": 100, "hospitals": 10}, TODAY)
    assert [one.nearest is not None for one in found.values()] == [True, True, False]

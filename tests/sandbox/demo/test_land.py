"""Invented places lie on land, in the area that their address names."""

from __future__ import annotations

import pytest

from municipality.places.seeds import read_areas
from sandbox.demo import land
from sandbox.demo.shops.large_register import register


def test_every_shop_of_the_register_stands_on_land_near_its_area() -> None:
    for row in register(3000):
        assert land.is_on_land(row.latitude, row.longitude), row.public_id
        if row.area.latitude and row.area.longitude:
            assert max(abs(row.latitude - row.area.latitude), abs(row.longitude - row.area.longitude)) <= land.FARTHEST + 1e-6


def test_every_area_with_a_point_lies_on_land() -> None:
    for area in read_areas():
        if area.latitude and area.longitude:
            assert land.is_on_land(area.latitude, area.longitude), area.name_en


@pytest.mark.parametrize(("north", "east"), [(0.0, 0.02), (0.01, 0.018), (-0.006, 0.03)])
def test_a_place_in_the_sea_is_moved_to_the_shore(north: float, east: float) -> None:
    """East of Salmiya is the gulf: the control is the place itself."""
    latitude, longitude = 29.3339, 48.0761
    assert not land.is_on_land(latitude + north, longitude + 0.03)
    assert land.is_on_land(*land.near(latitude, longitude, north, east))

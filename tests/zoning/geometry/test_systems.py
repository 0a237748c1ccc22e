"""Reference systems: the values of the Municipality's grid at one point, by each transformation."""

from __future__ import annotations

import random

import pytest
from shapely.geometry import Point

from zoning.geometry.measures import distance
from zoning.geometry.systems import SYSTEMS

CITY = Point(47.9774, 29.3759)
# Metres east and north, from the EPSG and ESRI registries; the choice of the transformation moves the point by 5.5 m.
EXPECTED = {
    "kudams-2019": (497780.7, 3250934.1),
    "kudams-1061": (497782.9, 3250929.1),
    "utm38": (789011.1, 3253319.0),
    "utm39": (206599.3, 3253431.8),
}


@pytest.mark.parametrize(("code", "metres"), EXPECTED.items())
def test_a_point_has_the_coordinates_of_the_registries(code: str, metres: tuple[float, float]) -> None:
    found = SYSTEMS[code].from_wgs84(CITY)
    assert (found.x, found.y) == pytest.approx(metres, abs=0.1)


def test_the_control_without_the_change_of_datum_a_point_lies_24_metres_off() -> None:
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4319", "EPSG:31901", always_xy=True).transform(CITY.x, CITY.y)
    assert (x, y) == pytest.approx((497805.9, 3250933.9), abs=0.1)
    assert distance(SYSTEMS["kudams-2019"].to_wgs84(Point(x, y)), CITY).metres == pytest.approx(25.2, abs=1)


@pytest.mark.parametrize("code", list(SYSTEMS))
def test_a_way_there_and_back_ends_within_a_millimetre(code: str) -> None:
    rng = random.Random(1)
    for _ in range(100):
        point = Point(rng.uniform(46.6, 48.5), rng.uniform(28.6, 30.0))
        back = SYSTEMS[code].to_wgs84(SYSTEMS[code].from_wgs84(point))
        assert distance(point, back).metres < 0.001

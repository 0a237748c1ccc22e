"""The shops around a point: a bounding box, then the distance."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from municipality.kernel import clock, guards
from shops.register import queries
from shops.search.ranking import distance
from tests.factories.shops import ShopFactory

pytestmark = pytest.mark.django_db
HERE = (29.3400, 48.0200)


def place(owner: Any, metres_north: float = 0, metres_east: float = 0, **facts: Any) -> Any:
    return ShopFactory(owner=owner, latitude=HERE[0] + metres_north / 111_195, longitude=HERE[1] + metres_east / 96_930, **facts)


def test_nearest_first_with_metres_inside_the_circle(rules: None, owner: Any) -> None:
    far, near, beside = place(owner, 180), place(owner, -30, 20), place(owner, 0, 90)
    place(owner, 250, 0)  # too far
    place(owner, 150, 150)  # inside the box, outside the circle
    ShopFactory(owner=owner, latitude=None, longitude=None)
    found = queries.near(*HERE, metres=200, limit=10)
    assert [shop for shop, _metres in found] == [near, beside, far]
    for shop, metres in found:
        assert abs(metres - (distance(HERE, shop) or 0) * 1000) < 1.5
    assert len(queries.near(*HERE, metres=200, limit=2)) == 2


@pytest.mark.guards
def test_merged_and_closed_ones_are_left_out(rules: None, owner: Any) -> None:
    guards.remove(connection)  # a merge has a row of its own, which does not matter here
    kept = place(owner, 10)
    place(owner, 20, merged_into=kept)
    place(owner, 30, closed_on=clock.today())
    closing = place(owner, 40, closed_on=clock.today() + dt.timedelta(days=1))
    assert [shop for shop, _metres in queries.near(*HERE, metres=200, limit=10)] == [kept, closing]

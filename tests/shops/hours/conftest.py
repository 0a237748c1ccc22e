"""A week that many shops have, and the maker of shops that state one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from shops.hours import services
from shops.models import Shop
from shops.models.week import parse
from tests.factories.accounts import PersonFactory

SPLIT = "Sa-Th 09:00-13:00,16:00-22:00; Fr 16:00-22:00"
NIGHTS = "Sa off; Su-We 18:00-02:00; Th-Fr 18:00-03:30"


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    cache.clear()


@pytest.fixture
def stating(make_shop: Callable[..., Shop]) -> Callable[..., Shop]:
    """A shop of one owner that states its hours."""
    owner = PersonFactory()

    def make(week: str = SPLIT, ramadan: str = "", **facts: Any) -> Shop:
        shop = make_shop(**({"owner": owner, "organisation": None} | facts))
        services.state_hours(shop=shop, person=owner, week=parse(week))
        if ramadan:
            services.state_hours(shop=shop, person=owner, week=parse(ramadan), part="ramadan")
        return Shop.objects.get(pk=shop.pk)

    return make

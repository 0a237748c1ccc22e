"""A small register behind the public interface, with events, an edition of the files and numbered changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.open_data import OPEN_SETS
from municipality.places.models import Area
from municipality.places.seeds import load_places
from municipality.rulebook.seeds import load_activities
from shops.models import Shop
from shops.open_data import feed, writer
from shops.register import events
from shops.register.services import FactChange, change_register
from tests.factories.accounts import OrganisationFactory

TESTS = system("tests")


def publish_all() -> None:
    """Write the files of every set."""
    for key in OPEN_SETS:
        writer.publish(key)


@dataclass
class Register:
    """Shops with which an interface can be asked."""

    shops: list[Shop]
    with_events: Shop


def fill(count: int = 25) -> Register:
    """Make the register: `count` shops, the first of them renamed, moved and suspended."""
    load_places()
    load_activities()
    holder = OrganisationFactory(name_ar="شركة الواجهة", name_en="Interface Company", commercial_register_no="88101")
    area = Area.objects.get(name_ar="السالمية")
    shops = []
    for number in range(count):
        shop = Shop(
            name_ar=f"صالون الموج {number}",
            name_en=f"Al-Mouj Salon {number}" if number % 3 else "",
            activity_id="WSAL",
            organisation=holder,
            branch_id="HA",
            area=area,
            block="4",
            street="12",
            building="30",
            paci_number=f"1033{number:04d}",
            commercial_license_no=f"{number:06d}/2021",
            commercial_license_end=clock.today(),
            facts_source="moci",
            facts_at=clock.now(),
            latitude=29.33 + number / 10_000 if number % 2 else None,
            longitude=48.07 if number % 2 else None,
        )
        shops.append(events.open_shop(shop=shop, source="moci", actor=TESTS))
    changes = [FactChange("trade_name", {"name_ar": "صالون البحر", "name_en": "Sea Salon"}), FactChange("address", {"block": "9"})]
    change_register(shop=shops[0], changes=changes, source="case:1", actor=TESTS)
    events.suspend(shop=shops[0], source="case:2", actor=TESTS)
    return Register(shops, Shop.objects.get(pk=shops[0].pk))


@pytest.fixture
def register(db: Any, store: Path) -> Register:
    cache.clear()
    made = fill()
    feed.compare_slice()
    publish_all()
    return made

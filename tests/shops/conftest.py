"""A small register: places, activities, and a maker of shops that stand in the index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.accounts.models import Organisation
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.places.models import Area
from municipality.places.seeds import load_places
from municipality.rulebook.seeds import load_activities
from shops.models import Shop
from shops.register import events
from tests.factories.accounts import StaffFactory

TESTS = system("tests")


@pytest.fixture
def clerk(db: Any) -> Any:
    """Loads sheets of the register and proposes."""
    return StaffFactory(groups=["register_clerk"], login="clerk")


@pytest.fixture
def keeper(db: Any) -> Any:
    """The second person of the register."""
    return StaffFactory(groups=["register_keeper"], login="keeper")


@pytest.fixture
def make_shop(db: Any) -> Callable[..., Shop]:
    """An open shop in Salmiya; each keyword changes one fact."""
    load_places()
    load_activities()
    holder = Organisation.objects.create(name_ar="شركة السجل", name_en="Register Company", commercial_register_no="88001")
    area = Area.objects.get(name_ar="السالمية")
    made = 0

    def make(**facts: Any) -> Shop:
        nonlocal made
        made += 1
        values: dict[str, Any] = {
            "name_ar": f"صالون الموج {made}",
            "name_en": f"Al-Mouj Salon {made}",
            "activity_id": "WSAL",
            "organisation": holder,
            "branch_id": "HA",
            "area": area,
            "block": "4",
            "street": "12",
            "building": "30",
            "paci_number": f"1022{made:04d}",
            "commercial_license_no": f"{made:06d}/2020",
            "commercial_license_end": clock.today(),
            "facts_source": "moci",
            "facts_at": clock.now(),
        }
        return events.open_shop(shop=Shop(**(values | facts)), source="moci", actor=TESTS)

    return make

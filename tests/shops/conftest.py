"""A small register: places, activities, and a maker of shops that stand in the index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.kernel.actors import system
from municipality.places.seeds import load_places
from municipality.rulebook.seeds import load_activities
from shops.models import Shop
from tests.factories.accounts import OrganisationFactory, StaffFactory
from tests.factories.shops import ShopFactory

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
    holder = OrganisationFactory(name_ar="شركة السجل", name_en="Register Company", commercial_register_no="88001")
    ShopFactory.reset_sequence(1)

    def make(**facts: Any) -> Shop:
        return ShopFactory(registered=True, **({"organisation": holder} | facts))

    return make

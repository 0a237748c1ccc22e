"""What a renewal stands on: places, rules, a person, a shop with a licence that ends soon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.kernel import clock
from municipality.places.seeds import load_places
from municipality.rulebook.seeds import load_activities, seed
from shops.models import Shop
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.licensing import HealthLicenceFactory
from tests.factories.shops import ShopFactory

NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture
def today(db: Any) -> Any:
    """The day is 24 November 2026."""
    with clock.at(NOW):
        yield TODAY


@pytest.fixture
def rules(today: dt.date) -> None:
    """Places and the published rulebook."""
    load_places()
    load_activities()
    seed(StaffFactory(groups=["rule_maker"], login="maker"), StaffFactory(groups=["rule_publisher"], login="publisher"))


@pytest.fixture
def owner(db: Any) -> Any:
    return PersonFactory()


@pytest.fixture
def make_shop(rules: None, owner: Any) -> Callable[..., Shop]:
    """A clean shop of `owner` whose licence ends in 20 days; each keyword changes one fact."""
    ShopFactory.reset_sequence(1)

    def make(*, ends_in: int | None = 20, **facts: Any) -> Shop:
        shop = ShopFactory(**({"owner": owner, "activity_id": municipal_activity(), "unit": "2"} | facts))
        if ends_in is not None:
            HealthLicenceFactory(shop=shop, ends_in=ends_in)
        return shop

    return make


def municipal_activity() -> str:
    from municipality.rulebook.models import Activity

    return str(Activity.objects.exclude(authorities__authority="pafn").order_by("code").values_list("code", flat=True)[0])


def food_activity() -> str:
    from municipality.rulebook.models import ActivityAuthority

    return str(ActivityAuthority.objects.filter(authority="pafn").order_by("activity").values_list("activity", flat=True)[0])

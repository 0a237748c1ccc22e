"""What a renewal stands on: places, rules, a person, a shop with a licence that ends soon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from licensing.models import HealthLicence
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.places.models import Area, Branch
from municipality.places.seeds import load_places
from municipality.rulebook.seeds import load_activities, seed
from shops.models import Shop
from tests.factories.accounts import PersonFactory, StaffFactory

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
    made = 0

    def make(*, ends_in: int | None = 20, **facts: Any) -> Shop:
        nonlocal made
        made += 1
        area = Area.objects.filter(governorate="HA").order_by("pk")[0]
        values: dict[str, Any] = {
            "name_ar": f"صالون الموج {made}",
            "name_en": f"Al Mawj Salon {made}",
            "activity_id": municipal_activity(),
            "owner": owner,
            "branch": Branch.objects.get(pk="HA"),
            "area": area,
            "block": "4",
            "street": "12",
            "building": "30",
            "unit": "2",
            "paci_number": f"1022{made:04d}",
            "commercial_license_no": f"2020/{made:06d}",
            "commercial_license_end": TODAY + dt.timedelta(days=300),
            "facts_source": "moci",
            "facts_at": NOW,
        }
        shop = Shop.objects.create(**(values | facts))
        if ends_in is not None:
            licence(shop, TODAY + dt.timedelta(days=ends_in), f"HLT-HA-2025-{made:06d}-X")
        return shop

    return make


def municipal_activity() -> str:
    from municipality.rulebook.models import Activity

    return str(Activity.objects.exclude(authorities__authority="pafn").order_by("code").values_list("code", flat=True)[0])


def food_activity() -> str:
    from municipality.rulebook.models import ActivityAuthority

    return str(ActivityAuthority.objects.filter(authority="pafn").order_by("activity").values_list("activity", flat=True)[0])


def licence(shop: Shop, last_day: dt.date, number: str) -> HealthLicence:
    """A licence carried over from paper."""
    document = documents.draft(
        kind="health_licence",
        number=number,
        subject=shop.key,
        holder_key=shop.licensee.key if shop.owner else "",
        valid_from=last_day - dt.timedelta(days=364),
        valid_to=last_day,
    )
    transition(document, "carry_over", actor=system("tests"))
    return HealthLicence.objects.create(
        shop=shop, document=document, first_day=document.valid_from, last_day=last_day, registered_facts=shop.registered_facts()
    )

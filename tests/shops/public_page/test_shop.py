"""The page of a shop: its address, and its timeline."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from shops.models import Shop
from shops.register import events
from shops.register.services import FactChange, change_register
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory
from tests.factories.rulebook import publish_rulebook
from tests.shops.conftest import TESTS

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    cache.clear()


def test_an_address_with_an_earlier_name_leads_to_the_present_one(client: Client, make_shop: Make) -> None:
    shop = make_shop(name_ar="صالون الياسمين", name_en="Al-Yasmin Salon")
    old = client.get(f"/en/shops/{shop.public_id}/")["Location"]
    changes = [FactChange("trade_name", {"name_ar": "صالون الزمرد", "name_en": "Al-Zumurrud Salon"}), FactChange("address", {"block": "9"})]
    change_register(shop=shop, changes=changes, source="case:1", actor=TESTS)
    events.close(shop=shop, source="moci", actor=TESTS)
    moved = client.get(old)
    assert moved.status_code == 302 and moved["Location"].endswith("/al-zumurrud-salon/")
    page = client.get(moved["Location"]).content.decode()
    for words in ("Renamed", "Moved", "Closed", "Al-Yasmin Salon", "Opened"):
        assert words in page


@pytest.mark.parametrize(
    ("language", "name_ar", "name_en"), [("ar", "صالون الأناقة", ""), ("en", "صالون", "Al-Anaqa"), ("en", "صالون", ""), ("ar", "★", "")]
)
def test_the_address_of_a_shop_leads_to_its_page_in_one_step(
    client: Client, make_shop: Make, language: str, name_ar: str, name_en: str
) -> None:
    shop = make_shop(name_ar=name_ar, name_en=name_en)
    answer = client.get(f"/{language}/shops/{shop.public_id}/anything/", follow=True)
    assert answer.status_code == 200 and len(answer.redirect_chain) == 1


def test_whoever_does_not_hold_the_shop_finds_how_to_claim_it_with_its_number_filled_in(client: Client, make_shop: Make) -> None:
    publish_rulebook()
    owner = PersonFactory()
    shop = make_shop(owner=owner, organisation=None)
    link, page = f"/en/claims/?number={shop.commercial_license_no}", f"/en/shops/{shop.public_id}/"
    stranger = signed_in(PersonFactory(noura=True))
    assert link in client.get(page, follow=True).content.decode()
    assert link in stranger.get(f"/en/corrections/{shop.public_id}/").content.decode()
    assert f'value="{shop.commercial_license_no}"' in stranger.get(link).content.decode()
    assert link not in signed_in(owner).get(page, follow=True).content.decode()

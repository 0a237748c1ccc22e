"""What the home page says of a licence: what stops its renewal, with its amount, and what the register has changed."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.cases import block_causes
from municipality.cases.block_causes import Obstacle
from municipality.cases.services import place_block
from municipality.kernel.actors import system
from shops.models import Shop
from tests.browsers import signed_in

pytestmark = pytest.mark.django_db


def home(owner: Any, language: str = "en") -> str:
    return str(signed_in(owner).get(f"/{language}/").content.decode().split("<main")[1])


def block(shop: Shop) -> None:
    words = {"sentence_ar": "على المحل مبلغ.", "sentence_en": "An amount is unpaid."}
    place_block(subject=shop.key, ground="claim", source="case:1", stops="licensing.renewal", actor=system("shops"), **words)


def test_the_home_page_names_what_stops_a_renewal_with_its_amount(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    assert "is unpaid" not in home(owner), "the control"
    block(shop)
    assert f"{shop.name_en}: This shop is blocked" in home(owner)
    cause = Obstacle("The amount that the court set is unpaid", fils=150_000)
    monkeypatch.setitem(block_causes.BLOCK_CAUSES, "claim", lambda _user, blocks, _origin: {one.pk: cause for one in blocks})
    shown = home(owner)
    assert "Clear what stops the renewal" in shown
    assert f"{shop.name_en}: The amount that the court set is unpaid (" in shown and "150.000" in shown
    listed = signed_in(owner).get("/en/my-shops/").content.decode()
    assert "Renewal is stopped: The amount that the court set is unpaid (" in listed and "This shop is blocked" not in listed


@pytest.mark.parametrize(("language", "words"), [("en", "The register changed since the last licence"), ("ar", "تغيّر السجل")])
def test_the_home_page_says_that_the_register_has_changed(make_shop: Any, owner: Any, language: str, words: str) -> None:
    shop = make_shop()
    assert words not in home(owner, language), "the control"
    Shop.objects.filter(pk=shop.pk).update(street=f"{shop.street}9")
    assert words in home(owner, language)

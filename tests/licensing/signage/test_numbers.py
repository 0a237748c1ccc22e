"""A number of another kind than a request leads to the page for it, wherever it is typed, and says nothing of whether it exists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from licensing import numbers
from municipality.accounts.models import User
from municipality.cases.home_forms import NUMBER_KINDS
from shops.models import Shop
from tests.factories.boards import BOX, FRONT, licensed

pytestmark = pytest.mark.django_db
LICENCE = re.compile(r"ADL-[A-Z]{2}-[0-9]{4}-[0-9]{6}-[A-Z0-9]")


def track(number: str, digits: str = "0013", language: str = "en") -> Any:
    return Client().post(f"/{language}/track/", {"reference": number, "last_four": digits})


@pytest.mark.parametrize(
    ("number", "words", "url"),
    [
        ("vio-2026-000300-q", "This looks like the number of a violation or warning", "/en/violations/"),
        ("WRN-2026-000001-A", "This looks like the number of a violation or warning", "/en/violations/"),
        ("BIL-2026-000589-8", "This looks like the number of a bill or a receipt", "/en/my-payments/"),
        ("RCT-2026-000539-9", "This looks like the number of a bill or a receipt", "/en/my-payments/"),
        ("HLT-HA-2026-999999-4", "This looks like the number of a health licence", "/en/shops/?q=HLT-HA-2026-999999-4"),
        ("ADL-HA-2026-999999-4/1", "No licence for boards has this number", "/en/boards/map/"),
    ],
)
def test_the_form_of_a_number_tells_where_it_opens(rules: None, number: str, words: str, url: str) -> None:
    shown = track(number).content.decode()
    assert words in shown and url in shown and "No request with these details" not in shown


def test_the_page_of_violations_gets_number_and_digits(rules: None) -> None:
    shown = track("VIO-2026-000300-Q").content.decode()
    assert 'name="number" value="VIO-2026-000300-Q"' in shown and 'name="last_four" value="0013"' in shown
    assert "يبدو أنه رقم مخالفة أو إنذار" in track("VIO-2026-000300-Q", language="ar").content.decode()


def test_without_its_kind_a_number_would_be_called_unknown(rules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control."""
    monkeypatch.delitem(NUMBER_KINDS, "VIO")
    assert "No request with these details" in track("VIO-2026-000300-Q").content.decode()


def test_the_number_on_a_board_leads_to_its_page_from_every_field(shop: Shop, owner: User, officer: User) -> None:
    one = licensed(shop, owner, officer)
    board = one.boards.get()
    assert LICENCE.match(board.number)
    page = f"/en/boards/{board.public_id}/"
    assert track(board.number)["Location"] == page and track(one.document.number)["Location"] == page  # type: ignore[union-attr]
    assert page in Client(HTTP_ACCEPT_LANGUAGE="en").post("/verify/", {"code": board.number.lower()}).content.decode()
    assert page in Client().get("/en/shops/", {"q": board.number}).content.decode()


def test_a_licence_for_several_boards_leads_to_those_of_the_shop(shop: Shop, owner: User, officer: User) -> None:
    one = licensed(shop, owner, officer, FRONT, BOX)
    assert numbers.board_page(one.document.number).endswith(f"/shops/{shop.public_id}/#boards")  # type: ignore[union-attr]
    assert numbers.board_page(f"{one.document.number}/7") == numbers.board_page("HL-2026-000001-K") == ""  # type: ignore[union-attr]


def test_a_number_of_no_licence_is_said_to_be_none(rules: None) -> None:
    asked = Client(HTTP_ACCEPT_LANGUAGE="en").post("/verify/", {"code": "ADL-HA-2026-999999-4/1"}).content.decode()
    assert "No licence has this number" in asked
    found = Client().get("/en/shops/", {"q": "HLT-HA-2026-999999-4"}).content.decode()
    assert "No licence of a shop has this number" in found and "another spelling" not in found
    assert "another spelling" in Client().get("/en/shops/", {"q": "HLT-HA-2026"}).content.decode(), "the beginning of a number"


@pytest.mark.parametrize(("language", "words"), [("en", "Is a message from the Municipality?"), ("ar", "هل الرسالة من البلدية؟")])
def test_the_foot_of_every_page_leads_to_how_a_message_is_checked(rules: None, language: str, words: str) -> None:
    home = Client().get(f"/{language}/").content.decode()
    assert f'href="/{language}/track/#message">{words}' in home
    page = Client().get(f"/{language}/track/").content.decode()
    assert words in page.split("<main")[1] and "https://portal.example.test" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "A number alone proves nothing: anybody can write one."), ("ar", "الرقم وحده لا يثبت شيئاً")],
)
def test_the_page_promises_no_more_than_it_knows_of_numbers(rules: None, language: str, words: str) -> None:
    assert words in Client().get(f"/{language}/track/").content.decode()
    assert {"en": "This looks like the number of an inspection", "ar": "يبدو أنه رقم تفتيش"}[language] in track(
        "INS-HA-2026-000001-K", language=language
    ).content.decode()

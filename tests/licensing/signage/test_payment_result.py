"""The result page of a payment names the boards that were paid for."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from licensing.signage.labels import name_of
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from payments import registry
from payments.models import Attempt
from shops.models import Shop
from tests.bank import Bank, Book
from tests.browsers import signed_in
from tests.factories import boards

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(settings: Any) -> Book:
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"
    Bank.book = Book()
    return Bank.book


def details(client: Client, attempt: Attempt, language: str) -> str:
    """The bills on the result page."""
    html = client.get(f"/pay/r/{attempt.token}", headers={"Accept-Language": language}).content.decode()
    return unescape(html.partition('id="receipts"')[2].partition("</table>")[0])


def test_each_board_of_a_bill_is_named(shop: Shop, owner: User, officer: User, bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    request = boards.approved(shop, owner, officer, boards.FRONT, boards.BOX)
    attempt, client = boards.pay_at_bank(request, bank), signed_in(owner)
    for language, names in (("en", ("Board on the front", "Light box")), ("ar", ("اللوحة 1", "اللوحة 2"))):
        text = details(client, attempt, language)
        with override(language):
            labels = [name_of(board) for board in request.boards.order_by("line")]
        assert len(labels) == 2 and all(name in label for name, label in zip(names, labels, strict=True))
        assert all(f"<small>{label}</small>" in text for label in labels)
    with CaptureQueriesContext(connection) as asked:
        assert "Board 2" in details(client, attempt, "en")
    monkeypatch.delitem(registry.PARTS, BOARDS)
    with CaptureQueriesContext(connection) as before:
        assert "Board 2" not in details(client, attempt, "en"), "the control: the title of the bill does not name them"
    assert len(asked) == len(before) + 1


def test_many_boards_are_folded(shop: Shop, owner: User, officer: User, bank: Book) -> None:
    request = boards.approved(shop, owner, officer, *[boards.FRONT] * 11)
    text = details(signed_in(owner), boards.pay_at_bank(request, bank), "en")
    assert "<details" in text and "Board 11: Board on the front" in text

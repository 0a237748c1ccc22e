"""Feedback of the payer on the page of the result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from municipality.cases.models import Feedback
from municipality.kernel import clock
from payments import links
from payments.models import Attempt
from payments.states import AttemptState
from tests.bank import Book, notification
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, PersonFactory
from tests.payments.conftest import START, walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> Iterator[Attempt]:
    """A payment of an hour ago: its page waits for nothing any more."""
    attempt = at_bank()
    entry = bank.decide(attempt)
    Client().post(
        "/pay/knet/response",
        data=notification(attempt, payment_id=entry.payment_id),
        content_type="application/x-www-form-urlencoded",
    )
    walk(3)
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PAID
    with clock.at(START + dt.timedelta(hours=1)):
        yield attempt


def section(page: str) -> str:
    return page[page.index('id="feedback"') :].partition("</section>")[0]


def test_the_payer_is_asked_once_and_reads_the_answer_again(paid: Attempt, payer: Any) -> None:
    client, page = signed_in(payer), links.receipt_path(paid.token)
    first = client.get(page).content.decode()
    assert first.index('id="receipts"') < first.index('id="feedback"'), "the receipt comes before the question"
    for ease in ("5", "1"):
        sent = client.post(f"{page}/feedback", {"ease": ease})
        assert (sent.status_code, sent["Location"]) == (303, f"{page}#feedback")
    given = Feedback.objects.get()
    assert (given.subject, given.service, given.person, given.ease) == (paid.key, "payments.attempt", payer, 5)
    today = section(client.get(page).content.decode())
    assert "radio" not in today
    with clock.at(START + dt.timedelta(days=1)):
        assert section(signed_in(payer).get(page).content.decode()) == today


def test_nobody_else_is_asked_or_answers(paid: Attempt) -> None:
    page = links.receipt_path(paid.token)
    for client in (Client(), signed_in(PersonFactory(civil_id=NOURA))):
        assert 'id="feedback"' not in client.get(page).content.decode()
        assert client.post(f"{page}/feedback", {"ease": "5"}).status_code == 404
    assert not Feedback.objects.exists()


def test_a_payment_that_is_not_settled_asks_nothing(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt, client = at_bank(), signed_in(payer)
    page = links.receipt_path(attempt.token)
    assert 'id="feedback"' not in client.get(page).content.decode()
    assert client.post(f"{page}/feedback", {"ease": "5"}).status_code == 404

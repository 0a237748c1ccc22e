from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.jobs.models import Job, JobState
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Delivery, Message
from payments import registry
from payments.models import Attempt, Bill, Receipt
from payments.services import messages, void_bill
from payments.states import AttemptState
from tests.bank import Book
from tests.payments.conftest import walk

pytestmark = pytest.mark.django_db


def test_the_payer_is_told_once_with_the_numbers_that_the_bank_asks_for(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    attempt = at_bank()
    entry = bank.decide(attempt)
    walk(3)
    receipt = Receipt.objects.get()
    messages.notify_paid(receipt_id=receipt.pk)
    message = Message.objects.get(kind="payments.payment_received")
    for fact in ("2026-11-24 10:0", "paid", "10.000", entry.payment_id, attempt.trackid, receipt.number, receipt.bill.reference):
        assert fact in message.body_en
    assert message.path == f"/pay/r/{attempt.token}"
    assert [delivery.channel for delivery in Delivery.objects.filter(message=message)] == ["email"]


def test_an_amount_taken_for_a_bill_that_is_not_due_is_told(at_bank: Callable[..., Attempt], bank: Book, payer: Any) -> None:
    attempt = at_bank()
    bank.decide(attempt, "FAILURE(HOST TIMEOUT)")
    walk(3)
    void_bill(bill=Bill.objects.get(), actor=system("tests"))
    bank.decide(attempt)
    walk(6)
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.REFUND_DUE
    message = Message.objects.get(kind="payments.amount_returned")
    assert message.person == payer and "10.000" in message.body_en


def test_a_refused_payment_is_told_as_owed_back(at_bank: Callable[..., Attempt], bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(bill_id: int) -> None:
        raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(refuse, refuse))
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    assert Message.objects.filter(kind="payments.amount_returned").count() == 1


def test_a_message_that_cannot_be_written_leaves_the_payment_settled(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("no template")

    monkeypatch.setattr(messages, "send", fails)
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.PAID
    assert Job.objects.get(kind="payments.tell_paid").state == JobState.QUEUED

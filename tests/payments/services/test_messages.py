from __future__ import annotations

import dataclasses
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


def channels(message: Message) -> list[str]:
    return list(Delivery.objects.filter(message=message).order_by("channel").values_list("channel", flat=True))


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
    assert channels(message) == ["email", "sms"]


def test_two_bills_of_one_payment_are_told_by_one_message(
    issue: Callable[..., Bill], at_bank: Callable[..., Attempt], bank: Book, paid_for: Any
) -> None:
    bills = [issue(10_000), issue(25_000, subject="case:def")]
    bank.decide(at_bank(*bills))
    walk(3)
    message = Message.objects.get(kind="payments.payment_received")
    assert "35.000" in message.title_en and "35.000" in message.title_ar
    for receipt in Receipt.objects.all():
        assert receipt.number in message.body_en and receipt.bill.reference in message.body_ar
    assert channels(message) == ["email", "sms"]


def test_a_service_that_sends_a_text_message_leaves_the_payment_its_e_mail(
    issue: Callable[..., Bill], at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = dataclasses.replace(registry.PAYABLES["tests.thing"], sends_text=True)
    monkeypatch.setitem(registry.PAYABLES, "tests.thing", own)
    bank.decide(at_bank())
    walk(3)
    assert channels(Message.objects.get(kind="payments.payment_received")) == ["email"]


def test_a_payment_of_many_bills_waits_behind_single_ones_and_is_told_by_numbers(
    at_bank: Callable[..., Attempt], issue: Callable[..., Bill], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    attempt = at_bank(*(issue(subject=f"case:{number}") for number in range(26)))
    alone = at_bank(issue(subject="case:alone"))
    bank.decide(attempt)
    bank.decide(alone)
    walk(3)
    queues = set(Job.objects.filter(kind="payments.hand_over").values_list("queue", flat=True))
    assert queues == {"bulk", "urgent"} and len(paid_for["paid"]) == 27
    assert Job.objects.filter(kind="payments.hand_over", queue="bulk").count() == 26
    assert Job.objects.filter(kind="payments.tell_paid").count() == 2
    message = Message.objects.get(kind="payments.payment_received", key=attempt.trackid)
    first, *_rest, last = Receipt.objects.filter(allocation__attempt=attempt).order_by("pk")
    assert "26 bills" in message.body_en and f"{first.number} … {last.number}" in message.body_en and len(message.body_en) < 1_000


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
    assert "The bill is no longer due" in message.body_en and "paid already" not in message.body_en, "the one cause that applies"
    assert "لم تعد الفاتورة مستحقة" in message.body_ar


@pytest.mark.parametrize(
    ("own", "other", "cause", "words"),
    [
        ("paid", "due", "paid", "not to be paid again"),
        ("due", "due", "reversed", "after the bank had reversed it"),
        ("due", "void", "together", "Another bill of the same payment"),
        ("void", "due", "over", "The bill is no longer due"),
        ("", "", "refused", "can no longer be carried out"),
        ("", "", "not_owed", "is no longer owed"),
    ],
)
def test_the_message_names_one_cause(own: str, other: str, cause: str, words: str, at_bank: Callable[..., Attempt]) -> None:
    attempt, bill = at_bank(), Bill.objects.get()
    if own:
        assert messages._cause({bill.key: own, "bill:another": other}, bill.key) == cause
    messages._notify_owed(attempt, bill, 10_000, key="one", cause=cause)
    message = Message.objects.get(kind="payments.amount_returned")
    every = ["not to be paid again", "had reversed it", "Another bill", "bill is no longer due", "be carried out", "no longer owed"]
    assert words in message.body_en and sum(each in message.body_en for each in every) == 1
    # The sum itself may still be owed: by another bill, or in another way.
    assert ("whether anything is still to be paid" in message.body_en) == (cause in ("over", "not_owed"))
    assert cause == "refused" or "nothing" not in message.body_en
    # The way is chosen when it is paid out.
    assert "to the card that paid, or by bank transfer" in message.body_en and "البطاقة التي دُفع بها أو بتحويل بنكي" in message.body_ar


def test_a_refused_payment_is_told_as_owed_back(at_bank: Callable[..., Attempt], bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(bill_id: int) -> None:
        raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(refuse, refuse))
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    assert "can no longer be carried out" in Message.objects.get(kind="payments.amount_returned").body_en


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

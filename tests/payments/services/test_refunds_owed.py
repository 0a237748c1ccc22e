"""What is owed back is written with the refusal, seen by both sides, and never invented."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils.translation import override

from municipality.audit.models import AuditEvent
from municipality.documents.services import draft
from municipality.kernel import clock, guards
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments import invariants, queries, registry
from payments.documents import ReceiptFacts
from payments.models import Attempt, Bill, Receipt, RefundDue
from payments.services import owe_back, refunds
from payments.states import BillState
from tests.bank import Book, notification
from tests.due_jobs import run_due
from tests.payments.conftest import START, walk

pytestmark = pytest.mark.django_db
BY = system("tests")


def bill_of(attempt: Attempt) -> Bill:
    return Bill.objects.get(allocations__attempt=attempt)


@pytest.fixture
def paid(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> Bill:
    """A bill that is paid and handed over."""
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    return bill_of(attempt)


@pytest.mark.guards
def test_a_refused_bill_leaves_one_amount_owed_to_its_payer(
    at_bank: Callable[..., Attempt], bank: Book, monkeypatch: pytest.MonkeyPatch, payer: Any
) -> None:
    def refuse(bill_id: int) -> None:
        raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(refuse, refuse))
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    refund = RefundDue.objects.get()
    assert (refund.fils, refund.reason, refund.state, refund.payer) == (10_000, "case_closed", "due", payer)
    assert refund.allocation is not None and refund.allocation.bill == bill_of(attempt)
    assert queries.refund_of(bill_of(attempt).subject) == refund
    account = queries.account_of(bill_of(attempt).subject)
    assert (account.bill, account.refund_fils, account.receipts) == (bill_of(attempt), 10_000, queries.receipt_numbers(refund.subject))
    assert account.lines == queries.lines_of(bill_of(attempt))
    assert Message.objects.filter(person=payer, kind="payments.amount_returned").count() == 1


def test_a_service_that_refuses_after_payment_owes_back_in_its_own_transaction(paid: Bill) -> None:
    class Undone(Exception):
        pass

    def undone() -> None:
        with transaction.atomic():
            owe_back(bill=paid, reason="shop_closed", actor=BY)
            raise Undone

    with pytest.raises(Undone):
        undone()
    assert not RefundDue.objects.exists() and Bill.objects.get().state == BillState.PAID
    refund = owe_back(bill=paid, reason="shop_closed", actor=BY)
    assert refund is not None and Bill.objects.get().state == BillState.REFUND_DUE
    assert AuditEvent.objects.filter(action="bill.refund_due", subject=paid.key).count() == 1
    assert owe_back(bill=paid, reason="shop_closed", actor=BY) is None and RefundDue.objects.count() == 1
    assert not list(invariants.findings())


def test_an_unpaid_bill_owes_nothing_back(at_bank: Callable[..., Attempt]) -> None:
    assert owe_back(bill=bill_of(at_bank()), reason="shop_closed", actor=BY) is None
    with pytest.raises(ValueError, match="reason"):
        owe_back(bill=bill_of(at_bank()), reason="", actor=BY)


def test_a_second_capture_is_owed_back_as_a_whole(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    first = at_bank()
    bank.decide(first, "FAILURE(HOST TIMEOUT)")
    from payments.services import take_notification

    take_notification(body=notification(first, "HOST TIMEOUT").encode(), query={}, remote_addr="")
    walk(0.2, step=0.1)
    second = at_bank(bill_of(first))
    bank.decide(second)
    bank.decide(first)
    take_notification(body=notification(second, "CAPTURED").encode(), query={}, remote_addr="")
    with clock.at(START + dt.timedelta(seconds=5)):
        run_due(("payments.inquire", "payments.hand_over"))
    walk(15)
    refund = RefundDue.objects.get()
    assert (refund.attempt, refund.allocation, refund.fils, refund.reason) == (first, None, 10_000, "nothing_due")
    assert not list(invariants.findings())


def test_a_reversal_by_the_bank_releases_what_was_owed(paid: Bill, bank: Book) -> None:
    attempt = Attempt.objects.get()
    owe_back(bill=paid, reason="shop_closed", actor=BY)
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    walk(13)
    refund = RefundDue.objects.get()
    assert refund.state == "released" and queries.refund_of(paid.subject) is None
    assert not list(invariants.findings())


@pytest.mark.guards
def test_the_database_refuses_an_amount_that_nobody_paid_and_the_control_shows_the_harm(
    at_bank: Callable[..., Attempt], payer: Any
) -> None:
    allocation = at_bank().allocations.get()
    row = {
        "attempt": allocation.attempt,
        "allocation": allocation,
        "payer": payer,
        "subject": "case:abc",
        "fils": 10_000,
        "reason": "x",
        "due_since": START,
    }
    with pytest.raises(DatabaseError, match="refund_without_payment"), transaction.atomic():
        RefundDue.objects.create(**row)
    with transaction.atomic():
        where = " ON payments_refunddue" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {guards.PREFIX}payments_refund_was_taken{where}")
        RefundDue.objects.create(**row)
        assert [finding for finding in invariants.findings() if "owed back" in finding]
        transaction.set_rollback(True)


@pytest.mark.guards
def test_another_amount_than_was_paid_is_refused_by_the_database(paid: Bill, payer: Any) -> None:
    allocation = paid.allocations.get()
    with pytest.raises(DatabaseError, match="refund_without_payment"), transaction.atomic():
        RefundDue.objects.create(
            attempt=allocation.attempt, allocation=allocation, payer=payer, subject=paid.subject, fils=9_999, reason="x", due_since=START
        )


def test_the_invariants_see_a_bill_to_be_returned_for_which_nothing_is_owed(paid: Bill, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        key = ""

        class objects:
            @staticmethod
            def create(**row: Any) -> Any:
                return Nothing

    monkeypatch.setattr(refunds, "RefundDue", Nothing)
    monkeypatch.setattr(refunds.ledger, "book_owed", lambda refund: None)
    owe_back(bill=paid, reason="shop_closed", actor=BY)
    assert [finding for finding in invariants.findings() if "0 amounts are owed" in finding]


@pytest.mark.guards
def test_what_is_owed_is_neither_changed_nor_deleted(paid: Bill) -> None:
    owe_back(bill=paid, reason="shop_closed", actor=BY)
    for change in (
        lambda: RefundDue.objects.update(fils=1),
        lambda: RefundDue.objects.update(state="released"),
        lambda: RefundDue.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_check_page_says_that_the_amount_of_a_receipt_goes_back(paid: Bill) -> None:
    receipt = Receipt.objects.get()
    paper = draft(kind=ReceiptFacts.kind, number=receipt.number, subject=paid.key, holder_key=paid.payer.key)
    Receipt.objects.filter(pk=receipt.pk).update(document=paper)
    assert list(ReceiptFacts.public_notes(paper)) == []
    owe_back(bill=paid, reason="case_closed", actor=BY)
    with override("en"):
        assert [str(note) for note in ReceiptFacts.public_notes(paper)] == [
            "The receipt is genuine. The amount is being returned to whoever paid it."
        ]

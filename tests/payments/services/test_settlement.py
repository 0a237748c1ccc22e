from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from municipality.audit.models import AuditEvent
from municipality.jobs import services as jobs
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock, guards
from municipality.kernel.errors import Refused
from payments import invariants, queries, registry
from payments.models import Allocation, Attempt, Bill, BillEvent, Inquiry, Receipt
from payments.services import inquiries, settle, settlement, start_attempt, take_notification
from payments.states import AttemptState, BillState
from tests.bank import Book, notification
from tests.due_jobs import run_due
from tests.payments.conftest import START, walk

pytestmark = pytest.mark.django_db


def state(attempt: Attempt) -> str:
    return str(Attempt.objects.get(pk=attempt.pk).state)


def bill_of(attempt: Attempt) -> Bill:
    return Bill.objects.get(allocations__attempt=attempt)


def notify(attempt: Attempt, result: str = "CAPTURED") -> None:
    take_notification(body=notification(attempt, result).encode(), query={}, remote_addr="")


def test_a_captured_payment_is_paid_after_our_own_inquiry_and_its_owner_is_told_once(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    attempt = at_bank()
    entry = bank.decide(attempt)
    notify(attempt)
    run_due()
    assert state(attempt) == AttemptState.CONFIRMING
    with clock.at(START + dt.timedelta(seconds=3)):
        run_due()
    row, bill = Attempt.objects.get(pk=attempt.pk), bill_of(attempt)
    assert (row.state, row.payment_id, row.tran_id, row.auth) == (AttemptState.PAID, entry.payment_id, entry.tran_id, "999554")
    receipt = Receipt.objects.get()
    assert (receipt.bill_id, receipt.fils, receipt.inquiry.agrees) == (bill.pk, bill.total_fils, True)
    assert bill.state == BillState.PAID
    assert paid_for == {"paid": [bill.pk], "voided": []}
    assert list(queries.receipts_of("case:abc")) == [receipt]
    assert queries.status_of(bill).step == "paid"
    assert {"payment.started", "payment.settled"} <= set(AuditEvent.objects.values_list("action", flat=True))
    assert Job.objects.filter(kind="payments.receipt_document").count() == 1
    walk(120, step=10)
    assert paid_for["paid"] == [bill.pk] and Receipt.objects.count() == 1
    assert not list(invariants.findings())


def test_a_payment_without_any_notification_is_found_by_the_schedule(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    attempt = at_bank()
    bank.decide(attempt, "SUCCESS")
    walk(1.5, step=0.5)
    assert state(attempt) == AttemptState.REDIRECTED
    walk(2.5, step=0.5)
    assert state(attempt) == AttemptState.PAID


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("FAILURE(NOT CAPTURED)", AttemptState.DECLINED),
        ("FAILURE(CANCELED)", AttemptState.CANCELLED),
        ("FAILURE(HOST TIMEOUT)", AttemptState.TIMED_OUT),
        ("FAILURE(DENIED BY RISK)", AttemptState.DENIED),
        ("FAILURE(SUSPECT)", AttemptState.MISMATCH),
    ],
)
def test_each_non_success_ends_in_its_own_state(
    result: str, expected: str, at_bank: Callable[..., Attempt], bank: Book, payer: Any
) -> None:
    attempt = at_bank()
    bank.decide(attempt, result)
    notify(attempt, "NOT CAPTURED")
    walk(0.2, step=0.1)
    assert state(attempt) == expected
    assert not Receipt.objects.exists() and bill_of(attempt).state == BillState.DUE
    again = start_attempt(bills=[bill_of(attempt)], payer=payer, language="ar", session_key="s")
    assert (again.pk == attempt.pk) == (expected == AttemptState.MISMATCH)
    assert not list(invariants.findings())


@pytest.mark.parametrize("fils", [9_999, 10_001, 1])
def test_a_capture_of_another_amount_is_a_mismatch_and_no_receipt(fils: int, at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, fils=fils)
    notify(attempt)
    walk(3, step=0.5)
    assert state(attempt) == AttemptState.MISMATCH
    assert not Receipt.objects.exists()
    assert AuditEvent.objects.filter(action="payment.mismatch").count() == 1
    assert queries.status_of(bill_of(attempt)).step == "review"


def test_a_suspect_answer_that_clears_up_is_paid(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    attempt = at_bank()
    bank.decide(attempt, "FAILURE(SUSPECT)")
    walk(3)
    assert state(attempt) == AttemptState.MISMATCH
    bank.decide(attempt)
    walk(6)
    assert state(attempt) == AttemptState.PAID


def test_a_payment_id_of_another_payment_pays_nothing(
    at_bank: Callable[..., Attempt], issue: Callable[..., Bill], bank: Book, paid_for: Any
) -> None:
    first, second = at_bank(), at_bank(issue(subject="case:b"))
    entry = bank.decide(first)
    bank.decide(second, payment_id=entry.payment_id)
    walk(3)
    assert {state(first), state(second)} == {AttemptState.PAID, AttemptState.MISMATCH}
    assert Receipt.objects.count() == 1


def test_a_page_that_was_never_finished_expires_only_after_its_lifetime(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    walk(29)
    assert state(attempt) == AttemptState.REDIRECTED
    walk(45, step=5)
    assert state(attempt) == AttemptState.EXPIRED
    assert queries.status_of(bill_of(attempt)).can_pay


def test_a_bank_that_never_answers_leaves_the_payment_to_a_person(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.is_down = True
    notify(attempt)
    walk(25 * 60, step=30)
    assert state(attempt) == AttemptState.MISMATCH
    assert not Job.objects.filter(state=JobState.DEAD).exists()
    assert queries.status_of(bill_of(attempt)).step == "review"


def test_a_late_capture_of_an_expired_attempt_settles_a_bill_that_is_still_due(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    attempt = at_bank()
    walk(45, step=5)
    assert state(attempt) == AttemptState.EXPIRED
    bank.decide(attempt)
    walk(65, step=5)
    assert state(attempt) == AttemptState.PAID
    assert [e.to_state for e in attempt.events.order_by("pk")][-2:] == [AttemptState.CAPTURED_LATE, AttemptState.PAID]
    assert len(paid_for["paid"]) == 1
    assert not list(invariants.findings())


def test_a_second_capture_of_a_paid_bill_is_owed_back_and_leaves_the_bill_paid(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]], payer: Any
) -> None:
    first = at_bank()
    bill = bill_of(first)
    bank.decide(first, "FAILURE(HOST TIMEOUT)")
    notify(first, "HOST TIMEOUT")
    walk(0.2, step=0.1)
    assert state(first) == AttemptState.TIMED_OUT
    second = at_bank(bill)
    assert second.pk != first.pk
    bank.decide(second)
    bank.decide(first)
    notify(second)
    with clock.at(START + dt.timedelta(seconds=5)):
        run_due(("payments.inquire", "payments.hand_over"))
    assert state(second) == AttemptState.PAID
    walk(15)
    assert state(first) == AttemptState.REFUND_DUE
    assert Bill.objects.get(pk=bill.pk).state == BillState.PAID
    assert Receipt.objects.count() == 1 and paid_for["paid"] == [bill.pk]
    assert list(Attempt.objects.filter(state="refund_due")) == [first]
    assert not list(invariants.findings())


def test_two_captures_of_one_bill_one_late_end_in_one_receipt_and_one_return(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    first = at_bank()
    bill = bill_of(first)
    walk(45, step=5)
    with clock.at(START + dt.timedelta(minutes=46)):
        second = at_bank(bill)
    bank.decide(first)
    bank.decide(second)
    walk(180, step=1)
    assert sorted([state(first), state(second)]) == [AttemptState.PAID, AttemptState.REFUND_DUE]
    assert Receipt.objects.count() == 1 and len(paid_for["paid"]) == 1
    assert not list(invariants.findings())


def test_settle_takes_only_an_agreeing_inquiry_of_the_same_attempt(
    at_bank: Callable[..., Attempt], issue: Callable[..., Bill], bank: Book
) -> None:
    attempt, other = at_bank(), at_bank(issue(subject="case:b"))
    bank.decide(attempt, fils=1)
    bad = inquiries.ask(attempt)
    assert bad is not None
    with pytest.raises(ValueError, match="agreeing"):
        settle(attempt=attempt, inquiry=bad)
    bank.decide(attempt)
    good = inquiries.ask(attempt)
    assert good is not None
    with pytest.raises(ValueError, match="agreeing"):
        settle(attempt=other, inquiry=good)
    assert len(settle(attempt=attempt, inquiry=good)) == 1
    assert settle(attempt=attempt, inquiry=good) == []
    assert Receipt.objects.count() == 1


def test_one_payment_pays_several_bills_each_with_its_receipt(
    issue: Callable[..., Bill], at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    bills = [issue(1_000 * n, subject=f"case:{n}") for n in (1, 2, 3)]
    attempt = at_bank(*bills)
    bank.decide(attempt)
    walk(3)
    assert sorted(Receipt.objects.values_list("fils", flat=True)) == [1_000, 2_000, 3_000]
    assert sorted(paid_for["paid"]) == [bill.pk for bill in bills]
    assert not list(invariants.findings())


def test_a_business_refusal_keeps_the_money_recorded_and_owes_it_back(
    at_bank: Callable[..., Attempt], bank: Book, monkeypatch: pytest.MonkeyPatch, issue: Callable[..., Bill]
) -> None:
    def refuse(bill_id: int) -> None:
        Bill.objects.get(pk=bill_id)
        raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(refuse, refuse))
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    bill = bill_of(attempt)
    assert (state(attempt), bill.state) == (AttemptState.PAID, BillState.REFUND_DUE)
    assert BillEvent.objects.filter(subject=bill, move="refuse", reason="case_closed").count() == 1
    assert Receipt.objects.count() == 1
    assert list(Bill.objects.filter(state="refund_due")) == [bill]
    assert not Job.objects.filter(kind="payments.hand_over").exclude(state=JobState.DONE).exists()
    assert not list(invariants.findings())


def test_an_owner_that_fails_is_tried_again_and_told_once(
    at_bank: Callable[..., Attempt], bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def sometimes(bill_id: int) -> None:
        told.append(bill_id)
        if len(told) < 3:
            raise RuntimeError("not now")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(sometimes, sometimes))
    attempt = at_bank()
    bank.decide(attempt)
    walk(5, step=0.1)
    assert len(told) == 3
    assert Allocation.objects.get().handed_over_at is not None
    settlement.hand_over(allocation_id=Allocation.objects.get().pk)
    assert len(told) == 3


def test_a_bill_that_nobody_owns_ends_visibly(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    assert state(attempt) == AttemptState.PAID
    assert Job.objects.get(kind="payments.hand_over").state == JobState.DEAD


def test_a_late_reversal_opens_the_bill_again_and_tells_its_owner(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    walk(13)
    bill = bill_of(attempt)
    assert (state(attempt), bill.state) == (AttemptState.VOIDED, BillState.DUE)
    assert paid_for == {"paid": [bill.pk], "voided": [bill.pk]}
    assert not queries.receipts_of("case:abc").exists()
    assert queries.status_of(bill).can_pay
    assert not list(invariants.findings())
    with clock.at(START + dt.timedelta(minutes=14)):
        again = at_bank(bill)
    bank.decide(again)
    walk(17, step=1)
    assert Bill.objects.get(pk=bill.pk).state == BillState.PAID
    assert paid_for["paid"] == [bill.pk, bill.pk]
    assert Receipt.objects.count() == 2 and queries.receipts_of("case:abc").count() == 1
    assert not list(invariants.findings())


@pytest.mark.parametrize("point", ["payments.confirm.claimed", "payments.confirm.carried_out"])
def test_a_late_reversal_is_seen_though_the_worker_died_at_the_confirming_inquiry(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "failpoint", die)
        with pytest.raises(Killed):
            walk(13)
    question = Job.objects.get(kind="payments.confirm")
    assert (question.state, question.lost_workers) == (JobState.RUNNING, 0)
    assert question.lease_until is not None
    with clock.at(question.lease_until):
        assert run_due(("payments.confirm",)) == 0  # it may live yet
    with clock.at(question.lease_until + dt.timedelta(seconds=1)):
        run_due()
    question.refresh_from_db()
    assert (question.state, question.lost_workers) == (JobState.DONE, 1)
    assert (state(attempt), bill_of(attempt).state) == (AttemptState.VOIDED, BillState.DUE)
    assert paid_for["voided"] == [bill_of(attempt).pk]
    assert BillEvent.objects.filter(subject=bill_of(attempt), move="reverse").count() == 1
    assert not list(invariants.findings())


def test_a_confirmed_payment_that_is_once_not_found_is_asked_about_twice(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    attempt = at_bank()
    entry = bank.decide(attempt)
    walk(3)
    del bank.entries[attempt.trackid]
    walk(12.1, step=0.3)
    assert state(attempt) == AttemptState.PAID
    bank.entries[attempt.trackid] = entry
    walk(20)
    assert state(attempt) == AttemptState.PAID
    assert not Job.objects.filter(kind="payments.confirm", state=JobState.QUEUED).exists()


def test_no_answer_to_the_confirming_inquiry_takes_nothing_back(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    bank.is_down = True
    walk(13)
    assert state(attempt) == AttemptState.PAID
    assert Job.objects.get(kind="payments.confirm").state == JobState.QUEUED
    bank.is_down = False
    walk(15)
    assert Job.objects.get(kind="payments.confirm").state == JobState.DONE


def test_a_reversed_payment_that_had_been_refused_owes_nothing_any_more(
    at_bank: Callable[..., Attempt], bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def refuse(bill_id: int) -> None:
        raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(refuse, told.append))
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    walk(13)
    assert (state(attempt), bill_of(attempt).state) == (AttemptState.VOIDED, BillState.VOID)
    assert told == []
    assert not list(invariants.findings())


def settled(at_bank: Callable[..., Attempt], bank: Book) -> Receipt:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    return Receipt.objects.get(allocation__attempt=attempt)


def test_the_database_refuses_to_change_or_remove_what_money_left(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    receipt = settled(at_bank, bank)
    for change in (
        lambda: Receipt.objects.update(fils=1),
        lambda: Receipt.objects.all().delete(),
        lambda: Inquiry.objects.update(agrees=False),
        lambda: receipt.inquiry.message.__class__.objects.update(raw=""),
        lambda: Allocation.objects.update(fils=1),
        lambda: Allocation.objects.update(is_settled=False, is_open=True),
        lambda: Attempt.objects.update(payment_id="1"),
        lambda: Attempt.objects.update(state=AttemptState.CREATED),
        lambda: Bill.objects.update(state=BillState.DUE),
        lambda: BillEvent.objects.update(reason="x"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_database_refuses_a_receipt_without_an_agreeing_inquiry_and_the_control_shows_the_harm(
    at_bank: Callable[..., Attempt], bank: Book
) -> None:
    from django.db import connection

    attempt = at_bank()
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    inquiry = inquiries.ask(attempt)
    allocation = attempt.allocations.get()
    row = {"number": "RCT-X", "allocation": allocation, "inquiry": inquiry, "bill": allocation.bill, "fils": 10_000, "issued_at": START}
    with pytest.raises(DatabaseError), transaction.atomic():
        Receipt.objects.create(**row)
    with transaction.atomic():
        where = " ON payments_receipt" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {guards.PREFIX}payments_receipt_told_by_bank{where}")
        Receipt.objects.create(**row)
        assert [f for f in invariants.findings() if "RCT-X" in f]
        transaction.set_rollback(True)
    with pytest.raises(DatabaseError), transaction.atomic():
        Receipt.objects.create(**row)


def test_a_bill_has_one_settled_allocation_at_the_database(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, payer: Any) -> None:
    receipt = settled(at_bank, bank)
    other = Attempt.objects.create(trackid="OTHER", fils=10_000, language="ar", started_by=payer, session_digest="x", created_at=START)
    with pytest.raises(IntegrityError), transaction.atomic():
        Allocation.objects.create(attempt=other, bill=receipt.bill, fils=10_000, is_open=False, is_settled=True)

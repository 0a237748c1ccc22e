"""What a payment leaves behind: the record, the jobs that were promised, and texts cut to their columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from municipality.jobs.errors import PermanentFailure
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import Refused, TransitionRefused
from municipality.kernel.transitions import MOVED_MEANWHILE
from payments import registry
from payments.documents import ReceiptFacts
from payments.models import Allocation, Attempt, Bill, GatewayMessage, Inquiry, Receipt, RefundDue
from payments.services import (
    attempts,
    callbacks,
    give_up,
    inquiries,
    owe_back,
    receipts,
    refunds,
    settle,
    settlement,
    start_attempt,
    void_bill,
)
from payments.services.settlement import void_attempt
from payments.states import AttemptState
from tests.bank import Book
from tests.due_jobs import run_due
from tests.interleaving import acting_before
from tests.killed_issue import assert_ends_as_undisturbed
from tests.payments.conftest import START, walk
from tests.payments.records import BY, acts, jobs, one, seconds

pytestmark = pytest.mark.django_db


def test_settling_records_the_inquiry_the_amount_and_the_receipts_and_takes_the_banks_facts(settled: Attempt) -> None:
    inquiry, receipt = Inquiry.objects.get(), Receipt.objects.get()
    act = one("payment.settled")
    assert (act.subject, act.actor_key) == (settled.key, settlement.ME.key)
    assert act.data == {"inquiry": inquiry.pk, "fils": 10_000, "receipts": [receipt.number]}
    assert (settled.ref, settled.auth, settled.postdate, settled.auth_resp_code) == ("632912000123", "999554", "1124", "00")
    assert settled.settled_at == receipt.issued_at == START
    assert receipt.number.startswith("RCT-2026-000001") and receipt.inquiry == inquiry
    assert settled.last_event is not None and settled.last_event.data == {"inquiry": inquiry.pk}
    event = receipt.bill.last_event
    assert event is not None and event.data == {"receipt": receipt.number}


def test_settling_promises_the_confirmation_the_owner_the_document_and_the_message(settled: Attempt) -> None:
    receipt = Receipt.objects.get()
    assert jobs("payments.confirm") == [(f"attempt:{settled.pk}:0", seconds(600))]
    assert Job.objects.get(kind="payments.confirm").args == {"attempt_id": settled.pk, "turn": 0}
    for kind in ("payments.hand_over", "payments.receipt_document", "payments.tell_paid"):
        assert jobs(kind) == [(f"receipt:{receipt.pk}", seconds(0))]
    allocation = Allocation.objects.get()
    assert (allocation.is_open, allocation.is_settled) == (False, True)


def test_what_was_paid_is_handed_over_once_and_only_while_it_is_paid(settled: Attempt, paid_for: dict[str, list[int]]) -> None:
    allocation = Allocation.objects.get()
    settlement.hand_over(allocation_id=allocation.pk)
    allocation.refresh_from_db()
    assert allocation.handed_over_at == START and paid_for["paid"] == [allocation.bill_id]
    del registry.PAYABLES["tests.thing"]  # what was handed over needs no owner any more
    settlement.hand_over(allocation_id=allocation.pk)
    assert paid_for["paid"] == [allocation.bill_id]


def test_a_bill_that_is_owed_back_before_its_owner_heard_is_not_handed_over(settled: Attempt, paid_for: dict[str, list[int]]) -> None:
    owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    settlement.hand_over(allocation_id=Allocation.objects.get().pk)
    assert paid_for["paid"] == [] and Allocation.objects.get().handed_over_at is None


def test_a_payment_that_the_bank_takes_back_beside_the_hand_over_is_not_handed_over(
    settled: Attempt, bank: Book, paid_for: dict[str, list[int]]
) -> None:
    bank.decide(settled, "FAILURE(NOT CAPTURED)")
    inquiry, allocation = inquiries.ask(settled), Allocation.objects.get()
    assert inquiry is not None
    with acting_before('UPDATE "payments_allocation"', lambda: void_attempt(attempt=settled, inquiry=inquiry)):
        settlement.hand_over(allocation_id=allocation.pk)
    allocation.refresh_from_db()
    assert (allocation.is_settled, allocation.handed_over_at, Bill.objects.get().state) == (False, None, "due")
    settlement.notify_void(allocation_id=allocation.pk)
    assert paid_for == {"paid": [], "voided": []}


def test_a_refusal_counts_as_handed_over(settled: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(bill_id: int) -> None:
        raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(refuse, refuse))
    with clock.at(START + seconds(5)):
        settlement.hand_over(allocation_id=Allocation.objects.get().pk)
    assert Allocation.objects.get().handed_over_at == START + seconds(5)
    assert RefundDue.objects.get().reason == "case_closed"


def test_a_lost_race_is_no_refusal_the_job_asks_again(settled: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(bill_id: int) -> None:
        raise TransitionRefused(MOVED_MEANWHILE)

    paid = registry.PAYABLES["tests.thing"]
    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(lose, lose))
    with pytest.raises(TransitionRefused):
        settlement.hand_over(allocation_id=Allocation.objects.get().pk)
    assert Allocation.objects.get().handed_over_at is None and not RefundDue.objects.exists()
    monkeypatch.setitem(registry.PAYABLES, "tests.thing", paid)
    settlement.hand_over(allocation_id=Allocation.objects.get().pk)
    assert Allocation.objects.get().handed_over_at is not None and Bill.objects.get().state == "paid"


def test_an_inquiry_that_agrees_about_a_refusal_settles_nothing(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "NOT CAPTURED")
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None and inquiry.agrees
    with pytest.raises(ValueError, match="agreeing"):
        settle(attempt=attempt, inquiry=inquiry)


def test_a_payment_at_the_bank_whose_bill_an_earlier_one_pays_late_is_owed_back(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    first = at_bank()
    bank.decide(first, "HOST TIMEOUT")
    inquiries.inquire(attempt_id=first.pk, step=1)
    second = at_bank(Bill.objects.get())
    for attempt in (first, second):
        bank.decide(attempt)
        inquiries.inquire(attempt_id=attempt.pk, step=2)
    assert [row.state for row in Attempt.objects.order_by("pk")] == [AttemptState.PAID, AttemptState.REFUND_DUE]
    assert not Allocation.objects.filter(is_open=True).exists()
    assert list(Allocation.objects.order_by("pk").values_list("is_settled", flat=True)) == [True, False]
    assert Receipt.objects.get().allocation.attempt == first
    late = first.events.order_by("pk").last()
    assert late is not None and late.move == "settle_late"


def test_the_payment_of_a_bill_that_was_reversed_and_paid_anew_is_not_handed_over_again(
    settled: Attempt, at_bank: Callable[..., Attempt], bank: Book, paid_for: dict[str, list[int]]
) -> None:
    old = Allocation.objects.get()
    bank.decide(settled, "NOT CAPTURED")
    inquiries.confirm(attempt_id=settled.pk)
    with pytest.raises(Refused, match="stopped"):  # a reversal that is heard of later would end what the next payment is for
        at_bank(Bill.objects.get())
    run_due(("payments.tell_void",))
    again = at_bank(Bill.objects.get())
    bank.decide(again)
    settle(attempt=again, inquiry=inquiries.ask(again))  # type: ignore[arg-type]
    assert Bill.objects.get().state == "paid"
    settlement.hand_over(allocation_id=old.pk)
    assert paid_for["paid"] == []
    settlement.hand_over(allocation_id=again.allocations.get().pk)
    assert paid_for["paid"] == [old.bill_id]


def test_a_reversal_is_recorded_and_its_owner_told_only_if_it_had_heard(
    settled: Attempt, bank: Book, paid_for: dict[str, list[int]]
) -> None:
    allocation = Allocation.objects.get()
    bank.decide(settled, "FAILURE(NOT CAPTURED)")
    with clock.at(START + seconds(601)):
        inquiries.confirm(attempt_id=settled.pk)
        inquiry = Inquiry.objects.latest("pk")
        assert one("payment.voided").data == {"inquiry": inquiry.pk, "fils": 10_000}
        row = Attempt.objects.get()
        assert row.last_event is not None and (row.last_event.reason, row.last_event.data) == ("reversed_by_bank", {"inquiry": inquiry.pk})
        assert [key for key, _due in jobs("payments.tell_void")] == [f"allocation:{allocation.pk}"]
        settlement.notify_void(allocation_id=allocation.pk)
        assert paid_for["voided"] == []
        Allocation.objects.update(handed_over_at=START)
        settlement.notify_void(allocation_id=allocation.pk)
        assert paid_for["voided"] == [allocation.bill_id]
        inquiries.confirm(attempt_id=settled.pk)  # voided already: the bank is not asked again
        assert Inquiry.objects.count() == 2


def test_a_receipt_document_of_a_reversed_payment_is_revoked(
    settled: Attempt, bank: Book, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from municipality.documents.states import DocumentState

    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("municipality.documents.services.render_and_seal", lambda facts, document: b"%PDF-1.7")
    receipts.write_document(receipt_id=Receipt.objects.get().pk)
    document = Receipt.objects.get().document
    assert document is not None and document.state == DocumentState.ACTIVE
    bank.decide(settled, "FAILURE(NOT CAPTURED)")
    inquiries.confirm(attempt_id=settled.pk)
    document.refresh_from_db()
    assert document.state == DocumentState.REVOKED
    assert document.last_event is not None and document.last_event.reason == "reversed_by_bank"


def test_a_capture_for_nothing_records_the_bills_as_they_were_and_promises_a_message(
    at_bank: Callable[..., Attempt], issue: Any, bank: Book, payer: Any, paid_for: Any
) -> None:
    first, second = issue(1_000, subject="case:a"), issue(2_000, subject="case:b")
    attempt = at_bank(second, first)
    bank.decide(attempt, "FAILURE(HOST TIMEOUT)")
    walk(3)
    for bill in (first, second):
        void_bill(bill=Bill.objects.get(pk=bill.pk), actor=BY)
    bank.decide(attempt)
    with clock.at(START + dt.timedelta(minutes=6)):
        inquiries.inquire(attempt_id=attempt.pk, step=2)
    refund = RefundDue.objects.get()
    assert (refund.fils, refund.payer, refund.subject, refund.allocation) == (3_000, payer, "case:a", None)
    act = one("payment.refund_due")
    assert act.data == {"fils": 3_000, "bills": {first.key: "void", second.key: "void"}}
    row = Attempt.objects.get()
    assert row.last_event is not None and (row.last_event.reason, row.last_event.data["bills"]) == ("nothing_due", act.data["bills"])
    assert [key for key, _due in jobs("payments.tell_owed_attempt")] == [f"attempt:{attempt.pk}"]
    assert not Receipt.objects.exists() and not jobs("payments.confirm")


def test_what_is_owed_for_a_bill_is_recorded_with_its_code_and_amount(settled: Attempt) -> None:
    bill, allocation = Bill.objects.get(), Allocation.objects.get()
    refund = owe_back(bill=bill, reason="r" * 70, actor=BY)
    assert refund is not None and refund.reason == "r" * 60 and refund.due_since == START
    assert (refund.subject, refund.fils, refund.payer) == (bill.subject, 10_000, bill.payer)
    act = one("bill.refund_due")
    assert (act.subject, act.actor_key) == (bill.key, BY.key)
    assert act.data == {"code": "r" * 70, "fils": 10_000, "refund": refund.key}
    assert bill.state == "refund_due" and bill.last_event is not None and bill.last_event.reason == "r" * 60
    assert [key for key, _due in jobs("payments.tell_owed_bill")] == [f"allocation:{allocation.pk}"]


def test_the_first_bill_names_who_gets_a_whole_payment_back(at_bank: Callable[..., Attempt], issue: Any) -> None:
    first, second = issue(1_000, subject="case:a"), issue(2_000, subject="case:b")
    attempt = at_bank(first, second)
    monkey = refunds.ledger.book_owed
    try:
        refunds.ledger.book_owed = lambda refund: None  # nothing was taken in this test
        with pytest.raises(DatabaseError, match="refund_without_payment"):
            refunds.owe_attempt(attempt, {second.pk: second, first.pk: first}, reason="nothing_due")
    finally:
        refunds.ledger.book_owed = monkey


def test_a_release_is_recorded_with_its_reason(settled: Attempt) -> None:
    owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    refunds.release(Allocation.objects.get(), reason="reversed_by_bank")
    refund = RefundDue.objects.get()
    assert refund.state == "released" and refund.last_event is not None and refund.last_event.reason == "reversed_by_bank"
    assert (one("refund.released").subject, one("refund.released").data) == (refund.key, {"reason": "reversed_by_bank"})
    refunds.release(Allocation.objects.get(), reason="reversed_by_bank")
    assert len(acts("refund.released")) == 1


# The way to the bank.


def test_a_payment_that_begins_is_recorded_with_its_bills(issue: Any, payer: Any) -> None:
    first, second = issue(1_000), issue(2_000, subject="case:b")
    attempt = start_attempt(bills=[second, first], payer=payer, language="xx", session_key="s")
    act = one("payment.started")
    assert (act.subject, act.actor_key) == (attempt.key, payer.key)
    assert act.data == {"fils": 3_000, "bills": [first.key, second.key]}
    assert (attempt.language, attempt.provider, attempt.created_at) == ("ar", "knet", START)
    assert start_attempt(bills=[first, second, first], payer=payer, language="en", session_key="s") == attempt
    assert sorted(attempt.allocations.values_list("bill", "fils", "is_open")) == [(first.pk, 1_000, True), (second.pk, 2_000, True)]


def test_giving_up_is_recorded_and_asks_at_once(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    give_up(attempt=attempt, payer=payer)
    assert (one("payment.given_up").subject, one("payment.given_up").actor_key) == (attempt.key, payer.key)
    assert Attempt.objects.get().hint == "given_up"
    key, due = jobs("payments.inquire")[-1]
    assert key.startswith(f"attempt:{attempt.pk}:given_up:") and due == seconds(0)


def test_the_same_reason_within_an_hour_is_one_promise(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    before = Job.objects.count()
    hour = int(START.timestamp()) // 3600
    for minutes in (0, 59):
        with clock.at(START + dt.timedelta(minutes=minutes)):
            attempts.enqueue_now(attempt, "ack", delay=3)
    assert Job.objects.count() == before + 1
    assert jobs("payments.inquire")[-1] == (f"attempt:{attempt.pk}:ack:{hour}:0", seconds(3))
    with clock.at(START + dt.timedelta(minutes=60)):
        attempts.enqueue_now(attempt, "ack")
    attempts.enqueue_now(attempt, "ack", turn=1)
    attempts.enqueue_now(attempt, "error")
    assert Job.objects.count() == before + 4
    job = Job.objects.filter(kind="payments.inquire").latest("pk")
    assert job.args == {"attempt_id": attempt.pk, "step": 0, "why": "error", "turn": 0}


def test_a_step_of_the_schedule_is_one_promise_at_its_time(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    attempts.enqueue_step(attempt, 3)
    attempts.enqueue_step(attempt, 3)
    assert jobs("payments.inquire") == [(f"attempt:{attempt.pk}:1", seconds(120)), (f"attempt:{attempt.pk}:3", seconds(600))]
    assert Job.objects.filter(kind="payments.inquire").latest("pk").args == {"attempt_id": attempt.pk, "step": 3}


def test_an_attempt_that_never_left_has_nothing_to_ask_about(issue: Any, payer: Any, bank: Book) -> None:
    attempt = start_attempt(bills=[issue()], payer=payer, language="ar", session_key="s")
    with pytest.raises(ValueError, match="never left"):
        attempts.enqueue_step(attempt, 1)
    with pytest.raises(ValueError, match="never left"):
        inquiries._due_step(attempt, START)
    inquiries.inquire(attempt_id=attempt.pk, step=1)
    assert bank.asked == []


# Asking.


def test_a_second_word_of_the_bank_changes_nothing_and_says_so(settled: Attempt, bank: Book) -> None:
    agreeing = Inquiry.objects.filter(attempt=settled, agrees=True).latest("pk")
    assert settle(attempt=settled, inquiry=agreeing) == []
    bank.decide(settled, "FAILURE(NOT CAPTURED)")
    against = inquiries.ask(settled)
    assert against is not None
    for _ in range(2):
        assert settlement.void_attempt(attempt=settled, inquiry=against) is True
    assert len(acts("payment.voided")) == 1


def test_a_reversal_that_nobody_can_be_told_is_work_for_a_person(settled: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    allocation = settled.allocations.get()
    Allocation.objects.filter(pk=allocation.pk).update(handed_over_at=START)
    monkeypatch.delitem(registry.PAYABLES, "tests.thing")
    with pytest.raises(PermanentFailure):
        settlement.notify_void(allocation_id=allocation.pk)


@pytest.mark.parametrize("size", [2, callbacks.MAX_BODY, callbacks.MAX_BODY + 1])
def test_a_signed_notice_is_kept_as_it_came_and_read_up_to_its_limit(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    class Signing:
        def read_notification(self, text: str) -> None:
            read.append(len(text))

    monkeypatch.setattr(callbacks, "provider_named", lambda name: Signing())
    callbacks.take_notice(provider="signing", body=b"x" * size, remote_addr="192.0.2.7")
    kept = GatewayMessage.objects.get()
    assert kept.attempt is None and kept.remote_addr == "192.0.2.7" and "xx" in kept.raw
    assert read == ([size] if size <= callbacks.MAX_BODY else [])


def test_a_worker_that_dies_leaves_one_receipt_document(settled: Attempt, store: Path) -> None:
    assert_ends_as_undisturbed(lambda: receipts.write_document(receipt_id=Receipt.objects.get().pk), ReceiptFacts)

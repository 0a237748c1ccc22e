"""What a payment leaves behind: the record, the jobs that were promised, and texts cut to their columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.audit.models import Act
from municipality.documents.models import Document
from municipality.documents.rendering import RendererMissing
from municipality.documents.signing import SignerMissing
from municipality.jobs.errors import Parked
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments import registry
from payments.models import Allocation, Attempt, Bill, GatewayMessage, Inquiry, Receipt, RefundDue
from payments.providers.port import Reply
from payments.rules import Answer
from payments.services import (
    attempts,
    give_up,
    inquiries,
    owe_back,
    receipts,
    refunds,
    returns,
    settle,
    settlement,
    start_attempt,
    void_bill,
)
from payments.states import AttemptState
from tests.payments.bank import Bank, Book
from tests.payments.conftest import START, run_due, walk
from tests.payments.services.test_returns import LATER, approve, propose

pytestmark = pytest.mark.django_db
BY = system("tests")


def acts(action: str) -> list[Act]:
    return list(Act.objects.filter(action=action).order_by("pk"))


def one(action: str) -> Act:
    (found,) = acts(action)
    return found


def jobs(kind: str) -> list[tuple[str, dt.timedelta]]:
    """Key and seconds from the start, in the order of promising."""
    return [(job.key, job.due_at - START) for job in Job.objects.filter(kind=kind).order_by("pk")]


def seconds(amount: float) -> dt.timedelta:
    return dt.timedelta(seconds=amount)


@pytest.fixture
def settled(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> Attempt:
    """A payment that our inquiry settled, at the start, before any job of it ran."""
    attempt = at_bank()
    bank.decide(attempt)
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None
    settle(attempt=attempt, inquiry=inquiry)
    assert attempt.state == AttemptState.PAID
    return Attempt.objects.get(pk=attempt.pk)


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


def test_a_refusal_counts_as_handed_over(settled: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(bill_id: int) -> None:
        raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable("tests.thing", refuse, refuse))
    with clock.at(START + seconds(5)):
        settlement.hand_over(allocation_id=Allocation.objects.get().pk)
    assert Allocation.objects.get().handed_over_at == START + seconds(5)
    assert RefundDue.objects.get().reason == "case_closed"


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
        settlement.tell_void(allocation_id=allocation.pk)
        assert paid_for["voided"] == []
        Allocation.objects.update(handed_over_at=START)
        settlement.tell_void(allocation_id=allocation.pk)
        assert paid_for["voided"] == [allocation.bill_id]
        inquiries.confirm(attempt_id=settled.pk)  # voided already: the bank is not asked again
        assert Inquiry.objects.count() == 2


def test_a_receipt_document_of_a_reversed_payment_is_revoked(settled: Attempt, bank: Book) -> None:
    from municipality.documents.services import activate
    from municipality.documents.states import DocumentState
    from payments.services.receipts import _drafted

    receipt = Receipt.objects.get()
    document = _drafted(receipt)
    assert _drafted(receipt) == document
    activate(document, content=b"%PDF-1.7", media_type="application/pdf", actor=BY)
    Receipt.objects.filter(pk=receipt.pk).update(document=document)
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
        with pytest.raises(Exception, match="refund_without_payment"):
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
            attempts.promise_now(attempt, "ack", delay=3)
    assert Job.objects.count() == before + 1
    assert jobs("payments.inquire")[-1] == (f"attempt:{attempt.pk}:ack:{hour}:0", seconds(3))
    with clock.at(START + dt.timedelta(minutes=60)):
        attempts.promise_now(attempt, "ack")
    attempts.promise_now(attempt, "ack", turn=1)
    attempts.promise_now(attempt, "error")
    assert Job.objects.count() == before + 4
    job = Job.objects.filter(kind="payments.inquire").latest("pk")
    assert job.args == {"attempt_id": attempt.pk, "step": 0, "why": "error", "turn": 0}


def test_a_step_of_the_schedule_is_one_promise_at_its_time(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    attempts.promise_step(attempt, 3)
    attempts.promise_step(attempt, 3)
    assert jobs("payments.inquire") == [(f"attempt:{attempt.pk}:1", seconds(120)), (f"attempt:{attempt.pk}:3", seconds(600))]
    assert Job.objects.filter(kind="payments.inquire").latest("pk").args == {"attempt_id": attempt.pk, "step": 3}


def test_an_attempt_that_never_left_has_nothing_to_ask_about(issue: Any, payer: Any, bank: Book) -> None:
    attempt = start_attempt(bills=[issue()], payer=payer, language="ar", session_key="s")
    with pytest.raises(ValueError, match="never left"):
        attempts.promise_step(attempt, 1)
    with pytest.raises(ValueError, match="never left"):
        inquiries._present_step(attempt, START)
    inquiries.inquire(attempt_id=attempt.pk, step=1)
    assert bank.asked == []


# Asking.


def told(monkeypatch: pytest.MonkeyPatch, answer: Answer, decoded: dict[str, str]) -> None:
    monkeypatch.setattr(Bank, "inquire", lambda self, *, trackid, fils: Reply(answer, "<q/>", "<a/>", decoded))


def test_an_answer_that_is_too_long_is_cut_to_the_columns(at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = at_bank()
    told(monkeypatch, Answer("R" * 200, trackid="T" * 60, payment_id="P" * 60), {})
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None
    assert (len(inquiry.result), len(inquiry.trackid), len(inquiry.payment_id)) == (120, 40, 40)
    assert (inquiry.outcome, inquiry.agrees, inquiry.at) == ("unknown", False, START)


def test_facts_that_are_too_long_are_cut_to_the_columns(
    at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch, paid_for: Any
) -> None:
    attempt = at_bank()
    answer = Answer("CAPTURED", trackid=attempt.trackid, payment_id="1" * 40, fils=10_000)
    told(monkeypatch, answer, dict.fromkeys(("ref", "auth", "postdate", "authrespcode"), "9" * 60))
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None
    settle(attempt=attempt, inquiry=inquiry)
    row = Attempt.objects.get()
    assert [len(text) for text in (row.ref, row.auth, row.postdate, row.auth_resp_code)] == [40, 20, 4, 10]
    assert (row.payment_id, row.tran_id) == ("1" * 40, None)


def test_both_messages_of_an_inquiry_are_kept_also_where_no_answer_came(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.is_down = True
    assert inquiries.ask(attempt) is None
    kept = GatewayMessage.objects.filter(kind__startswith="inquiry").order_by("pk").values_list("direction", "kind", "raw", "decoded", "at")
    assert list(kept) == [
        ("out", "inquiry_request", "<id>999901</id>", {}, START),
        ("in", "inquiry_response", "", {"failure": "ConnectTimeout"}, START),
    ]
    bank.is_down = False
    bank.decide(attempt)
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None and inquiry.message.decoded["trackid"] == attempt.trackid
    assert GatewayMessage.objects.filter(kind="inquiry_request").count() == 2


def test_a_transaction_number_of_another_payment_pays_nothing(
    at_bank: Callable[..., Attempt], issue: Any, bank: Book, paid_for: Any
) -> None:
    first, second = at_bank(), at_bank(issue(subject="case:b"))
    entry = bank.decide(first)
    settle(attempt=first, inquiry=inquiries.ask(first))  # type: ignore[arg-type]
    bank.decide(second).tran_id = entry.tran_id
    inquiry = inquiries.ask(second)
    assert inquiry is not None and (inquiry.outcome, inquiry.agrees) == ("mismatch", False)


def test_a_refusal_with_the_number_of_another_payment_stays_a_refusal(at_bank: Callable[..., Attempt], issue: Any, bank: Book) -> None:
    first, second = at_bank(), at_bank(issue(subject="case:b"))
    entry = bank.decide(first)
    settle(attempt=first, inquiry=inquiries.ask(first))  # type: ignore[arg-type]
    bank.decide(second, "NOT CAPTURED", payment_id=entry.payment_id)
    inquiry = inquiries.ask(second)
    assert inquiry is not None and (inquiry.outcome, inquiry.agrees) == ("declined", False)


def test_after_the_acknowledgement_the_bank_is_asked_six_times_within_minutes(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    attempts.promise_now(attempt, "ack")
    Job.objects.exclude(key__contains=":ack:").delete()
    times = []
    for second in range(400):
        with clock.at(START + seconds(second)):
            if run_due():
                times.append(second)
    assert times == [0, 5, 15, 35, 75, 135]
    turns = [job.args["turn"] for job in Job.objects.filter(key__contains=":ack:").order_by("pk")]
    assert turns == [0, 1, 2, 3, 4, 5]


def test_without_a_reason_the_next_inquiry_is_called_after_the_acknowledgement(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    inquiries.inquire(attempt_id=attempt.pk)
    assert jobs("payments.inquire")[-1][0].startswith(f"attempt:{attempt.pk}:ack:")


def test_a_declined_payment_is_asked_about_to_the_fifth_step(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "NOT CAPTURED")
    walk(24 * 60, step=20)
    assert Attempt.objects.get().state == AttemptState.DECLINED and len(bank.asked) == 5


def test_a_cancelled_payment_is_asked_about_to_the_end_of_the_day(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "CANCELED")
    walk(24 * 60, step=20)
    assert Attempt.objects.get().state == AttemptState.CANCELLED and len(bank.asked) == 29


@pytest.mark.parametrize(("moment", "state"), [(-1, "redirected"), (0, "expired")])
def test_the_page_is_over_at_its_very_end(moment: int, state: str, at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    with clock.at(START + seconds(1800 + moment)):
        inquiries.inquire(attempt_id=attempt.pk, step=1)
    assert Attempt.objects.get().state == state
    assert Allocation.objects.get().is_open is (state == "redirected")


def test_the_end_of_an_attempt_is_recorded_with_its_inquiry_and_the_banks_word(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "NOT CAPTURED")
    inquiries.inquire(attempt_id=attempt.pk, step=1)
    inquiry = Inquiry.objects.get()
    assert (one("payment.declined").subject, one("payment.declined").data) == (attempt.key, {"inquiry": inquiry.pk})
    row = Attempt.objects.get()
    assert row.last_event is not None and row.last_event.data == {"result": "NOT CAPTURED"}
    assert not Allocation.objects.get().is_open


def test_the_banks_word_in_an_event_is_cut(at_bank: Callable[..., Attempt], bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = at_bank()
    Attempt.objects.filter(pk=attempt.pk).update(hint="error")
    told(monkeypatch, Answer("!ERROR!-IPAY0100263-" + "x" * 100), {})
    inquiries.inquire(attempt_id=attempt.pk, step=1)
    row = Attempt.objects.get()
    assert row.last_event is not None and len(row.last_event.data["result"]) == 60


def test_a_doubt_is_recorded_once_with_its_reason(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, fils=1)
    for _time in range(2):
        inquiries.inquire(attempt_id=attempt.pk, step=1)
    assert (one("payment.mismatch").subject, one("payment.mismatch").data) == (attempt.key, {"reason": "disagrees"})
    row = Attempt.objects.get()
    assert row.last_event is not None and row.last_event.reason == "disagrees"
    assert Allocation.objects.get().is_open


def test_an_answer_that_disagrees_about_a_refused_payment_is_for_a_person(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "NOT CAPTURED")
    inquiries.inquire(attempt_id=attempt.pk, step=1)
    bank.decide(attempt, fils=1)
    inquiries.inquire(attempt_id=attempt.pk, step=2)
    assert Attempt.objects.get().state == AttemptState.MISMATCH and one("payment.mismatch").data == {"reason": "disagrees"}


def test_silence_at_the_last_step_is_for_a_person_and_before_it_is_not(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.is_down = True
    inquiries.inquire(attempt_id=attempt.pk, step=28)
    assert Attempt.objects.get().state == AttemptState.REDIRECTED
    inquiries.inquire(attempt_id=attempt.pk, step=29)
    assert Attempt.objects.get().state == AttemptState.MISMATCH and one("payment.mismatch").data == {"reason": "no_answer"}


def test_silence_about_a_declined_payment_changes_nothing(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "NOT CAPTURED")
    inquiries.inquire(attempt_id=attempt.pk, step=1)
    bank.is_down = True
    inquiries.inquire(attempt_id=attempt.pk, step=29)
    assert Attempt.objects.get().state == AttemptState.DECLINED


# After it was paid.


def test_a_payment_that_is_twice_not_found_is_taken_back(settled: Attempt, bank: Book) -> None:
    del bank.entries[settled.trackid]
    with clock.at(START + seconds(600)):
        inquiries.confirm(attempt_id=settled.pk)
        assert Attempt.objects.get().state == AttemptState.PAID
        assert jobs("payments.confirm")[-1] == (f"attempt:{settled.pk}:1", seconds(660))
        assert Job.objects.filter(kind="payments.confirm").latest("pk").args == {"attempt_id": settled.pk, "turn": 1}
        inquiries.confirm(attempt_id=settled.pk, turn=1)
    assert Attempt.objects.get().state == AttemptState.VOIDED


@pytest.mark.parametrize("result", ["PROCESSED", "FAILURE(SUSPECT)"])
def test_an_unclear_word_after_the_payment_is_asked_about_again(result: str, settled: Attempt, bank: Book) -> None:
    bank.decide(settled, result)
    with pytest.raises(inquiries.Unanswered, match="after the payment"):
        inquiries.confirm(attempt_id=settled.pk, turn=1)
    bank.is_down = True
    with pytest.raises(inquiries.Unanswered, match="no answer"):
        inquiries.confirm(attempt_id=settled.pk)
    assert Attempt.objects.get().state == AttemptState.PAID


def test_a_confirmation_that_agrees_changes_nothing(settled: Attempt) -> None:
    before = (Job.objects.count(), Act.objects.count())
    inquiries.confirm(attempt_id=settled.pk)
    assert Attempt.objects.get().state == AttemptState.PAID and (Job.objects.count(), Act.objects.count()) == before


# Sweeping up.


def test_the_sweep_expires_what_never_left_after_the_life_of_the_banks_page(issue: Any, payer: Any) -> None:
    for number in range(2):
        start_attempt(bills=[issue(subject=f"case:{number}")], payer=payer, language="ar", session_key="s")
    with clock.at(START + seconds(1800)):
        assert inquiries.sweep() == 0
    with clock.at(START + seconds(1801)):
        assert inquiries.sweep() == 2 and inquiries.sweep() == 0
    for row in Attempt.objects.all():
        assert row.state == AttemptState.EXPIRED and row.last_event is not None and row.last_event.data == {"result": "never_left"}
    assert not Allocation.objects.filter(is_open=True).exists()


@pytest.mark.parametrize(
    ("minutes", "step"), [(1, 1), (2, 2), (4.9, 2), (5, 3), (20, 5), (60, 7), (23 * 60, 29), (24 * 60, 29), (30 * 60, 29)]
)
def test_the_sweep_promises_the_present_step_again(minutes: float, step: int, at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    Job.objects.all().delete()
    with clock.at(START + dt.timedelta(minutes=minutes)):
        assert inquiries.sweep() == 0
        assert [key for key, _due in jobs("payments.inquire")] == [f"attempt:{attempt.pk}:{step}"]


def test_the_sweep_leaves_alone_what_is_settled(settled: Attempt) -> None:
    Job.objects.all().delete()
    with clock.at(START + dt.timedelta(hours=1)):
        assert inquiries.sweep() == 0
    assert not Job.objects.exists()


# Paying back.


@pytest.fixture
def owed(settled: Attempt) -> RefundDue:
    found = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    assert found is not None
    return found


def test_each_step_of_a_refund_is_recorded(owed: RefundDue, cashier: Any, checker: Any, bank: Book) -> None:
    propose(owed, cashier)
    assert owed.state == "proposed"
    facts = {"code": "service_refused", "way": "gateway", "fils": 10_000, "remaining": 10_000}
    act = one("refund.proposed")
    assert (act.subject, act.actor_key, act.actor_role, act.data) == (owed.key, cashier.key, "cashier", facts)
    returns.send_back_refund(refund=owed, checker=checker)
    back = one("refund.sent_back")
    assert (back.actor_key, back.actor_role, back.data) == (checker.key, "finance_checker", {"code": "service_refused"})
    propose(owed, cashier)
    approve(owed, checker)
    assert owed.state == "approved"
    act = one("refund.approved")
    assert (act.subject, act.actor_key, act.data) == (owed.key, checker.key, facts)
    row = RefundDue.objects.get()
    assert (row.approved_by, row.approved_at, row.remaining_fils, row.proposed_by) == (checker, START, 10_000, cashier)
    assert row.last_event is not None and row.last_event.data == {"remaining": 10_000}
    ((key, due),) = jobs("payments.send_refund")
    assert key == f"{row.key}:{row.last_event_id}" and due == seconds(600 + 2 * 60)
    with clock.at(LATER):
        returns.send_refund(refund_id=row.pk)
    act = one("refund.paid_out")
    assert act.data == {"fils": 10_000, "way": "gateway"}
    assert [key for key, _due in jobs("payments.tell_paid_out")] == [row.key]
    row = RefundDue.objects.get()
    assert (row.sent_at, row.paid_out_at) == (LATER, LATER)
    assert row.last_event is not None and row.last_event.data == {"reference": "632999000777"}
    bill = Bill.objects.get()
    assert bill.last_event is not None and bill.last_event.data == {"refund": row.key}


def test_a_refund_approved_late_is_sent_at_once(owed: RefundDue, cashier: Any, checker: Any) -> None:
    with clock.at(LATER):
        propose(owed, cashier)
        approve(owed, checker)
    assert jobs("payments.send_refund")[0][1] == LATER - START


def test_a_gateway_that_is_not_set_up_sends_nothing_and_the_amount_stays_owed(
    owed: RefundDue, cashier: Any, checker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from payments.providers.port import NotConfigured

    def missing(self: Any, **given: Any) -> Any:
        raise NotConfigured("KNET_PASSWORD")

    propose(owed, cashier)
    approve(owed, checker)
    monkeypatch.setattr(Bank, "refund", missing)
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
    row = RefundDue.objects.get()
    assert row.state == "due" and row.last_event is not None and row.last_event.reason == "gateway_unavailable"
    assert one("refund.failed").data == {"reason": "gateway_unavailable"}
    assert not GatewayMessage.objects.filter(kind__startswith="refund").exists()


@pytest.mark.parametrize(("day", "reason"), [("lost", "no_answer"), ("odd", "not_understood")])
def test_an_unknown_outcome_is_recorded_and_asked_about_by_the_schedule(
    day: str, reason: str, owed: RefundDue, cashier: Any, checker: Any, bank: Book
) -> None:
    propose(owed, cashier)
    approve(owed, checker)
    bank.refund_day = day
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
    row = RefundDue.objects.get()
    assert row.state == "unknown" and one("refund.unknown").data == {"reason": reason}
    assert row.last_event is not None and row.last_event.reason == reason
    promised = [(key, START + due - LATER) for key, due in jobs("payments.ask_refund")]
    assert promised == [
        (f"{row.key}:{row.last_event_id}:{step}", dt.timedelta(minutes=minutes))
        for step, minutes in enumerate((2, 5, 15, 60, 240, 720, 1440))
    ]
    kept = list(GatewayMessage.objects.filter(kind__startswith="refund").order_by("pk").values_list("kind", "raw", "decoded"))
    if day == "lost":
        assert kept == [("refund_request", "<action>2</action>", {}), ("refund_response", "", {"failure": "ReadTimeout"})]
    else:
        assert kept[0][1:] == ("<q/>", {}) and kept[1][1] == "<a/>" and kept[1][2]["result"] == "PROCESSED"


def test_a_refund_on_its_way_is_told_about_by_inquiries_whose_messages_are_kept(
    owed: RefundDue, cashier: Any, checker: Any, bank: Book
) -> None:
    returns.ask_refund(refund_id=owed.pk)
    assert len(bank.asked) == 1  # that of the settlement: nothing is asked about a refund that was not sent
    propose(owed, cashier)
    approve(owed, checker)
    bank.refund_day = "dropped"
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
        bank.is_down = True
        returns.ask_refund(refund_id=owed.pk)
    kept = GatewayMessage.objects.filter(kind="refund_response").latest("pk")
    assert kept.decoded == {"failure": "ConnectTimeout"} and RefundDue.objects.get().state == "unknown"
    bank.is_down = False
    with clock.at(LATER + dt.timedelta(minutes=15) - seconds(1)):
        returns.ask_refund(refund_id=owed.pk)
        assert RefundDue.objects.get().state == "unknown"
    with clock.at(LATER + dt.timedelta(minutes=15)):
        returns.ask_refund(refund_id=owed.pk)
    row = RefundDue.objects.get()
    assert row.state == "due" and row.last_event is not None and row.last_event.reason == "not_at_bank"
    assert GatewayMessage.objects.filter(kind="refund_response").count() == 4


def test_a_refund_that_the_bank_refused_after_it_took_the_payment_back_is_owed_no_more(
    owed: RefundDue, cashier: Any, checker: Any, bank: Book, settled: Attempt
) -> None:
    propose(owed, cashier)
    approve(owed, checker)
    bank.refund_day = "dropped"
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
        bank.decide(settled, "FAILURE(NOT CAPTURED)")
        inquiries.confirm(attempt_id=settled.pk)
        assert (Attempt.objects.get().state, RefundDue.objects.get().state) == (AttemptState.VOIDED, "unknown")
        returns.look_up_refund(refund=owed, found_by=cashier, is_paid=False)
        returns.confirm_finding(refund=owed, confirmed_by=checker, agrees=True)
    assert RefundDue.objects.get().state == "released"
    assert one("refund.failed").data == {"reason": "not_at_bank", "by": checker.key}
    assert one("refund.looked_up").data == {"paid": False} and one("refund.looked_up").actor_key == cashier.key
    assert one("refund.finding_decided").data == {"agrees": True, "paid": False}


def test_a_person_of_another_role_takes_no_step(owed: RefundDue, cashier: Any, checker: Any, payer: Any) -> None:
    from municipality.kernel.errors import NotPermitted

    for step in (
        lambda: propose(owed, checker),
        lambda: returns.send_back_refund(refund=owed, checker=cashier),
        lambda: approve(owed, payer),
        lambda: returns.look_up_refund(refund=owed, found_by=checker, is_paid=False),
        lambda: returns.confirm_finding(refund=owed, confirmed_by=cashier, agrees=True),
    ):
        with pytest.raises(NotPermitted) as refused:
            step()
        assert refused.value.code == "not_your_role"
    cashier.is_staff = False
    with pytest.raises(NotPermitted):
        propose(owed, cashier)


def test_a_reference_has_four_to_forty_letters_and_digits(owed: RefundDue, cashier: Any) -> None:
    from municipality.kernel.errors import Refused

    for reference in ("ABC", "A" * 41, "A B C"):
        with pytest.raises(Refused, match="bad_reference"):
            propose(owed, cashier, way="by_hand", bank_reference=reference)
    propose(owed, cashier, way="by_hand", bank_reference="A" * 40)
    assert RefundDue.objects.get().bank_reference == "A" * 40


def test_running_jobs_leaves_nothing_dead(settled: Attempt) -> None:
    with clock.at(LATER):
        run_due()
    assert not Job.objects.filter(state="dead").exists()


# The receipt's document.


@pytest.mark.parametrize(("missing", "capability"), [(RendererMissing("no library"), "renderer"), (SignerMissing("no key"), "signer")])
def test_a_receipt_waits_for_what_is_missing(
    missing: Exception, capability: str, settled: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(document: Any) -> bytes:
        raise missing

    monkeypatch.setattr(receipts.documents, "receipt_pdf", fails)
    with pytest.raises(Parked) as parked:
        receipts.write_document(receipt_id=Receipt.objects.get().pk)
    assert parked.value.capability == capability and Receipt.objects.get().document is None


def test_a_payment_reversed_while_its_receipt_is_drawn_gets_none(settled: Attempt, bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def draws(document: Any) -> bytes:
        bank.decide(settled, "NOT CAPTURED")
        inquiries.confirm(attempt_id=settled.pk)
        return b"%PDF-1.7"

    monkeypatch.setattr(receipts.documents, "receipt_pdf", draws)
    receipts.write_document(receipt_id=Receipt.objects.get().pk)
    assert Receipt.objects.get().document is None and Document.objects.get().state == "draft"
    receipts.write_document(receipt_id=Receipt.objects.get().pk)  # and is not drawn again
    assert Receipt.objects.get().document is None


def test_a_receipt_is_drawn_once(settled: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []

    def draws(document: Any) -> bytes:
        drawn.append(document)
        if len(drawn) == 1:  # another worker is quicker
            receipts.write_document(receipt_id=Receipt.objects.get().pk)
        return b"%PDF-1.7"

    monkeypatch.setattr(receipts.documents, "receipt_pdf", draws)
    for _time in range(2):
        receipts.write_document(receipt_id=Receipt.objects.get().pk)
    receipt = Receipt.objects.get()
    assert len(drawn) == 2 and receipt.document == drawn[0] == drawn[1]
    assert receipt.document is not None and (receipt.document.state, receipt.document.number) == ("active", receipt.number)


def test_whoever_gets_a_whole_payment_back_is_told(
    at_bank: Callable[..., Attempt], bank: Book, payer: Any, cashier: Any, checker: Any, paid_for: Any
) -> None:
    attempt = at_bank()
    bank.decide(attempt, "HOST TIMEOUT")
    inquiries.inquire(attempt_id=attempt.pk, step=1)
    void_bill(bill=Bill.objects.get(), actor=BY)
    bank.decide(attempt)
    inquiries.inquire(attempt_id=attempt.pk, step=2)
    refund = RefundDue.objects.get()
    propose(refund, cashier, code="nothing_was_due")
    approve(refund, checker)
    with clock.at(LATER):
        run_due()
    message = Message.objects.get(kind="payments.amount_paid_out")
    assert message.person == payer and "10.000" in message.body_en

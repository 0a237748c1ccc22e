"""What inquiries leave behind: their messages, the steps that were promised, and texts cut to their columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from payments.models import Allocation, Attempt, GatewayMessage, Inquiry
from payments.providers.port import BankReply
from payments.rules import InquiryAnswer
from payments.services import (
    attempts,
    inquiries,
    settle,
    start_attempt,
)
from payments.states import AttemptState
from tests.bank import Bank, Book
from tests.due_jobs import run_due
from tests.payments.conftest import START, walk
from tests.payments.records import jobs, one, seconds

pytestmark = pytest.mark.django_db


def told(monkeypatch: pytest.MonkeyPatch, answer: InquiryAnswer, decoded: dict[str, str]) -> None:
    monkeypatch.setattr(Bank, "inquire", lambda self, *, trackid, fils: BankReply(answer, "<q/>", "<a/>", decoded))


def test_an_answer_that_is_too_long_is_cut_to_the_columns(at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = at_bank()
    told(monkeypatch, InquiryAnswer("R" * 200, trackid="T" * 60, payment_id="P" * 60), {})
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None
    assert (len(inquiry.result), len(inquiry.trackid), len(inquiry.payment_id)) == (120, 40, 40)
    assert (inquiry.outcome, inquiry.agrees, inquiry.at) == ("unknown", False, START)


def test_facts_that_are_too_long_are_cut_to_the_columns(
    at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch, paid_for: Any
) -> None:
    attempt = at_bank()
    answer = InquiryAnswer("CAPTURED", trackid=attempt.trackid, payment_id="1" * 40, fils=10_000)
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
    attempts.enqueue_now(attempt, "ack")
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
    told(monkeypatch, InquiryAnswer("!ERROR!-IPAY0100263-" + "x" * 100), {})
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
    before = (Job.objects.count(), AuditEvent.objects.count())
    inquiries.confirm(attempt_id=settled.pk)
    assert Attempt.objects.get().state == AttemptState.PAID and (Job.objects.count(), AuditEvent.objects.count()) == before


# Sweeping up.


def test_an_attempt_that_cannot_be_expired_holds_no_other_up(issue: Any, payer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = (start_attempt(bills=[issue(subject=f"case:{n}")], payer=payer, language="en", session_key=f"s{n}") for n in range(2))
    move = inquiries.transition

    def fails_for_one(row: Any, *given: Any, **named: Any) -> Any:
        if row.pk == bad.pk:
            raise ZeroDivisionError
        return move(row, *given, **named)

    monkeypatch.setattr(inquiries, "transition", fails_for_one)
    with clock.at(clock.now() + dt.timedelta(hours=1)):
        assert inquiries.sweep() == 1
    assert [Attempt.objects.get(pk=row.pk).state for row in (bad, good)] == [AttemptState.CREATED, AttemptState.EXPIRED]


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

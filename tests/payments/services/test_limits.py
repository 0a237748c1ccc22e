"""Where one more or one less makes the difference: limits, last days, empty things."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock, guards, money
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from payments.models import Allocation, Attempt, Bill, GatewayMessage, LedgerPosting
from payments.providers.knet import codec
from payments.services import (
    attempts,
    basket,
    give_up,
    inquiries,
    issue_bill,
    ledger,
    note_error,
    redirect_url,
    start_attempt,
    take_notification,
)
from payments.services.callbacks import trandata_in
from payments.services.ledger import Leg
from payments.states import AttemptState
from tests.bank import KEY, Book, notification, result_text
from tests.due_jobs import run_due
from tests.factories.payments import bill_line
from tests.payments.conftest import START

pytestmark = pytest.mark.django_db
BY = system("tests")
HEX = "0123456789abcdefABCDEF0123456789"


def begin(payer: Any, *bills: Bill, **more: Any) -> Attempt:
    return start_attempt(bills=bills, payer=payer, **({"language": "ar", "session_key": "s"} | more))


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises((Refused, NotPermitted, TransitionRefused)) as refused:
        call()
    return str(refused.value.code)


# Beginning a payment.


def test_the_last_day_of_a_bill_is_a_day_to_pay(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue(due_until=dt.date(2026, 11, 24))
    assert begin(payer, bill).fils == 10_000
    late = issue(subject="case:b", due_until=dt.date(2026, 11, 23))
    assert code_of(lambda: begin(payer, late)) == "too_late"


def test_a_payment_of_the_largest_amount_begins_and_of_one_fils_more_does_not(issue: Callable[..., Bill], payer: Any) -> None:
    most, least, rest = issue(money.MAX_FILS - 1), issue(1, subject="case:b"), issue(1, subject="case:c")
    assert code_of(lambda: begin(payer, most, least, rest)) == "too_much"
    assert begin(payer, most, least).fils == money.MAX_FILS


def test_no_bill_and_a_bill_that_does_not_exist_begin_nothing(issue: Callable[..., Bill], payer: Any) -> None:
    assert code_of(lambda: begin(payer)) == "no_bill"
    bill, other = issue(), issue(subject="case:b")
    other.pk = 10**9
    assert code_of(lambda: begin(payer, bill, other)) == "no_bill"
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(("asked", "kept"), [("en", "en"), ("ar", "ar"), ("fr", "ar"), ("", "ar")])
def test_the_banks_page_is_in_arabic_unless_english_was_asked_for(asked: str, kept: str, issue: Callable[..., Bill], payer: Any) -> None:
    assert begin(payer, issue(), language=asked).language == kept


def test_a_tab_that_comes_second_at_the_same_moment_joins_the_first(
    issue: Callable[..., Bill], payer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = issue()
    first = begin(payer, bill)
    look, looked = attempts._open_attempt, []

    def late(bill_ids: list[int]) -> Attempt | None:
        looked.append(bill_ids)
        return None if len(looked) == 1 else look(bill_ids)

    monkeypatch.setattr(attempts, "_open_attempt", late)
    assert begin(payer, bill) == first and len(looked) == 2
    assert Attempt.objects.get() == first and AuditEvent.objects.filter(action="payment.started").count() == 1


def test_bills_of_two_open_payments_are_not_joined(issue: Callable[..., Bill], payer: Any) -> None:
    first, second = issue(), issue(subject="case:b")
    begin(payer, first), begin(payer, second)
    assert code_of(lambda: begin(payer, first, second)) == "open_elsewhere"


def test_an_amount_that_does_not_equal_its_bills_never_leaves(issue: Callable[..., Bill], payer: Any) -> None:
    attempt = begin(payer, issue())
    with transaction.atomic():
        guards.remove(connection)  # the database itself lets nobody change the amount
        Attempt.objects.update(fils=9_999)
        with pytest.raises(RuntimeError, match="does not equal its bills"):
            redirect_url(attempt)
        assert Attempt.objects.get().state == AttemptState.CREATED
        transaction.set_rollback(True)


@pytest.mark.parametrize(("seconds", "goes_to_bank"), [(4.9, True), (5, False)])
def test_a_click_within_five_seconds_is_a_double_click(seconds: float, goes_to_bank: bool, issue: Callable[..., Bill], payer: Any) -> None:
    attempt = begin(payer, issue())
    redirect_url(attempt)
    assert (attempt.state, attempt.redirected_at) == (AttemptState.REDIRECTED, START)
    with clock.at(START + dt.timedelta(seconds=seconds)):
        assert ("PaymentHTTP" in redirect_url(attempt)) is goes_to_bank
    assert GatewayMessage.objects.count() == 1 and attempt.events.filter(to_state=AttemptState.REDIRECTED).count() == 1


def test_a_payment_that_the_bank_acknowledged_already_goes_to_the_receipt_page_at_once(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    take_notification(body=notification(attempt).encode(), query={}, remote_addr="")
    assert redirect_url(attempt) == f"https://portal.example.test/pay/r/{attempt.token}"


def test_the_order_is_kept_as_it_left_and_by_whom(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    kept = GatewayMessage.objects.get()
    assert (kept.direction, kept.kind, kept.at, kept.decoded["trackid"]) == ("out", "init", START, attempt.trackid)
    event = attempt.events.get(to_state=AttemptState.REDIRECTED)
    assert event.actor_key == payer.key


def test_only_what_left_can_be_given_up(issue: Callable[..., Bill], payer: Any) -> None:
    attempt = begin(payer, issue())
    assert code_of(lambda: give_up(attempt=attempt, payer=payer)) == "no_such_move"
    assert Attempt.objects.get().hint == "" and not Job.objects.exists()


def test_giving_up_keeps_what_the_bank_hinted_before(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    take_notification(body=notification(attempt).encode(), query={}, remote_addr="")
    give_up(attempt=attempt, payer=payer)
    assert Attempt.objects.get().hint == "captured"


# What comes in.


def test_the_ciphertext_is_found_in_one_field_the_query_or_the_whole_body() -> None:
    assert trandata_in(HEX.encode(), {}) == HEX
    assert trandata_in(f" {HEX}\n".encode(), {}) == HEX
    assert trandata_in(f"trandata={HEX}&a=1".encode(), {}) == HEX
    assert trandata_in(b"", {"trandata": f" {HEX} "}) == HEX
    assert trandata_in(f"trandata={HEX}".encode(), {"trandata": HEX * 2}) == HEX
    for body in (f"trandata={HEX}&trandata={HEX}", HEX[:-1], HEX + "0", f"other={HEX}", "trandata=", ""):
        assert trandata_in(body.encode(), {}) == ""
    assert trandata_in(b"\xff" + HEX.encode(), {}) == ""


def test_a_body_has_sixty_fields_at_most() -> None:
    many = "&".join(f"f{number}=1" for number in range(59))
    assert trandata_in(f"{many}&trandata={HEX}".encode(), {}) == HEX
    assert trandata_in(f"{many}&one=1&trandata={HEX}".encode(), {}) == ""


def kept() -> GatewayMessage:
    return GatewayMessage.objects.filter(direction="in").latest("pk")


@pytest.mark.parametrize("size", [512, 513, 16 * 1024, 16 * 1024 + 1])
def test_the_head_the_length_and_the_digest_of_what_is_not_the_banks_are_kept(size: int, db: None) -> None:
    take_notification(body=b"z" * size, query={}, remote_addr="")
    assert (kept().raw, kept().size, kept().fingerprint) == ("z" * 512, size, "")
    assert kept().sha256 == hashlib.sha256(b"z" * size).hexdigest()


def test_a_notification_of_sixteen_kibibytes_is_read(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    text = result_text(attempt) + "&pad="
    body = codec.encrypt(KEY, text + "x" * (8191 - len(text)))
    assert len(body) == 16 * 1024
    assert take_notification(body=body.encode(), query={}, remote_addr="").endswith(f"/pay/r/{attempt.token}")
    assert Attempt.objects.get().state == AttemptState.CONFIRMING
    assert (kept().raw, kept().size) == (body, 16 * 1024)


def test_a_field_in_the_clear_is_read_up_to_sixteen_kibibytes(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    for length, hint in ((16 * 1024 + 1, ""), (16 * 1024, "error")):
        start = f"trackid={attempt.trackid}&x="
        take_notification(body=(start + "z" * (length - len(start))).encode(), query={}, remote_addr="")
        assert Attempt.objects.get().hint == hint


def test_bytes_that_are_no_text_are_kept_readable(db: None) -> None:
    take_notification(body=b"\xff\x00a", query={"ignored": "1"}, remote_addr="2001:db8::" + "1" * 60)
    assert kept().raw == "\\xff\\x00a" and len(kept().remote_addr) == 45
    assert (kept().kind, kept().at, kept().attempt, kept().decoded) == ("notification", START, None, {})


def test_an_empty_body_is_kept_as_its_query_in_order(db: None) -> None:
    take_notification(body=b"", query={"b": "2", "a": "1"}, remote_addr="")
    assert kept().raw == "a=1&b=2"
    take_notification(body=b"", query={"a": "x" * 20_000}, remote_addr="")
    assert (len(kept().raw), kept().size) == (512, 20_002)
    take_notification(body=b"", query={}, remote_addr="")
    assert kept().raw == ""


def test_a_notification_of_an_attempt_that_never_left_leaves_a_hint_only(issue: Callable[..., Bill], payer: Any) -> None:
    attempt = begin(payer, issue())
    take_notification(body=notification(attempt).encode(), query={}, remote_addr="")
    row = Attempt.objects.get()
    assert (row.state, row.hint) == (AttemptState.CREATED, "captured") and not Job.objects.exists()


def test_a_notification_of_a_refused_payment_makes_us_ask_again(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "NOT CAPTURED")
    with clock.at(START + dt.timedelta(minutes=2)):
        run_due()
        assert Attempt.objects.get().state == AttemptState.DECLINED
        before = Job.objects.count()
        take_notification(body=notification(attempt).encode(), query={}, remote_addr="")
        assert Job.objects.count() == before + 1
        assert Job.objects.latest("pk").due_at == clock.now() + dt.timedelta(seconds=3)
    assert Attempt.objects.get().state == AttemptState.DECLINED


def test_the_first_hint_stays(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    take_notification(body=notification(attempt, "CANCELED").encode(), query={}, remote_addr="")
    take_notification(body=notification(attempt, "CAPTURED").encode(), query={}, remote_addr="")
    take_notification(body=urlencode({"trackid": attempt.trackid}).encode(), query={}, remote_addr="")
    assert Attempt.objects.get().hint == "cancelled"
    event = attempt.events.get(to_state=AttemptState.CONFIRMING)
    assert event.data == {"hint": "cancelled"}


# The page of errors.


def error(person: Any, **query: str) -> Attempt | None:
    return note_error(query=query, remote_addr="192.0.2.9", person=person)


def test_an_error_with_a_track_id_is_about_that_payment_and_no_other(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    assert error(payer, Error="IPAY0100055", trackid="UNKNOWN") is None
    assert Attempt.objects.get().hint == ""
    assert error(payer, Error="IPAY0100055", trackid=attempt.trackid) == attempt
    assert Attempt.objects.get().hint == "error"
    message = kept()
    assert (message.kind, message.attempt, message.raw) == ("error", attempt, f"Error=IPAY0100055&trackid={attempt.trackid}")
    assert message.remote_addr == "192.0.2.9"


@pytest.mark.parametrize(("hours", "is_found"), [(24, True), (24.01, False)])
def test_without_a_track_id_it_is_the_last_payment_of_the_last_day(
    hours: float, is_found: bool, at_bank: Callable[..., Attempt], issue: Callable[..., Bill], payer: Any
) -> None:
    at_bank()
    last = at_bank(issue(subject="case:b"))
    with clock.at(START + dt.timedelta(hours=hours)):
        assert error(payer, Error="IPAY0100055") == (last if is_found else None)


def test_somebody_who_is_not_signed_in_is_told_nothing_and_it_is_kept(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    for person in (None, AnonymousUser()):
        assert error(person, Error="IPAY0100055", trackid=attempt.trackid) is None
        assert error(person, Error="IPAY0100055") is None
    assert Attempt.objects.get().hint == "" and GatewayMessage.objects.filter(kind="error").count() == 4


def test_an_error_after_the_outcome_is_known_asks_nothing(at_bank: Callable[..., Attempt], bank: Book, payer: Any) -> None:
    attempt = at_bank()
    bank.decide(attempt, "NOT CAPTURED")
    with clock.at(START + dt.timedelta(minutes=2)):
        run_due()
        before = Job.objects.count()
        assert error(payer, Error="IPAY0100055", trackid=attempt.trackid) == attempt
    assert Job.objects.count() == before and Attempt.objects.get().hint == ""


# Bills and the basket.


def test_a_cancelled_bill_is_recorded_with_its_reason(issue: Callable[..., Bill]) -> None:
    from payments.services import void_bill

    bill = issue()
    void_bill(bill=bill, actor=BY, reason="duplicate")
    act = AuditEvent.objects.get(action="bill.voided")
    assert (act.subject, act.actor_key, act.data) == (bill.key, BY.key, {"reason": "duplicate"})
    assert bill.state == "void" and bill.last_event is not None and bill.last_event.reason == "duplicate"


def test_an_issued_bill_is_recorded_and_dated(payer: Any) -> None:
    bill = issue_bill(
        kind="tests.thing",
        subject="case:abc",
        payer=payer,
        title_ar="أ",
        title_en="a",
        lines=[bill_line(5), bill_line(6, "stamp")],
        actor=BY,
    )
    act = AuditEvent.objects.get(action="bill.issued")
    assert act.data == {"kind": "tests.thing", "about": "case:abc", "fils": 11, "lines": 2}
    assert (bill.issued_at, bill.due_until) == (START, None)
    with pytest.raises(ValueError, match="subject"):
        issue_bill(kind="tests.thing", subject="no subject", payer=payer, title_ar="أ", title_en="a", lines=[bill_line(5)], actor=BY)


def test_a_basket_holds_six_hundred_lines_and_amounts_of_twelve_digits() -> None:
    most = [f"due:x:{number}:1" for number in range(600)]
    assert len(basket.chosen_values(most)) == 600
    assert code_of(lambda: basket.chosen_values([*most, "due:x:600:1"])) == "not_in_basket"
    assert basket.chosen_values(["bill:a:" + "9" * 12]) == {"bill:a": 999_999_999_999}
    for value in ("bill:a:" + "9" * 13, ":5", "5", "bill:a:", "bill:a:٥", "bill:a:-5", "bill:a:1.0"):
        assert code_of(lambda value=value: basket.chosen_values([value])) == "not_in_basket"


# The ledger.


@pytest.mark.parametrize(
    "legs",
    [
        [Leg("a", debit=-1), Leg("b", credit=-1)],
        [Leg("a", debit=2), Leg("b", credit=3), Leg("c", credit=-1)],
        [Leg("a", debit=2, credit=1), Leg("b", credit=1)],
        [Leg("a", debit=1), Leg("b", credit=1), Leg("c")],
    ],
)
def test_a_side_is_one_amount_above_nought(legs: list[Leg]) -> None:
    with pytest.raises(ValueError, match="a posting of"):
        ledger.balanced(legs)


def test_one_fils_is_a_posting() -> None:
    assert ledger.balanced([Leg("a", debit=1), Leg("b", credit=1)]) == 1


def test_a_leg_is_not_changed_after_it_was_judged() -> None:
    with pytest.raises(AttributeError):
        Leg("a", debit=1).debit = 2  # type: ignore[misc]


def test_a_posting_is_not_reversed_twice_nor_without_a_reason(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    from payments.services import inquiries, settle

    attempt = at_bank()
    bank.decide(attempt)
    settle(attempt=attempt, inquiry=inquiries.ask(attempt))  # type: ignore[arg-type]
    posting = LedgerPosting.objects.get()
    with pytest.raises(ValueError, match="for a reason"):
        ledger.reverse([posting], reason="")
    with transaction.atomic():
        ledger.reverse([posting], reason="r" * 70)
        made = LedgerPosting.objects.get(reversal_of=posting)
        assert (made.kind, made.key, made.reason, made.at) == ("reversal", f"reversal:{posting.key}", "r" * 60, START)
        assert (made.attempt_id, made.bill_id, made.receipt_id) == (posting.attempt_id, posting.bill_id, posting.receipt_id)
        with pytest.raises(IntegrityError), transaction.atomic():
            ledger.reverse([posting], reason="again")
        transaction.set_rollback(True)
    assert Allocation.objects.get().is_settled


def test_a_bill_that_a_late_capture_paid_is_not_begun_again_by_the_attempt_that_is_open(
    issue: Any, payer: Any, at_bank: Any, bank: Any, paid_for: Any
) -> None:
    bill = issue()
    first = at_bank(bill)
    bank.decide(first, "NOT CAPTURED")
    inquiries.inquire(attempt_id=first.pk)
    second = start_attempt(bills=[bill], payer=payer, language="ar", session_key="s")
    bank.decide(first)
    inquiries.inquire(attempt_id=first.pk)
    assert Bill.objects.get().state == "paid"
    for again in (lambda: redirect_url(second), lambda: start_attempt(bills=[bill], payer=payer, language="ar", session_key="s")):
        with pytest.raises(Refused) as refused:
            again()
        assert refused.value.code == "not_due"

"""The daily match at its edges: midnight in Kuwait, several refunds of one payment, the same thing twice, and what is recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from payments.models import Attempt, Bill, Difference, LedgerPosting, RefundDue
from payments.services import inquiries, owe_back, reconciliation, settle
from payments.services.differences import add_note, ask_gateway, close_difference, propose_closing
from payments.services.reconciliation import days, drop_statement, load_statement, take_statement
from tests.bank import Book
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.payments.bank_statements import content, line, take
from tests.payments.conftest import START
from tests.payments.refunds import LATER, approve, propose

pytestmark = pytest.mark.django_db
BY = system("tests")
MIDNIGHT = dt.datetime(2026, 11, 24, 21, 0, tzinfo=dt.UTC)  # the twenty-fifth begins in Kuwait


def one(action: str) -> AuditEvent:
    return AuditEvent.objects.get(action=action)


@pytest.fixture
def pay(at_bank: Callable[..., Attempt], issue: Any, bank: Book, paid_for: Any) -> Callable[..., Attempt]:
    """Settle a payment at a moment."""

    def make(fils: int = 10_000, at: dt.datetime = START) -> Attempt:
        with clock.at(at):
            attempt = at_bank(issue(fils, subject=f"case:{Bill.objects.count()}"))
            bank.decide(attempt)
            inquiry = inquiries.ask(attempt)
            assert inquiry is not None
            settle(attempt=attempt, inquiry=inquiry)
        return Attempt.objects.get(pk=attempt.pk)

    return make


def give_back(attempt: Attempt, cashier: Any, checker: Any, at: dt.datetime = LATER) -> list[RefundDue]:
    """Owe back and pay out every bill of a payment, one after the other."""
    refunds = []
    for bill in Bill.objects.filter(allocations__attempt=attempt).order_by("pk"):
        refund = owe_back(bill=bill, reason="shop_closed", actor=BY)
        assert refund is not None
        with clock.at(at):
            propose(refund, cashier)
            approve(refund, checker)
            run_due(("payments.send_refund",))
        refunds.append(refund)
    return refunds


def test_a_file_is_recorded_when_it_is_loaded_put_aside_and_taken(pay: Callable[..., Attempt], cashier: Any) -> None:
    attempt = pay()
    text = content(line(attempt, 10_000), line("X", 4_000, "REFUND", "2026-11-26"), line("Y", 1, day="2026-11-23"))
    statement = load_statement(content=text, file_name="a/b?" + "x" * 130 + ".csv", loaded_by=cashier)
    assert (statement.first_day, statement.last_day) == (dt.date(2026, 11, 23), dt.date(2026, 11, 26))
    assert (statement.count, statement.fils, statement.provider, statement.loaded_at) == (3, 6_001, "knet", START)
    assert len(statement.file_name) == 120 and statement.file_name.endswith(".csv")
    act = one("statement.loaded")
    assert (act.subject, act.actor_key, act.actor_role) == (statement.key, cashier.key, "cashier")
    assert act.data == {"sha256": statement.sha256, "lines": 3, "fils": 6_001}
    drop_statement(statement=statement, dropped_by=cashier)
    statement.refresh_from_db()
    assert statement.dropped_at == START and one("statement.dropped").subject == statement.key
    with pytest.raises(Refused, match="decided_already"):
        drop_statement(statement=statement, dropped_by=cashier)
    again = load_statement(content=text, file_name="a b.csv", loaded_by=cashier)
    assert again.file_name == "a b.csv"
    found = take_statement(statement=again, taken_by=cashier)
    again.refresh_from_db()
    assert (again.taken_by, again.taken_at) == (cashier, START)
    assert one("statement.taken").data == {"differences": len(found)} and len(found) == 2
    with pytest.raises(Refused, match="decided_already"):
        drop_statement(statement=again, dropped_by=cashier)


def test_only_a_cashier_loads_takes_and_puts_aside(pay: Callable[..., Attempt], cashier: Any, checker: Any, payer: Any) -> None:
    text = content(line(pay()))
    statement = load_statement(content=text, file_name="x", loaded_by=cashier)
    cashier_at_home = type(cashier).objects.get(pk=cashier.pk)
    cashier_at_home.is_staff = False
    for person in (checker, payer, cashier_at_home):
        for step in (
            lambda person=person: load_statement(content=text + b"\n", file_name="x", loaded_by=person),
            lambda person=person: drop_statement(statement=statement, dropped_by=person),
            lambda person=person: take_statement(statement=statement, taken_by=person),
        ):
            with pytest.raises(NotPermitted, match="not_your_role"):
                step()


def test_a_payment_belongs_to_the_day_in_kuwait(pay: Callable[..., Attempt], cashier: Any) -> None:
    last, first = pay(1_000, MIDNIGHT - dt.timedelta(seconds=1)), pay(2_000, MIDNIGHT)
    begin = pay(4_000, MIDNIGHT - dt.timedelta(days=1))
    before = pay(8_000, MIDNIGHT - dt.timedelta(days=1, seconds=1))
    with clock.at(MIDNIGHT + dt.timedelta(hours=9)):
        found = take(cashier, line("OTHER", 5_000, day="2026-11-24"))
        missing = {d.trackid: (d.day, d.ledger_fils) for d in found if d.kind == "missing_at_bank"}
        assert missing == {last.trackid: (dt.date(2026, 11, 24), 1_000), begin.trackid: (dt.date(2026, 11, 24), 4_000)}
        assert [(d.day.day, d.bank, d.gateway, d.ledger) for d in days(count=3)] == [
            (25, None, 2_000, 2_000),
            (24, 5_000, 5_000, 5_000),
            (23, None, 8_000, 8_000),
        ]
        assert len(days()) == 15, "today and every day that `not_compared` asks for"
    assert first.settled_at == MIDNIGHT and before.settled_at is not None


def totals(count: int = 3) -> list[tuple[int, int, int]]:
    return [(row.day.day, row.gateway, row.ledger) for row in days(count=count)]


@pytest.mark.parametrize(("at", "settled_day"), [(START, (24, 0, 0)), (MIDNIGHT - dt.timedelta(minutes=5), (24, 10_000, 10_000))])
def test_a_day_of_a_reversal_agrees_and_so_does_one_on_which_the_bank_holds_it_after_all(
    at: dt.datetime, settled_day: tuple[int, int, int], pay: Callable[..., Attempt], bank: Book, cashier: Any
) -> None:
    attempt = pay(10_000, at)
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    with clock.at(at + dt.timedelta(minutes=11)):
        run_due(("payments.confirm",))
        assert Attempt.objects.get().state == "voided"
    reversed_day = (25, -10_000, -10_000) if settled_day[1] else (25, 0, 0)
    with clock.at(MIDNIGHT + dt.timedelta(hours=2)):
        assert totals() == [reversed_day, settled_day, (23, 0, 0)]
    with clock.at(MIDNIGHT + dt.timedelta(days=1, hours=2)):
        (found,) = take(cashier, line(attempt, day="2026-11-26"))
        bank.decide(attempt)
        ask_gateway(difference=found, by=cashier)
        run_due(("payments.inquire",))
        assert Attempt.objects.get().state == "refund_due"
        assert totals() == [(26, 10_000, 10_000), reversed_day, settled_day] and days(count=1)[0].agrees


def test_what_is_missing_names_its_posting_and_is_listed_once(pay: Callable[..., Attempt], cashier: Any) -> None:
    attempt, other = pay(), pay(3_000)
    (found,) = take(cashier, line(other, 3_000))
    assert found.posting == LedgerPosting.objects.get(attempt=attempt)
    assert (found.attempt, found.line, found.trackid, found.found_at) == (attempt, None, attempt.trackid, START)
    assert (found.bank_fils, found.ledger_fils) == (0, 10_000)
    assert [d.kind for d in take(cashier, line("NEW", 1_000))] == ["missing_in_ledger"]  # and the missing one not again
    assert Difference.objects.count() == 2


def test_a_difference_names_the_line_and_its_day(pay: Callable[..., Attempt], cashier: Any) -> None:
    attempt = pay()
    (found,) = take(cashier, line(attempt, 10_001, day="2026-11-22"))
    assert (found.kind, found.day, found.bank_fils, found.ledger_fils) == ("amount_differs", dt.date(2026, 11, 22), 10_001, 10_000)
    assert found.line is not None and found.line.number == 2 and found.posting == LedgerPosting.objects.get()
    (twin,) = take(cashier, line(attempt, 10_001, day="2026-11-22"), line("Z" * 5, 1))[:1]
    assert (twin.kind, twin.attempt, twin.bank_fils, twin.ledger_fils) == ("duplicate", attempt, 10_001, 0)


def test_a_movement_without_a_reference_is_known_by_its_amount(pay: Callable[..., Attempt], cashier: Any) -> None:
    attempt = pay()
    assert [d.kind for d in take(cashier, line(attempt, 10_000, ref=""), line(attempt, 10_000, ref=""))] == ["duplicate"]


def test_the_gateway_differs_where_no_inquiry_agreed_or_another_number_stands(pay: Callable[..., Attempt], cashier: Any) -> None:
    attempt, other = pay(), pay(2_000)
    blank = line(attempt).replace(str(attempt.payment_id), "")
    swapped = line(other, 2_000).replace(str(other.payment_id), "5")
    (found,) = take(cashier, blank, swapped)
    assert (found.kind, found.trackid, found.bank_fils, found.ledger_fils) == ("gateway_differs", other.trackid, 2_000, 2_000)


def test_two_refunds_of_one_payment_are_compared_by_their_sum(
    at_bank: Callable[..., Attempt], issue: Any, bank: Book, paid_for: Any, cashier: Any, checker: Any
) -> None:
    attempt = at_bank(issue(3_000, subject="case:1"), issue(4_000, subject="case:2"))
    bank.decide(attempt)
    settle(attempt=attempt, inquiry=inquiries.ask(attempt))  # type: ignore[arg-type]
    attempt.refresh_from_db()
    give_back(attempt, cashier, checker)
    assert {r.state for r in RefundDue.objects.all()} == {"paid_out"}
    with clock.at(LATER):
        found = take(cashier, line(attempt, 7_000), line(attempt, 3_000, "REFUND", ref="R1"))
        assert [(d.kind, d.bank_fils, d.ledger_fils) for d in found] == [("amount_differs", 3_000, 7_000)]
        assert found[0].posting is not None and found[0].posting.kind == "refund"
        assert take(cashier, line(attempt, 4_000, "REFUND", ref="R2")) == []
        assert days(count=1)[0] == reconciliation.DayTotals(dt.date(2026, 11, 24), 0, 0, 0)


def test_a_refund_of_nothing_we_know_is_on_the_list(pay: Callable[..., Attempt], cashier: Any) -> None:
    attempt = pay()
    found = take(cashier, line(attempt), line("GHOST", 500, "REFUND", ref="R1"), line(attempt, 600, "REFUND", ref="R2"))
    assert sorted((d.kind, d.trackid, d.bank_fils, d.ledger_fils, d.posting) for d in found) == sorted(
        [("missing_in_ledger", "GHOST", 500, 0, None), ("missing_in_ledger", attempt.trackid, 600, 0, None)]
    )


@pytest.mark.parametrize(("at", "is_missing"), [(MIDNIGHT - dt.timedelta(seconds=1), True), (MIDNIGHT, False)])
def test_a_refund_that_the_file_lacks_is_missing_on_its_own_day(
    at: dt.datetime, is_missing: bool, pay: Callable[..., Attempt], cashier: Any, checker: Any
) -> None:
    attempt = pay()
    (refund,) = give_back(attempt, cashier, checker, at)
    with clock.at(MIDNIGHT + dt.timedelta(hours=9)):
        found = take(cashier, line(attempt))
    assert [d.key_text for d in found] == ([f"refund-not-at-bank:{refund.public_id}"] if is_missing else [])
    if is_missing:
        assert (found[0].ledger_fils, found[0].attempt) == (10_000, attempt)
        assert found[0].posting is not None and found[0].posting.refund == refund


def test_a_refund_by_hand_is_no_matter_of_the_gateways_file(pay: Callable[..., Attempt], cashier: Any, checker: Any) -> None:
    attempt = pay()
    refund = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    assert refund is not None
    propose(refund, cashier, way="by_hand", bank_reference="TRF-1")
    with clock.at(LATER):
        run_due(("payments.confirm",))
        approve(refund, checker)
    assert take(cashier, line(attempt)) == []
    assert reconciliation.returned_of([attempt.pk]) == {}
    with clock.at(LATER):
        totals = [row for row in days(count=3) if row.by_hand]
        assert [(row.by_hand, row.agrees) for row in totals] == [(attempt.fils, True)], "it passed neither the gateway nor its file"
        page = signed_in(cashier).get("/admin/payments/difference/days/").content.decode()
    assert "وأُعيد إضافةً إلى ذلك" in page and "مختلف" not in page


def test_an_unknown_refund_is_settled_only_by_a_line_of_its_own_amount(
    pay: Callable[..., Attempt], bank: Book, cashier: Any, checker: Any
) -> None:
    attempt = pay()
    bank.refund_day = "lost"
    (refund,) = give_back(attempt, cashier, checker)
    with clock.at(LATER):
        take(cashier, line(attempt), line(attempt, 9_999, "REFUND", ref="R1"))
        assert RefundDue.objects.get().state == "unknown"
        take(cashier, line(attempt, 10_000, "REFUND", ref="R2"))
    row = RefundDue.objects.get(pk=refund.pk)
    assert (row.state, row.bank_reference) == ("paid_out", "R2")
    assert row.last_event is not None and row.last_event.data == {"statement": True}


def test_what_agrees_at_last_is_closed_by_the_portal_and_recorded(pay: Callable[..., Attempt], cashier: Any) -> None:
    first, second = pay(1_000), pay(2_000)
    found = take(cashier, line("GHOST", 5, day="2026-11-24"))
    assert len(found) == 3
    with clock.at(START + dt.timedelta(days=1)):
        assert take(cashier, line(first, 1_000), line(second, 1_999, ref="R2")) != []
        closed = Difference.objects.get(closed_at__isnull=False)
        assert (closed.trackid, closed.code, closed.closed_at) == (first.trackid, "timing", START + dt.timedelta(days=1))
        act = one("difference.closed")
        assert (act.subject, act.actor_key, act.data) == (closed.key, reconciliation.ME.key, {"code": "timing"})
        assert reconciliation.rematch() == 0
        take(cashier, line(second, 1, ref="R3"))
    assert set(Difference.objects.filter(code="timing").values_list("trackid", flat=True)) == {first.trackid, second.trackid}


def test_a_note_is_cut_and_recorded_by_either_role(pay: Callable[..., Attempt], cashier: Any, checker: Any, payer: Any) -> None:
    (difference,) = take(cashier, line(pay(), 1))
    made = add_note(difference=difference, by=checker, text="  " + "ن" * 600)
    assert (made.text, made.by, made.at) == ("ن" * 500, checker, START)
    add_note(difference=difference, by=cashier, text="x")
    acts = AuditEvent.objects.filter(action="difference.noted").order_by("pk")
    assert list(acts.values_list("subject", "actor_key", "actor_role")) == [
        (difference.key, checker.key, "finance_checker"),
        (difference.key, cashier.key, "cashier"),
    ]
    with pytest.raises(Refused, match="no_text"):
        add_note(difference=difference, by=cashier, text=" \n")
    with pytest.raises(NotPermitted):
        add_note(difference=difference, by=payer, text="x")


def test_the_gateway_is_asked_once_a_minute_about_a_difference(pay: Callable[..., Attempt], cashier: Any) -> None:
    attempt = pay()
    (difference,) = take(cashier, line(attempt, 1))
    minute = int(START.timestamp()) // 60
    for seconds in (0, 59):
        with clock.at(START + dt.timedelta(seconds=seconds)):
            ask_gateway(difference=difference, by=cashier)
    job = Job.objects.get(key__contains=":difference:")
    assert job.key == f"attempt:{attempt.pk}:difference:{minute}"
    assert job.args == {"attempt_id": attempt.pk, "step": 0, "why": "difference", "turn": 99}
    assert AuditEvent.objects.filter(action="difference.asked", subject=difference.key, actor_key=cashier.key).count() == 2


def test_closing_is_recorded_with_its_code_and_both_people(pay: Callable[..., Attempt], cashier: Any, checker: Any) -> None:
    (difference,) = take(cashier, line(pay()), line("GHOST", 5))
    add_note(difference=difference, by=cashier, text="سئل البنك")
    with pytest.raises(NotPermitted):
        propose_closing(difference=difference, proposed_by=checker, code="bank_asked")
    propose_closing(difference=difference, proposed_by=cashier, code="bank_asked")
    row = Difference.objects.get()
    assert (row.code, row.proposed_by, row.correction, row.closed_at) == ("bank_asked", cashier, None, None)
    assert one("difference.closing_proposed").data == {"code": "bank_asked"}
    with pytest.raises(NotPermitted):
        close_difference(difference=difference, closed_by=cashier)
    close_difference(difference=difference, closed_by=checker)
    row = Difference.objects.get()
    assert (row.closed_by, row.closed_at) == (checker, START)
    act = one("difference.closed")
    assert (act.subject, act.actor_key, act.actor_role, act.data) == (row.key, checker.key, "finance_checker", {"code": "bank_asked"})
    with pytest.raises(Refused, match="closed_already"):
        propose_closing(difference=difference, proposed_by=cashier, code="bank_asked")

"""Bank, gateway and ledger are compared every day; what differs is listed once and closed by two people."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override

from municipality.audit.models import ActText, AuditEvent
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from payments import invariants, pages
from payments.models import Attempt, BankStatement, Bill, Difference, LedgerPosting, RefundDue, StatementLine
from payments.services import inquiries, owe_back, reconciliation
from payments.services.differences import add_note, ask_gateway, close_difference, propose_closing, send_back_closing
from payments.services.ledger import decide_correction, propose_correction
from payments.services.reconciliation import days, drop_statement, load_statement, take_statement
from payments.statements.mapping import StatementNotReadable
from tests.bank import Book
from tests.due_jobs import run_due
from tests.payments.bank_statements import DAY, HEAD, content, line, take
from tests.payments.conftest import START, walk
from tests.payments.refunds import LATER, approve, propose

pytestmark = pytest.mark.django_db
BY = system("tests")


@pytest.fixture
def paid(at_bank: Callable[..., Attempt], issue: Any, bank: Book, paid_for: Any) -> list[Attempt]:
    """Three payments of one day."""
    attempts = [at_bank(issue(10_000 + n, subject=f"case:{n}")) for n in range(3)]
    for attempt in attempts:
        bank.decide(attempt)
    walk(13)
    return list(Attempt.objects.order_by("pk"))


def all_of(paid: list[Attempt]) -> list[str]:
    return [line(attempt, attempt.fils) for attempt in paid]


def test_three_books_that_agree_leave_nothing_to_look_at(paid: list[Attempt], cashier: Any) -> None:
    assert take(cashier, *all_of(paid)) == []
    today = days(count=2)[0]
    assert (today.bank, today.gateway, today.ledger) == (30_003, 30_003, 30_003)
    assert days(count=2)[1].bank is None


def test_a_line_that_the_bank_lacks_is_on_the_list_until_a_later_file_brings_it(paid: list[Attempt], cashier: Any) -> None:
    found = take(cashier, *all_of(paid)[1:])
    assert [(d.kind, d.trackid, d.ledger_fils, d.bank_fils) for d in found] == [("missing_at_bank", paid[0].trackid, 10_000, 0)]
    assert take(cashier, line(paid[0], day="2026-11-25")) == []
    closed = Difference.objects.get()
    assert (closed.code, closed.closed_by) == ("timing", None) and closed.closed_at is not None


def test_a_line_that_we_know_nothing_of_is_on_the_list(paid: list[Attempt], cashier: Any) -> None:
    found = take(cashier, *all_of(paid), line("STRANGER", 5_000))
    assert [(d.kind, d.trackid, d.bank_fils) for d in found] == [("missing_in_ledger", "STRANGER", 5_000)]
    with pytest.raises(Refused) as refused:
        ask_gateway(difference=found[0], by=cashier)
    assert refused.value.code == "not_ours"


def test_a_payment_that_we_did_not_settle_is_asked_about_and_closes_when_it_is(
    paid: list[Attempt], at_bank: Callable[..., Attempt], issue: Any, bank: Book, cashier: Any
) -> None:
    attempt = at_bank(issue(7_000, subject="case:late"))
    bank.decide(attempt, "FAILURE(HOST TIMEOUT)")
    with clock.at(START + dt.timedelta(minutes=30)):
        run_due()
    found = take(cashier, *all_of(paid), line(attempt, 7_000))
    assert [d.kind for d in found] == ["missing_in_ledger"] and found[0].attempt == attempt
    bank.decide(attempt)
    with clock.at(START + dt.timedelta(hours=30)):
        ask_gateway(difference=found[0], by=cashier)
        run_due()
        reconciliation.rematch()
    assert Difference.objects.get().code == "timing" and not list(invariants.findings())


def test_what_the_bank_pays_in_after_it_reversed_it_goes_back_to_the_payer(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, cashier: Any
) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    walk(13)
    with clock.at(START + dt.timedelta(hours=20)):
        (found,) = take(cashier, line(attempt))
        ask_gateway(difference=found, by=cashier)
        run_due()
    assert (found.kind, Attempt.objects.get().state) == ("missing_in_ledger", "voided"), "the bank says that it has nothing"
    bank.decide(attempt)
    with clock.at(START + dt.timedelta(hours=21)):
        inquiries.inquire(attempt_id=attempt.pk)
        assert Attempt.objects.get().state == "voided", "nobody asked because of a difference"
        ask_gateway(difference=found, by=cashier)
        run_due()
        reconciliation.rematch()
    refund = RefundDue.objects.get()
    assert (refund.fils, refund.allocation) == (attempt.fils, None)
    assert (Attempt.objects.get().state, Bill.objects.get().state) == ("refund_due", "due")
    page = pages.page_of(Attempt.objects.get(), is_owner=True)
    with override("en"):
        assert page.payable == Bill.objects.get() and "the bill is then still to be paid" in str(page.text.happened)
    assert Difference.objects.get().code == "timing" and not list(invariants.findings())


def test_another_amount_and_a_line_twice_are_on_the_list(paid: list[Attempt], cashier: Any) -> None:
    lines = all_of(paid)
    found = take(cashier, line(paid[0], 11_000), lines[1], lines[1], lines[2])
    assert sorted((d.kind, d.bank_fils, d.ledger_fils) for d in found) == [("amount_differs", 11_000, 10_000), ("duplicate", 10_001, 0)]
    again = take(cashier, lines[2], line("OTHER", 1_000))
    assert sorted(d.kind for d in again) == ["duplicate", "missing_in_ledger"]


def test_a_payment_id_that_is_not_the_gateways_is_on_the_list(paid: list[Attempt], cashier: Any) -> None:
    swapped = line(paid[0]).replace(str(paid[0].payment_id), "999")
    assert [d.kind for d in take(cashier, swapped, *all_of(paid)[1:])] == ["gateway_differs"]


def test_one_fils_less_in_the_file_is_seen(paid: list[Attempt], cashier: Any) -> None:
    found = take(cashier, line(paid[0], 9_999), *all_of(paid)[1:])
    assert [(d.kind, d.bank_fils, d.ledger_fils) for d in found] == [("amount_differs", 9_999, 10_000)]


@pytest.fixture
def refunded(paid: list[Attempt], bank: Book, cashier: Any, checker: Any) -> RefundDue:
    """One of the payments is owed back and approved."""
    refund = owe_back(bill=Bill.objects.get(allocations__attempt=paid[0]), reason="shop_closed", actor=BY)
    assert refund is not None
    propose(refund, cashier)
    approve(refund, checker)
    return refund


def test_a_refund_is_compared_too(refunded: RefundDue, paid: list[Attempt], cashier: Any) -> None:
    with clock.at(LATER):
        run_due()
        found = take(cashier, *all_of(paid))
        assert [(d.kind, d.ledger_fils) for d in found] == [("missing_at_bank", 10_000)]
        assert take(cashier, line(paid[0], 10_000, "REFUND", "2026-11-24", "632999000777")) == []
        assert Difference.objects.get().code == "timing"
        assert [d.kind for d in take(cashier, line(paid[1], 10_001, "REFUND", "2026-11-24", "X1"))] == ["missing_in_ledger"]


def test_a_refund_of_unknown_outcome_is_settled_by_the_banks_statement(
    refunded: RefundDue, paid: list[Attempt], bank: Book, cashier: Any
) -> None:
    bank.refund_day, bank.tells_credit = "lost", False
    with clock.at(LATER):
        run_due()
        assert RefundDue.objects.get().state == "unknown"
        assert take(cashier, *all_of(paid), line(paid[0], 10_000, "REFUND", "2026-11-24", "632999000777")) == []
    refund = RefundDue.objects.get()
    assert (refund.state, refund.bank_reference) == ("paid_out", "632999000777") and not list(invariants.findings())


# The file.


@pytest.mark.guards
def test_a_file_is_loaded_once_and_counts_only_when_it_is_taken(paid: list[Attempt], cashier: Any, checker: Any) -> None:
    text = content(line(paid[0]))
    statement = load_statement(content=text, file_name="../../=bank.csv", loaded_by=cashier)
    assert (statement.count, statement.fils, "/" in statement.file_name) == (1, 10_000, False)
    with pytest.raises(Refused) as refused:
        load_statement(content=text, file_name="again.csv", loaded_by=cashier)
    assert refused.value.code == "loaded_already"
    with pytest.raises(IntegrityError), transaction.atomic():
        BankStatement.objects.create(
            provider="knet",
            sha256=statement.sha256,
            file_name="x",
            first_day=DAY,
            last_day=DAY,
            count=1,
            fils=1,
            loaded_by=cashier,
            loaded_at=START,
        )
    assert not Difference.objects.exists() and days(count=1)[0].bank is None
    drop_statement(statement=statement, dropped_by=cashier)
    with pytest.raises(Refused):
        take_statement(statement=statement, taken_by=cashier)
    again = load_statement(content=text, file_name="again.csv", loaded_by=cashier)
    with pytest.raises(NotPermitted):
        take_statement(statement=again, taken_by=checker)
    assert len(take_statement(statement=again, taken_by=cashier)) == 2
    with pytest.raises(Refused):
        take_statement(statement=again, taken_by=cashier)


def test_a_file_with_errors_leaves_nothing_behind_and_names_each_line(cashier: Any) -> None:
    bad = [
        "CHARGEBACK,T1,,,1.000,2026-11-24",
        "PURCHASE,T 1,,,1.000,2026-11-24",
        "PURCHASE,T1,=1+1,,1.000,2026-11-24",
        "PURCHASE,T1,,,1.0005,2026-11-24",
        "PURCHASE,T1,,,0.000,2026-11-24",
        "PURCHASE,T1,,,nan,2026-11-24",
        "PURCHASE,T1,,,١٫٠٠٠,2026-11-24",
        "PURCHASE,T1,,,1.000,24/11/2026",
    ]
    with pytest.raises(StatementNotReadable) as failed:
        load_statement(content=content("PURCHASE,T1,,,1.000,2026-11-24", *bad), file_name="x", loaded_by=cashier)
    assert [number for number, _error in failed.value.errors] == list(range(3, 11))
    assert not BankStatement.objects.exists()


def test_only_a_refund_may_have_a_minus(cashier: Any) -> None:
    refund = "REFUND,T1,,,-1.000,2026-11-24"
    with pytest.raises(StatementNotReadable) as failed:
        load_statement(content=content(refund, "PURCHASE,T1,,,-1.000,2026-11-24"), file_name="x", loaded_by=cashier)
    (error,) = failed.value.errors
    with override("en"):
        assert error[0] == 3 and "only a refund may have" in str(error[1])
    assert load_statement(content=content(refund), file_name="x", loaded_by=cashier).fils == -1_000


@pytest.mark.parametrize(
    "whole",
    [b"", b"a,b\r\n1,2\r\n", b"\xff\xfe\x00", HEAD.encode(), b'"', content("FEE,T1,,,1.000,2026-11-24"), b"x" * (5 * 1024 * 1024 + 1)],
    ids=["empty", "other columns", "other encoding", "no lines", "no table", "only fees", "too large"],
)
def test_a_file_of_another_kind_is_refused_as_a_whole(whole: bytes, cashier: Any) -> None:
    with pytest.raises(StatementNotReadable) as failed:
        load_statement(content=whole, file_name="x", loaded_by=cashier)
    assert [number for number, _error in failed.value.errors] == [0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_with_nul_is_refused_by_its_line(encoding: str, cashier: Any, settings: Any) -> None:
    settings.BANK_STATEMENT_MAPPING = {"encoding": encoding}
    text = content("PURCHASE,T1,,,1.000,2026-11-24", "FEE,T\x002,,,1.000,2026-11-24").decode()
    with pytest.raises(StatementNotReadable) as failed:
        load_statement(content=text.encode(encoding), file_name="x", loaded_by=cashier)
    assert [number for number, _error in failed.value.errors] == [3]
    assert not BankStatement.objects.exists()


def test_another_format_needs_another_mapping_and_no_code(paid: list[Attempt], cashier: Any, settings: Any) -> None:
    settings.BANK_STATEMENT_MAPPING = {
        "columns": {"kind": "النوع", "trackid": "رقم التتبع", "amount": "المبلغ", "day": "اليوم"},
        "kinds": {"شراء": "capture"},
        "delimiter": ";",
        "encoding": "cp1256",
        "date_format": "%d/%m/%Y",
        "unit": "fils",
    }
    text = "النوع;رقم التتبع;المبلغ;اليوم\n" + "".join(f"شراء;{a.trackid};{a.fils};24/11/2026\n" for a in paid)
    statement = load_statement(content=text.encode("cp1256"), file_name="x", loaded_by=cashier)
    assert take_statement(statement=statement, taken_by=cashier) == []
    settings.BANK_STATEMENT_MAPPING = {"colour": "red"}
    with pytest.raises(ValueError, match="colour"):
        load_statement(content=b"x", file_name="x", loaded_by=cashier)


# Closing.


def closing(difference: Difference, person: Any, code: str = "bank_asked") -> None:
    propose_closing(difference=difference, proposed_by=person, code=code)


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises((Refused, NotPermitted)) as refused:
        call()
    return str(refused.value.code)


@pytest.mark.guards
def test_a_difference_is_closed_by_two_people_with_a_note(paid: list[Attempt], cashier: Any, checker: Any) -> None:
    difference = take(cashier, *all_of(paid), line("STRANGER", 5_000))[0]
    with pytest.raises(Refused) as bare:
        closing(difference, cashier)
    assert bare.value.code == "no_note"
    add_note(difference=difference, by=cashier, text="سئل البنك")
    for code in ("because", "paid_twice"):
        with pytest.raises(Refused):
            closing(difference, cashier, code)
    with pytest.raises(Refused) as early:
        close_difference(difference=difference, closed_by=checker)
    assert early.value.code == "not_proposed"
    closing(difference, cashier)
    cashier.groups.add(*checker.groups.all())
    with pytest.raises(NotPermitted):
        close_difference(difference=difference, closed_by=cashier)
    with pytest.raises(IntegrityError), transaction.atomic():
        Difference.objects.update(closed_by=cashier, closed_at=START)
    close_difference(difference=difference, closed_by=checker)
    with pytest.raises(Refused) as again:
        close_difference(difference=difference, closed_by=checker)
    assert again.value.code == "closed_already"


@pytest.mark.guards
def test_a_proposal_is_sent_back_with_words_and_then_proposed_anew(paid: list[Attempt], cashier: Any, checker: Any) -> None:
    difference = take(cashier, *all_of(paid), line("STRANGER", 5_000))[0]
    add_note(difference=difference, by=cashier, text="سئل البنك")

    def back(words: str = "لم يجب البنك بعد", by: Any = checker) -> None:
        send_back_closing(difference=difference, checker=by, words=words)

    assert code_of(back) == "not_proposed"
    closing(difference, cashier)
    assert code_of(lambda: closing(difference, cashier, "paid_back")) == "proposed_already"
    for changes in ({"code": "paid_back"}, {"proposed_by": checker}):
        with pytest.raises(IntegrityError, match="proposal_replaced"), transaction.atomic():
            Difference.objects.update(**changes)
    assert code_of(lambda: back(" ")) == "no_words" and code_of(lambda: back(by=cashier)) == "not_your_role"
    assert Difference.objects.get().proposed_by == cashier
    back()
    row = Difference.objects.get()
    assert (row.code, row.proposed_by, row.closed_at) == ("", None, None)
    assert [note.text for note in row.notes.filter(by=checker)] == ["لم يجب البنك بعد"]
    act = AuditEvent.objects.get(action="difference.sent_back")
    assert (act.subject, act.actor_key, act.data) == (row.key, checker.key, {"code": "bank_asked"})
    assert ActText.objects.get(act=act).text == "لم يجب البنك بعد"
    closing(difference, cashier, "paid_back")
    close_difference(difference=difference, closed_by=checker)
    assert Difference.objects.get().code == "paid_back"
    cashier.groups.add(*checker.groups.all())
    assert code_of(lambda: back(by=cashier)) == "closed_already"


@pytest.mark.guards
def test_what_stands_in_the_ledger_is_closed_by_a_reversal_only_and_the_control_shows_the_harm(
    paid: list[Attempt], cashier: Any, checker: Any
) -> None:
    difference = take(cashier, *all_of(paid)[1:])[0]
    add_note(difference=difference, by=cashier, text="لم يورده البنك")
    closing(difference, cashier, "reversed")
    with pytest.raises(Refused) as refused:
        close_difference(difference=difference, closed_by=checker)
    assert refused.value.code == "not_reversed"
    with pytest.raises(IntegrityError, match="closed_without_reversal"), transaction.atomic():
        Difference.objects.update(closed_by=checker, closed_at=START)
    from tests.database_guards import drop_guard

    with transaction.atomic():
        drop_guard("payments_difference_closed_by_reversal", "payments_difference")
        assert Difference.objects.update(closed_by=checker, closed_at=START) == 1
        transaction.set_rollback(True)
    assert difference.posting is not None
    correction = propose_correction(
        posting=difference.posting, from_account="clearing-knet", to_account="suspense", code="missing_at_bank", proposed_by=cashier
    )
    decide_correction(correction=correction, decided_by=checker, approve=True)
    close_difference(difference=difference, closed_by=checker)
    assert Difference.objects.get().correction == correction and not list(invariants.findings())


@pytest.mark.guards
def test_what_the_bank_wrote_cannot_be_changed(paid: list[Attempt], cashier: Any) -> None:
    take(cashier, *all_of(paid)[1:])
    for change in (
        lambda: StatementLine.objects.update(fils=1),
        lambda: BankStatement.objects.update(fils=1),
        lambda: BankStatement.objects.update(taken_at=None),
        lambda: Difference.objects.update(ledger_fils=0),
        lambda: Difference.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


@pytest.mark.guards
def test_the_simulators_own_file_is_read_and_matches(paid: list[Attempt], cashier: Any, tmp_path: Any) -> None:
    from sandbox.simulators.knet import book, statement

    simulator = book.Book(tmp_path / "knet.sqlite3")
    for attempt in paid:
        with simulator.transaction() as connection:
            connection.execute(
                "INSERT INTO transactions (paymentid, trackid, amt, language, response_url, error_url, udfs, trandata, result, ref, tranid,"
                " created_at, decided_at) VALUES (?, ?, ?, 'ar', '', '', '{}', '', 'CAPTURED', ?, ?, ?, ?)",
                (
                    attempt.payment_id,
                    attempt.trackid,
                    attempt.fils,
                    f"R{attempt.pk}",
                    f"T{attempt.pk}",
                    START.timestamp(),
                    START.timestamp(),
                ),
            )
    day = dt.date(2026, 11, 24)
    good, bad = statement.statement(simulator, day), statement.statement(simulator, day, without=paid[0].trackid, changed=paid[1].trackid)
    found = take_statement(statement=load_statement(content=bad, file_name="x", loaded_by=cashier), taken_by=cashier)
    assert sorted(d.kind for d in found) == ["amount_differs", "missing_at_bank"]
    assert len(good.splitlines()) == 4 and io.BytesIO(good).readline().decode().strip() == HEAD
    simulator.close()
    assert LedgerPosting.objects.count() == 3

"""Each kind of damage that could be done to the books of money is found, with every guard of the database taken away."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test import override_settings

from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import invariants, registry
from payments.models import (
    Allocation,
    Attempt,
    BankStatement,
    Bill,
    BillLine,
    Difference,
    Inquiry,
    LedgerCorrection,
    LedgerEntry,
    LedgerPosting,
    PaymentFinding,
    Receipt,
    RefundDue,
    RefundEvent,
    StatementLine,
)
from payments.services import approve_refund, decide_finding, inquire, owe_back, propose_refund, record_finding, void_bill
from payments.services.differences import add_note, close_difference, propose_closing
from payments.services.ledger import decide_correction, propose_correction
from payments.services.reconciliation import load_statement, take_statement
from payments.services.returns import remaining_of
from tests.bank import Bank, Book
from tests.database_guards import without_guards
from tests.due_jobs import run_due
from tests.factories.accounts import SALIM, PersonFactory, StaffFactory
from tests.factories.payments import AttemptFactory, BillFactory
from tests.factories.rulebook import publish_rulebook
from tests.payments.conftest import START, walk

pytestmark = [pytest.mark.django_db, pytest.mark.guards]
BY = system("tests")
HEAD = "Transaction Type,Merchant Track ID,Payment ID,Reference Number,Amount,Transaction Date\r\n"


@dataclass
class Books:
    """A payment of two bills, one that goes back, a declined one, one that people found to be taken, a corrected posting, a taken
    statement, a closed difference."""

    paid: Attempt
    declined: Attempt
    refund: RefundDue
    cashier: Any
    checker: Any


def build() -> Books:
    bank = Bank.book = Book()
    payer, cashier, checker = PersonFactory(civil_id=SALIM), StaffFactory(groups=["cashier"]), StaffFactory(groups=["finance_checker"])
    publish_rulebook("replies.money")

    def at_bank(*fils: int, subject: str) -> Attempt:
        bills = [BillFactory(fils=each, payer=payer, subject=f"case:{subject}{place}") for place, each in enumerate(fils)]
        return AttemptFactory(bills=bills, payer=payer)

    both = at_bank(3_000, 4_000, subject="a")
    going, declined = at_bank(5_000, subject="c"), at_bank(6_000, subject="d")
    bank.decide(both)
    bank.decide(going)
    bank.decide(declined, "FAILURE(NOT CAPTURED)")
    walk(13)
    refund = owe_back(bill=Bill.objects.get(allocations__attempt=going), reason="shop_closed", actor=BY)
    assert refund is not None
    propose_refund(refund=refund, proposed_by=cashier, code="service_refused", remaining_fils=remaining_of(refund))
    approve_refund(refund=RefundDue.objects.get(), approved_by=checker, remaining_fils=remaining_of(refund))
    with clock.at(START + dt.timedelta(minutes=30)):
        run_due()
    lines = "".join(f"PURCHASE,{a.trackid},,,{a.fils // 1000}.000,2026-11-24\r\n" for a in (both, going))
    content = f"{HEAD}{lines}PURCHASE,STRANGER,,,9.000,2026-11-24\r\nREFUND,{going.trackid},,,5.000,2026-11-24\r\n".encode()
    [difference] = take_statement(statement=load_statement(content=content, file_name="x", loaded_by=cashier), taken_by=cashier)
    add_note(difference=difference, by=cashier, text="سئل البنك")
    propose_closing(difference=difference, proposed_by=cashier, code="bank_asked")
    close_difference(difference=difference, closed_by=checker)
    posting = LedgerPosting.objects.filter(kind="settle", attempt=both).order_by("pk")[0]
    correction = propose_correction(
        posting=posting, from_account="clearing-knet", to_account="suspense", code="missing_at_bank", proposed_by=cashier
    )
    decide_correction(correction=correction, decided_by=checker, approve=True)
    late = at_bank(8_000, subject="e")  # a capture for nothing that is due: owed back, and proposed by nobody
    bank.decide(late, "FAILURE(HOST TIMEOUT)")
    inquire(attempt_id=late.pk)
    void_bill(bill=Bill.objects.get(allocations__attempt=late), actor=BY)
    bank.decide(late)
    inquire(attempt_id=late.pk)
    doubted = at_bank(7_000, subject="f")
    bank.decide(doubted, "FAILURE(SUSPECT)")
    inquire(attempt_id=doubted.pk)
    finding = record_finding(attempt=doubted, found_by=cashier, is_taken=True, fils=7_500, bank_reference="KB-77", proof="كتاب البنك")
    decide_finding(finding=finding, decided_by=checker, agrees=True)
    assert not list(invariants.findings())
    return Books(*(Attempt.objects.get(pk=a.pk) for a in (both, declined)), RefundDue.objects.get(pk=refund.pk), cashier, checker)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[Books]:
    """The books of this module, without triggers, checks and unique keys: as somebody with all rights could leave the database."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(override_settings(PAYMENT_PROVIDER="tests.bank.Bank"))
        stack.enter_context(clock.at(START))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(lambda _bill: None, lambda _bill: None))
        stack.enter_context(transaction.atomic())
        books = build()
        _take_guards_away()
        yield books
        transaction.set_rollback(True)
    if connection.vendor != "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def _take_guards_away() -> None:
    without_guards()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype IN ('c', 'u')"
                " AND conrelid::regclass::text LIKE 'payments\\_%'"
            )
            for table, name in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            cursor.execute(
                "SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND NOT indisprimary"
                " AND indrelid::regclass::text LIKE 'payments\\_%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP INDEX {name}")
            cursor.execute(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_name LIKE 'payments\\_%'"
                " AND column_name LIKE '%fils' AND is_nullable = 'NO'"
            )
            for table, name in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%' AND tbl_name LIKE 'payments_%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP INDEX "{name}"')


@pytest.fixture
def books(built: Books, db: None) -> Iterator[Books]:
    """The books as they were built: what a test does to them is undone after it, before Django looks for references to nothing."""
    with transaction.atomic():
        yield copy.deepcopy(built)
        transaction.set_rollback(True)


def _copy(row: Any, **changes: Any) -> Any:
    row = type(row).objects.get(pk=row.pk)
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def _receipt(books: Books) -> Receipt:
    return Receipt.objects.filter(allocation__attempt=books.paid).order_by("-pk")[0]


def _settle(books: Books) -> LedgerPosting:
    return LedgerPosting.objects.get(kind="settle", receipt=_receipt(books))


def _swap_accounts(books: Books) -> None:
    LedgerEntry.objects.filter(posting=_settle(books), credit_fils__gt=0).update(account="9999999")


def _other_gateway(books: Books) -> None:
    LedgerEntry.objects.filter(posting=_settle(books), debit_fils__gt=0).update(account="clearing-tasdeed")


def _same_actor(books: Books) -> None:
    RefundEvent.objects.filter(move="approve").update(actor_key=RefundEvent.objects.get(move="propose").actor_key)


def _second_open(books: Books) -> None:
    bill = books.declined.allocations.get().bill
    for number in range(2):
        attempt = _copy(books.declined, token=f"T{number}", trackid=f"T{number}", state="redirected", last_event=None)
        Allocation.objects.create(attempt=attempt, bill=bill, fils=bill.total_fils, is_open=True)


def _payout_twice(books: Books) -> None:
    _copy(books.refund, public_id="X", allocation=None, fils=1)


# What is done, and what must be said of it. Numbers are those of the bar's list of invariants.
DAMAGE: dict[str, tuple[Callable[[Books], Any], str]] = {
    "1 paid without a receipt": (
        lambda b: Allocation.objects.filter(attempt=b.paid).update(is_settled=False),
        "is paid and has 0 receipts",
    ),
    "1 paid in part": (
        lambda b: Allocation.objects.filter(pk=b.paid.allocations.first().pk).update(is_settled=False),
        "settles 1 of 2 bills",
    ),
    "1 a receipt of an unpaid bill": (lambda b: Bill.objects.filter(receipts=_receipt(b)).update(state="due"), "is due and has 1 receipts"),
    "1 an attempt that settles and is not paid": (
        lambda b: Attempt.objects.filter(pk=b.paid.pk).update(state="declined"),
        "is declined and settles bills",
    ),
    "1 an inquiry that does not agree": (
        lambda b: Inquiry.objects.filter(pk=_receipt(b).inquiry_id).update(agrees=False),
        "does not rest on an agreeing inquiry",
    ),
    "1 an inquiry with another result": (
        lambda b: Inquiry.objects.filter(pk=_receipt(b).inquiry_id).update(outcome="declined"),
        "does not rest on",
    ),
    "1 an inquiry about another track id": (
        lambda b: Inquiry.objects.filter(pk=_receipt(b).inquiry_id).update(trackid="X"),
        "does not rest on",
    ),
    "1 an inquiry over another amount": (
        lambda b: Inquiry.objects.filter(pk=_receipt(b).inquiry_id).update(fils=6_999),
        "does not rest on",
    ),
    "1 an inquiry with another payment id": (
        lambda b: Inquiry.objects.filter(pk=_receipt(b).inquiry_id).update(payment_id="9"),
        "does not rest on",
    ),
    "1 an inquiry of another attempt": (
        lambda b: Inquiry.objects.filter(pk=_receipt(b).inquiry_id).update(attempt=b.declined),
        "does not rest on",
    ),
    "1 a receipt over another amount": (lambda b: Receipt.objects.filter(pk=_receipt(b).pk).update(fils=1), "fils, its bill over"),
    "2 receipts over more than the bank's answer": (
        lambda b: Receipt.objects.filter(pk=_receipt(b).pk).update(fils=5_000),
        "the bank's answer over 7000",
    ),
    "2 a bill and its lines": (lambda b: BillLine.objects.filter(bill=_receipt(b).bill).update(fils=1), "its lines over 1"),
    "2 an attempt and its parts": (lambda b: Attempt.objects.filter(pk=b.paid.pk).update(fils=1), "its parts over 7000"),
    "2 a part and its bill": (
        lambda b: Allocation.objects.filter(attempt=b.paid).update(fils=F("fils") + 1),
        "is not over its bill's amount",
    ),
    "2 more returned than taken": (_payout_twice, "are returned"),
    "2 a refund without approval": (lambda b: RefundDue.objects.filter(pk=b.refund.pk).update(approved_by=None), "without two people"),
    "2 a refund without proposal": (lambda b: RefundDue.objects.filter(pk=b.refund.pk).update(proposed_by=None), "without two people"),
    "2 a refund of one person": (
        lambda b: RefundDue.objects.filter(pk=b.refund.pk).update(approved_by=F("proposed_by")),
        "without two people",
    ),
    "2 a finding of one person": (
        lambda b: PaymentFinding.objects.update(decided_by=F("found_by")),
        "is confirmed without a second person",
    ),
    "2 a payment ended without a finding": (lambda b: PaymentFinding.objects.update(is_confirmed=False), "was ended by nobody's finding"),
    "2 a refund of one person by the record": (_same_actor, "are of one person"),
    "2 returned and not so in the bill": (
        lambda b: Bill.objects.filter(state="refunded").update(state="refund_due"),
        "is refund_due and 0 amounts are owed",
    ),
    "2 owed and not so in the bill": (lambda b: RefundDue.objects.filter(pk=b.refund.pk).update(state="due"), "which says otherwise"),
    "3 two open attempts of a bill": (_second_open, "has 2 open attempts"),
    "3 a bill held by an attempt that has ended": (
        lambda b: Allocation.objects.filter(attempt=b.declined).update(is_open=True),
        "still holds a bill",
    ),
    "3 an open attempt that holds nothing": (
        lambda b: Attempt.objects.filter(pk=b.declined.pk).update(state="redirected"),
        "is open and holds no bill",
    ),
    "ledger: one side more": (
        lambda b: LedgerEntry.objects.filter(posting=_settle(b), credit_fils__gt=0).update(credit_fils=1),
        "to the debit and",
    ),
    "ledger: a side gone": (
        lambda b: LedgerEntry.objects.filter(posting=_settle(b), credit_fils__gt=0)._raw_delete("default"),
        "to the debit and 0 to the credit",
    ),
    "ledger: a receipt booked twice": (lambda b: _copy(_settle(b), key="again"), "is booked 2 times"),
    "ledger: a receipt not booked": (lambda b: LedgerPosting.objects.filter(pk=_settle(b).pk).update(kind="owe"), "is booked 0 times"),
    "ledger: a reversal that is no mirror": (
        lambda b: LedgerEntry.objects.filter(posting__reversal_of__isnull=False).update(account="X"),
        "is no mirror of",
    ),
    "ledger: a refund not booked": (lambda b: LedgerPosting.objects.filter(kind="refund").update(kind="settle"), "is paid_out and booked"),
    "ledger: the gateways hold another sum": (
        lambda b: LedgerEntry.objects.filter(posting=_settle(b), debit_fils__gt=0).update(account="1234567"),
        "the gateways hold",
    ),
    "ledger: another sum is owed back": (
        lambda b: LedgerEntry.objects.filter(posting__kind="owe", account="owed-back").update(account="suspense"),
        "is owed back",
    ),
    "ledger: another sum was earned": (
        lambda b: LedgerEntry.objects.filter(posting=_settle(b), credit_fils__gt=0).update(account="suspense"),
        "was earned",
    ),
    "ledger: a correction of one person": (lambda b: LedgerCorrection.objects.update(decided_by=F("proposed_by")), "decided by one person"),
    "ledger: a correction nobody approved": (lambda b: LedgerCorrection.objects.update(is_approved=False), "without a second person"),
    "mapping: another revenue account": (_swap_accounts, "which is no line of its bill"),
    "mapping: another gateway's account": (_other_gateway, "not the account of its gateway"),
    "mapping: a line that earns no revenue": (
        lambda b: BillLine.objects.filter(bill=_receipt(b).bill).update(revenue_account="suspense"),
        "neither one of revenue",
    ),
    "mapping: a line of the bank gone": (
        lambda b: StatementLine.objects.filter(number=StatementLine.objects.order_by("-number")[0].number)._raw_delete("default"),
        "lines over",
    ),
    "mapping: a statement with another sum": (lambda b: BankStatement.objects.update(fils=1), "lines over 1 fils"),
    "mapping: a line nobody accounts for": (lambda b: Difference.objects.all()._raw_delete("default"), "neither booked nor listed"),
    "mapping: a booked line over another amount": (
        lambda b: StatementLine.objects.filter(trackid=b.paid.trackid).update(fils=7_001),
        "neither booked nor listed",
    ),
    "mapping: a difference closed by one person": (
        lambda b: Difference.objects.update(closed_by=F("proposed_by")),
        "closed without two people",
    ),
    "mapping: a difference closed over a posting that stands": (lambda b: Difference.objects.update(posting=_settle(b)), "still stands"),
    "5 a state without its event": (lambda b: Bill.objects.filter(state="due").update(state="void"), "without an event"),
    "5 a state that its event does not say": (
        lambda b: Attempt.objects.filter(pk=b.declined.pk).update(state="cancelled"),
        "its last event says otherwise",
    ),
    "5 an event that is no edge": (lambda b: RefundEvent.objects.filter(move="approve").update(to_state="paid_out"), "is no edge"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found(name: str, books: Books) -> None:
    do, said = DAMAGE[name]
    do(books)
    found = list(invariants.findings())
    assert [finding for finding in found if said in finding], found


@pytest.mark.parametrize(
    ("model", "column", "may_be_nought", "may_be_empty"), invariants.COLUMNS, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_an_amount_that_is_none_is_found_in_every_column(
    model: Any, column: str, may_be_nought: bool, may_be_empty: bool, books: Books
) -> None:
    wanted = f"rows of {model._meta.db_table} have a {column} that is no amount"
    values: list[Any] = [-1, *([] if may_be_nought else [0]), *([] if may_be_empty else [None])]
    if connection.vendor == "sqlite":
        values.append(10.0005)  # PostgreSQL's column holds whole numbers only; SQLite's holds what it is given
    row = model.objects.order_by("pk")[0]
    if connection.vendor == "sqlite" and None in values:
        values.remove(None)  # SQLite lifts no NOT NULL without making the table anew
    for value in values:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {model._meta.db_table} SET {column} = %s WHERE id = %s", [value, row.pk])
        assert [finding for finding in invariants._amounts() if wanted in finding], value


def test_every_column_of_money_is_looked_at() -> None:
    from django.apps import apps

    declared = {
        (model, field.name)
        for model in apps.get_app_config("payments").get_models()
        for field in model._meta.get_fields()
        if getattr(field, "name", "").endswith("fils")
    }
    assert declared - {(model, column) for model, column, *_ in invariants.COLUMNS} == {(BankStatement, "fils")}  # a net sum, of any sign

"""Every fact of money is booked once, balanced, with the fact itself; what is wrong is reversed by two people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from municipality.audit.models import AuditEvent
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from payments import balances, invariants
from payments.models import Attempt, Bill, LedgerCorrection, LedgerEntry, LedgerPosting, Receipt
from payments.rules import DEPOSITS, Line
from payments.services import ledger, owe_back, settle
from payments.services.inquiries import ask
from payments.services.ledger import Leg, balanced, decide_correction, propose_correction
from payments.services.reconciliation import booked_of
from tests.bank import Book
from tests.database_guards import drop_guard
from tests.factories.payments import BillFactory
from tests.payments.conftest import START, walk

pytestmark = pytest.mark.django_db
BY = system("tests")


def line(code: str, fils: int, account: str) -> Line:
    return Line(code, "رسم", "Fee", "", "", "المادة 1", "Article 1", "fees v1", fils, account)


@pytest.fixture
def two_lines(payer: Any) -> Bill:
    return BillFactory(payer=payer, lines=[line("renewal", 10_000, "1422101"), line("late", 5_000, "1422205")])


@pytest.fixture
def paid(at_bank: Callable[..., Attempt], two_lines: Bill, bank: Book, paid_for: Any) -> Bill:
    attempt = at_bank(two_lines)
    bank.decide(attempt)
    walk(3)
    return Bill.objects.get(pk=two_lines.pk)


@pytest.fixture
def posting(paid: Bill) -> LedgerPosting:
    return LedgerPosting.objects.get(kind="settle")


@pytest.mark.guards
def test_a_payment_debits_the_gateway_and_credits_each_fee_to_its_account(paid: Bill) -> None:
    assert balances.balances() == {"clearing-knet": 15_000, "1422101": -10_000, "1422205": -5_000}
    posting = LedgerPosting.objects.get()
    assert posting.receipt is not None and (posting.key, posting.at) == (f"settle:{posting.receipt.number}", posting.receipt.issued_at)
    assert set(posting.entries.exclude(line=None).values_list("line__bill", flat=True)) == {paid.pk}
    assert not list(invariants.findings())


def test_a_deposit_is_owed_to_its_payer_and_never_revenue(at_bank: Callable[..., Attempt], payer: Any, bank: Book, paid_for: Any) -> None:
    bill = BillFactory(payer=payer, lines=[line("fee", 10_000, "1422101"), line("deposit", 5_000, DEPOSITS)])
    bank.decide(at_bank(bill))
    walk(3)
    assert balances.balances() == {"clearing-knet": 15_000, "1422101": -10_000, "deposits": -5_000}
    assert not list(invariants.findings())
    owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    assert balances.balances() == {"clearing-knet": 15_000, "1422101": 0, "deposits": 0, "owed-back": -15_000}
    assert not list(invariants.findings())


def test_a_settlement_that_is_undone_leaves_no_posting(at_bank: Callable[..., Attempt], bank: Book) -> None:
    class Undone(Exception):
        pass

    attempt = at_bank()
    bank.decide(attempt)
    inquiry = ask(attempt)
    assert inquiry is not None

    def undone() -> None:
        with transaction.atomic():
            settle(attempt=attempt, inquiry=inquiry)
            assert LedgerPosting.objects.count() == 1
            raise Undone

    with pytest.raises(Undone):
        undone()
    assert not LedgerPosting.objects.exists() and not Receipt.objects.exists()


def test_an_amount_owed_back_is_revenue_no_more_and_a_reversal_by_the_bank_undoes_both(paid: Bill, bank: Book) -> None:
    owe_back(bill=paid, reason="shop_closed", actor=BY)
    assert balances.balances() == {"clearing-knet": 15_000, "1422101": 0, "1422205": 0, "owed-back": -15_000}
    assert not list(invariants.findings())
    bank.decide(Attempt.objects.get(), "FAILURE(NOT CAPTURED)")
    walk(13)
    assert set(balances.balances().values()) == {0}
    assert LedgerPosting.objects.filter(kind="reversal").count() == 2 and not list(invariants.findings())


def test_a_capture_for_nothing_was_never_revenue(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    from payments.services import void_bill

    attempt = at_bank()
    bank.decide(attempt, "FAILURE(HOST TIMEOUT)")
    walk(3)
    void_bill(bill=Bill.objects.get(), actor=BY)
    bank.decide(attempt)
    walk(15)
    assert balances.balances() == {"clearing-knet": 10_000, "owed-back": -10_000}
    assert not list(invariants.findings())


@pytest.mark.parametrize(
    "legs",
    [[], [Leg("a", debit=1)], [Leg("a", debit=2), Leg("b", credit=1)], [Leg("a", debit=1, credit=1)], [Leg("a"), Leg("b")]],
    ids=["none", "one side", "unequal", "both sides", "nothing"],
)
def test_legs_that_do_not_balance_are_no_posting(legs: list[Leg]) -> None:
    with pytest.raises(ValueError, match="a posting of"):
        balanced(legs)


@pytest.mark.guards
def test_the_database_refuses_every_change_of_what_is_booked(paid: Bill) -> None:
    for change in (
        lambda: LedgerEntry.objects.update(credit_fils=1),
        lambda: LedgerEntry.objects.all().delete(),
        lambda: LedgerPosting.objects.update(reason="x"),
        lambda: LedgerPosting.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="insert_only"), transaction.atomic():
            change()


@pytest.mark.guards
def test_one_side_more_is_refused_and_without_the_guard_the_invariants_see_it(posting: LedgerPosting) -> None:
    row = {"posting": posting, "account": "1422101", "credit_fils": 1}
    with pytest.raises(DatabaseError, match="posting_unbalanced"), transaction.atomic():
        LedgerEntry.objects.create(**row)
    with transaction.atomic():
        drop_guard("payments_ledgerentry_within_posting", "payments_ledgerentry")
        LedgerEntry.objects.create(**row)
        assert [finding for finding in invariants.findings() if posting.key in finding]
        transaction.set_rollback(True)


@pytest.mark.guards
def test_money_that_nobody_paid_is_not_booked_and_without_the_guard_the_invariants_see_it(posting: LedgerPosting) -> None:
    row = {"key": "settle:RCT-0", "kind": "settle", "at": START, "fils": 1, "attempt_id": posting.attempt_id}
    with pytest.raises(DatabaseError, match="posting_without_ground"), transaction.atomic():
        LedgerPosting.objects.create(**row)
    with transaction.atomic():
        drop_guard("payments_ledgerposting_has_ground", "payments_ledgerposting")
        made = LedgerPosting.objects.create(**row)
        LedgerEntry.objects.create(posting=made, account="clearing-knet", debit_fils=1)
        LedgerEntry.objects.create(posting=made, account="1422101", credit_fils=1)
        assert [finding for finding in invariants.findings() if "the gateways hold" in finding]
        transaction.set_rollback(True)


def test_a_receipt_that_was_not_booked_is_found(paid: Bill, monkeypatch: pytest.MonkeyPatch, at_bank: Any, issue: Any, bank: Book) -> None:
    monkeypatch.setattr(ledger, "book_receipts", lambda receipts: [])
    attempt = at_bank(issue())
    bank.decide(attempt)
    walk(3)
    assert [finding for finding in invariants.findings() if "is booked 0 times" in finding]


# Corrections.


def correct(posting: LedgerPosting, cashier: Any, **more: Any) -> LedgerCorrection:
    given = {"from_account": "1422205", "to_account": "1422999", "code": "wrong_account"} | more
    return propose_correction(posting=posting, proposed_by=cashier, **given)


def test_a_correction_reverses_and_books_anew_after_a_second_person(posting: LedgerPosting, cashier: Any, checker: Any) -> None:
    correction = correct(posting, cashier)
    assert balances.balances()["1422205"] == -5_000
    decide_correction(correction=correction, decided_by=checker, approve=True)
    assert balances.balances() == {"clearing-knet": 15_000, "1422101": -10_000, "1422205": 0, "1422999": -5_000}
    assert list(LedgerPosting.objects.order_by("pk").values_list("kind", "reason")) == [
        ("settle", ""),
        ("correction", "wrong_account"),
        ("correction", "wrong_account"),
    ]
    assert set(AuditEvent.objects.filter(subject=correction.key).values_list("action", flat=True)) == {
        "ledger.correction_proposed",
        "ledger.corrected",
    }
    assert not list(invariants.findings())


def test_a_payment_that_was_corrected_is_still_owed_back_and_reversed_whole(
    posting: LedgerPosting, cashier: Any, checker: Any, paid: Bill, bank: Book
) -> None:
    decide_correction(correction=correct(posting, cashier), decided_by=checker, approve=True)
    owe_back(bill=paid, reason="shop_closed", actor=BY)
    assert balances.balances()["1422999"] == 0 and balances.balances()["owed-back"] == -15_000
    bank.decide(Attempt.objects.get(), "FAILURE(NOT CAPTURED)")
    walk(13)
    assert set(balances.balances().values()) == {0} and not list(invariants.findings())


def test_money_that_the_bank_did_not_pay_in_waits_in_suspense(posting: LedgerPosting, cashier: Any, checker: Any) -> None:
    moved = correct(posting, cashier, from_account="clearing-knet", to_account="suspense", code="missing_at_bank")
    decide_correction(correction=moved, decided_by=checker, approve=True)
    assert balances.balances()["suspense"] == 15_000 and balances.balances()["clearing-knet"] == 0
    assert not list(invariants.findings())


def test_one_person_does_not_correct_alone(posting: LedgerPosting, cashier: Any, checker: Any, payer: Any) -> None:
    correction = correct(posting, cashier)
    cashier.groups.add(*checker.groups.all())
    for person, code in ((cashier, "own_proposal"), (payer, "not_your_role")):
        with pytest.raises(NotPermitted) as refused:
            decide_correction(correction=correction, decided_by=person, approve=True)
        assert refused.value.code == code
    with pytest.raises(NotPermitted):
        correct(posting, checker)
    assert LedgerPosting.objects.count() == 1


@pytest.mark.guards
def test_the_database_refuses_a_correction_by_one_person_and_the_control_shows_the_harm(posting: LedgerPosting, cashier: Any) -> None:
    correction = correct(posting, cashier)
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerCorrection.objects.update(decided_by=cashier, decided_at=START, is_approved=True)
    row = {
        "key": "x",
        "kind": "correction",
        "at": START,
        "fils": 1,
        "attempt_id": posting.attempt_id,
        "correction": correction,
        "reason": "x",
    }
    with pytest.raises(DatabaseError, match="correction_without_second_person"), transaction.atomic():
        LedgerPosting.objects.create(**row)
    with transaction.atomic():
        drop_guard("payments_ledgerposting_corrected_by_two", "payments_ledgerposting")
        LedgerPosting.objects.create(**row)
        assert [finding for finding in invariants.findings() if "without a second person" in finding]
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"from_account": "1422999"}, "no_such_account"),
        ({"to_account": "1422205"}, "no_such_account"),
        ({"to_account": "suspense"}, "no_such_account"),
        ({"to_account": "owed-back"}, "no_such_account"),
        ({"to_account": "=1+1"}, "no_such_account"),
        ({"from_account": "clearing-knet"}, "no_such_account"),
        ({"code": "because"}, "bad_code"),
        ({"code": "paid_twice"}, "bad_code"),
    ],
)
def test_a_correction_names_accounts_and_a_reason_of_the_rulebook(
    more: dict[str, str], code: str, posting: LedgerPosting, cashier: Any
) -> None:
    with pytest.raises(Refused) as refused:
        correct(posting, cashier, **more)
    assert refused.value.code == code and not LedgerCorrection.objects.exists()


def test_a_correction_is_decided_once_and_a_dropped_one_changes_nothing(posting: LedgerPosting, cashier: Any, checker: Any) -> None:
    correction = correct(posting, cashier)
    with pytest.raises(Refused) as refused:
        correct(posting, cashier)
    assert refused.value.code == "correction_open"
    decide_correction(correction=correction, decided_by=checker, approve=False)
    with pytest.raises(Refused) as again:
        decide_correction(correction=correction, decided_by=checker, approve=True)
    assert again.value.code == "decided_already" and LedgerPosting.objects.count() == 1
    decide_correction(correction=correct(posting, cashier), decided_by=checker, approve=True)
    with pytest.raises(Refused) as gone:
        correct(posting, cashier)
    assert gone.value.code == "reversed_already"


def test_what_does_not_stand_any_more_is_not_corrected(posting: LedgerPosting, cashier: Any, checker: Any, bank: Book) -> None:
    waiting = correct(posting, cashier)
    bank.decide(Attempt.objects.get(), "FAILURE(NOT CAPTURED)")
    walk(13)
    with pytest.raises(Refused) as refused:
        decide_correction(correction=waiting, decided_by=checker, approve=True)
    assert refused.value.code == "reversed_already"
    decide_correction(correction=waiting, decided_by=checker, approve=False)
    for row in LedgerPosting.objects.filter(kind__in=("settle", "reversal")):
        with pytest.raises(Refused) as refused:
            correct(row, cashier)
        assert refused.value.code == "reversed_already", row.kind
    assert set(balances.balances().values()) == {0} and LedgerPosting.objects.count() == 2


def test_only_a_receipt_whose_bill_is_paid_is_corrected(posting: LedgerPosting, paid: Bill, cashier: Any) -> None:
    owe_back(bill=paid, reason="shop_closed", actor=BY)
    rows = list(LedgerPosting.objects.all())
    assert len(rows) == 2, "the receipt, and what is owed back"
    for row in rows:
        with pytest.raises(Refused) as refused:
            correct(row, cashier)
        assert refused.value.code == "not_correctable", row.kind


def test_what_the_bank_took_back_counts_as_nothing_taken(posting: LedgerPosting, bank: Book) -> None:
    attempt = Attempt.objects.get()
    assert booked_of([attempt.pk]) == {attempt.pk: 15_000}
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    walk(13)
    assert booked_of([attempt.pk]) == {attempt.pk: 0}

"""Rows of money beyond a plain payment: an amount owed back, its postings, a correction that waits for its second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import services as payments
from payments.models import BankStatement, Difference, LedgerCorrection, LedgerEntry, LedgerPosting, RefundDue
from payments.services import ledger, reconciliation
from payments.services.inquiries import ask
from tests.bank import Bank
from tests.factories.payments import AttemptFactory, BillFactory

if TYPE_CHECKING:
    from tests.architecture.world import World

BY = system("tests")


@dataclass
class MoneyRows:
    refund: RefundDue
    posting: LedgerPosting
    correction: LedgerCorrection
    staged: BankStatement
    difference: Difference


def fill(world: World) -> MoneyRows:
    """A person who paid for something that was refused then, and a posting that the cashier wants under another account."""
    payer = User.objects.create_user(name_ar="ناصر الديحاني", name_en="Nasser Al-Daihani", login="returned")
    posting = LedgerPosting.objects.get(receipt=world.owner.receipt)
    account = posting.entries.exclude(credit_fils=0)[0].account
    correction = ledger.propose_correction(
        posting=posting, from_account=account, to_account="HEALTH-OTHER", code="wrong_account", proposed_by=world.cashier
    )
    _corrected(world)
    staged, difference = _statements(world)
    return MoneyRows(owed(payer), posting, correction, staged, difference)


def _corrected(world: World) -> None:
    """A correction that two people made."""
    posting = LedgerPosting.objects.get(receipt=world.stranger.receipt)
    account = posting.entries.exclude(credit_fils=0)[0].account
    made = ledger.propose_correction(
        posting=posting, from_account=account, to_account="HEALTH-OTHER", code="wrong_account", proposed_by=world.cashier
    )
    ledger.decide_correction(correction=made, decided_by=world.checker, approve=True)


def _statements(world: World) -> tuple[BankStatement, Difference]:
    """A file that waits, one that was put aside, and one that was taken: it lacks our payments and names two that nobody knows."""
    head = "Transaction Type,Merchant Track ID,Payment ID,Reference Number,Amount,Transaction Date\n"
    line = "PURCHASE,{},,R{},5.000,2026-11-24\n"

    def loaded(*names: str) -> BankStatement:
        content = (head + "".join(line.format(name, name) for name in names)).encode()
        return reconciliation.load_statement(content=content, file_name="bank.csv", loaded_by=world.cashier)

    reconciliation.drop_statement(statement=loaded("PUTASIDE"), dropped_by=world.cashier)
    found = reconciliation.take_statement(statement=loaded("UNKNOWN1", "UNKNOWN2"), taken_by=world.cashier)
    first, second = [d for d in found if d.kind == "missing_in_ledger"]
    reconciliation.note(difference=second, by=world.cashier, text="سئل البنك")
    reconciliation.propose_closing(difference=second, proposed_by=world.cashier, code="bank_asked")
    reconciliation.close_difference(difference=second, closed_by=world.checker)
    reconciliation.note(difference=first, by=world.cashier, text="لا دفعة بهذا الرقم")
    return loaded("WAITS"), first


def owed(payer: User) -> RefundDue:
    """An amount that is owed back for a bill paid just now."""
    bill = BillFactory(subject="shop:returned", payer=payer)
    attempt = AttemptFactory(bills=[bill], language="ar", session_key="returned")
    Bank.book.decide(attempt)
    inquiry = ask(attempt)
    assert inquiry is not None
    payments.settle(attempt=attempt, inquiry=inquiry)
    refund = payments.owe_back(bill=bill, reason="case_closed", actor=BY)
    assert refund is not None
    return refund


def grounds(world: World, target: str) -> dict[str, Any]:
    """The people of a refund, before it goes to a state."""
    return {"proposed": {"proposed_by": world.cashier}, "approved": {"approved_by": world.checker}}.get(target, {})


# Attacks on the guards that are made by hand.


def approved_alone(world: World) -> None:
    """One person is both, with an event as it should be."""
    from tests.architecture import state_doors as doors

    refund = doors.walk(owed(world.owner.person), "proposed", world)
    doors.update_with(refund, "approved", doors.event(refund, "approve", "proposed", "approved"))


def one_side_more(world: World) -> None:
    LedgerEntry.objects.create(posting=LedgerPosting.objects.all()[0], account="X", debit_fils=1)


def booked_for_nothing(world: World) -> None:
    LedgerPosting.objects.create(key="x", kind="settle", at=clock.now(), fils=1, attempt=world.owner.attempt)


def corrected_alone(world: World) -> None:
    money = world.money
    row = {"attempt_id": money.posting.attempt_id, "correction": money.correction, "reason": "x"}
    LedgerPosting.objects.create(key="x", kind="correction", at=clock.now(), fils=1, **row)


def closed_without_reversal(world: World) -> None:
    """What the ledger has is called settled by two people, and nothing was reversed."""
    rows = Difference.objects.filter(posting__isnull=False, closed_at__isnull=True)
    rows.update(code="x", proposed_by=world.cashier, closed_by=world.checker, closed_at=clock.now())


BY_HAND = {
    "payments_difference_closed_by_reversal": closed_without_reversal,
    "payments_refund_by_two_people": approved_alone,
    "payments_ledgerentry_within_posting": one_side_more,
    "payments_ledgerposting_has_ground": booked_for_nothing,
    "payments_ledgerposting_corrected_by_two": corrected_alone,
}

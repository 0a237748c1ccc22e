"""Rows of money beyond a plain payment: an amount owed back, its postings, a correction that waits for its second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import services as payments
from payments.models import LedgerCorrection, LedgerEntry, LedgerPosting, RefundDue
from payments.rules import Line
from payments.services import ledger
from payments.services.inquiries import ask
from tests.payments.bank import Bank

if TYPE_CHECKING:
    from tests.house.world import World

BY = system("tests")


@dataclass
class MoneyRows:
    refund: RefundDue
    posting: LedgerPosting
    correction: LedgerCorrection


def fill(world: World) -> MoneyRows:
    """A person who paid for something that was refused then, and a posting that the cashier wants under another account."""
    payer = User.objects.create_user(name_ar="ناصر الديحاني", name_en="Nasser Al-Daihani", login="returned")
    posting = LedgerPosting.objects.get(receipt=world.owner.receipt)
    account = posting.entries.exclude(credit_fils=0)[0].account
    correction = ledger.propose_correction(
        posting=posting, from_account=account, to_account="HEALTH-OTHER", code="wrong_account", proposed_by=world.cashier
    )
    return MoneyRows(owed(payer), posting, correction)


def owed(payer: User) -> RefundDue:
    """An amount that is owed back for a bill paid just now."""
    line = Line("renewal", "تجديد", "Renewal", "", "", "المادة 12", "Article 12", "fees.health v1", 10_000, "HEALTH-LICENCES")
    bill = payments.issue_bill(
        kind="tests.thing", subject="shop:returned", payer=payer, title_ar="رسم", title_en="Fee", lines=[line], actor=BY
    )
    attempt = payments.start_attempt(bills=[bill], payer=payer, language="ar", session_key="returned")
    payments.redirect_url(attempt)
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
    from tests.house import state_doors as doors

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


BY_HAND = {
    "payments_refund_by_two_people": approved_alone,
    "payments_ledgerentry_within_posting": one_side_more,
    "payments_ledgerposting_has_ground": booked_for_nothing,
    "payments_ledgerposting_corrected_by_two": corrected_alone,
}

"""Rows of money beyond a plain payment: an amount owed back, its postings, a correction that waits for its second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import services as payments
from payments.models import Attempt, BankStatement, Difference, LedgerCorrection, LedgerEntry, LedgerPosting, PaymentFinding, RefundDue
from payments.services import differences, inquiries, ledger, reconciliation
from payments.services.inquiries import ask
from tests.bank import Bank
from tests.factories.accounts import UserFactory
from tests.factories.payments import AttemptFactory, BillFactory

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

BY = system("tests")


@dataclass
class MoneyRows:
    refund: RefundDue
    posting: LedgerPosting
    correction: LedgerCorrection
    staged: BankStatement
    difference: Difference
    in_review: Attempt


def fill(sample: Sample) -> MoneyRows:
    """A person who paid for something that was refused then, and a posting that the cashier wants under another account."""
    payer = UserFactory(name_ar="ناصر الديحاني", name_en="Nasser Al-Daihani", login="returned")
    posting = LedgerPosting.objects.get(receipt=sample.owner.receipt)
    account = posting.entries.exclude(credit_fils=0)[0].account
    correction = ledger.propose_correction(
        posting=posting, from_account=account, to_account="HEALTH-OTHER", code="wrong_account", proposed_by=sample.cashier
    )
    _corrected(sample)
    staged, difference = _statements(sample)
    return MoneyRows(owed(payer), posting, correction, staged, difference, in_review(payer, sample))


def _corrected(sample: Sample) -> None:
    """A correction that two people made."""
    posting = LedgerPosting.objects.get(receipt=sample.stranger.receipt)
    account = posting.entries.exclude(credit_fils=0)[0].account
    made = ledger.propose_correction(
        posting=posting, from_account=account, to_account="HEALTH-OTHER", code="wrong_account", proposed_by=sample.cashier
    )
    ledger.decide_correction(correction=made, decided_by=sample.checker, approve=True)


def _statements(sample: Sample) -> tuple[BankStatement, Difference]:
    """A file that waits, one that was put aside, and one that was taken: it lacks our payments and names two that nobody knows."""
    head = "Transaction Type,Merchant Track ID,Payment ID,Reference Number,Amount,Transaction Date\n"
    line = "PURCHASE,{},,R{},5.000,2026-11-24\n"

    def loaded(*names: str) -> BankStatement:
        content = (head + "".join(line.format(name, name) for name in names)).encode()
        return reconciliation.load_statement(content=content, file_name="bank.csv", loaded_by=sample.cashier)

    reconciliation.drop_statement(statement=loaded("PUTASIDE"), dropped_by=sample.cashier)
    found = reconciliation.take_statement(statement=loaded("UNKNOWN1", "UNKNOWN2"), taken_by=sample.cashier)
    first, second = [d for d in found if d.kind == "missing_in_ledger"]
    differences.add_note(difference=second, by=sample.cashier, text="سئل البنك")
    differences.propose_closing(difference=second, proposed_by=sample.cashier, code="bank_asked")
    differences.close_difference(difference=second, closed_by=sample.checker)
    differences.add_note(difference=first, by=sample.cashier, text="لا دفعة بهذا الرقم")
    return loaded("WAITS"), first


def in_review(payer: User, sample: Sample) -> Attempt:
    """A payment that the bank is not sure about, with what the cashier found in its records."""
    attempt: Attempt = AttemptFactory(bills=[BillFactory(subject="shop:doubted", payer=payer)], language="ar", session_key="doubted")
    Bank.book.decide(attempt, "FAILURE(SUSPECT)")
    inquiries.inquire(attempt_id=attempt.pk)
    attempt.refresh_from_db()
    payments.record_finding(
        attempt=attempt, found_by=sample.cashier, is_taken=False, fils=None, bank_reference="KB-2026-77", proof="لم يخصم البنك شيئاً"
    )
    return attempt


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


def grounds(sample: Sample, target: str) -> dict[str, Any]:
    """The people of a refund, before it goes to a state."""
    return {"proposed": {"proposed_by": sample.cashier}, "approved": {"approved_by": sample.checker}}.get(target, {})


def found(attempt: Attempt, target: str, sample: Sample) -> None:
    """What two people found in the bank's records about a payment under review that goes to a state."""
    is_taken = target == "refund_due"
    facts = {"is_taken": is_taken, "fils": attempt.fils if is_taken else None, "bank_reference": "KB-1", "proof": "x"}
    finding = PaymentFinding.objects.create(attempt=attempt, **facts, found_by=sample.cashier, found_at=clock.now())
    PaymentFinding.objects.filter(pk=finding.pk).update(decided_by=sample.checker, decided_at=clock.now(), is_confirmed=True)


# Attacks on the guards that are made by hand.


def approved_alone(sample: Sample) -> None:
    """One person is both, with an event as it should be."""
    from tests.architecture import state_changes

    refund = state_changes.walk(owed(sample.owner.person), "proposed", sample)
    state_changes.update_with(refund, "approved", state_changes.event(refund, "approve", "proposed", "approved"))


def one_side_more(sample: Sample) -> None:
    LedgerEntry.objects.create(posting=LedgerPosting.objects.all()[0], account="X", debit_fils=1)


def booked_for_nothing(sample: Sample) -> None:
    LedgerPosting.objects.create(key="x", kind="settle", at=clock.now(), fils=1, attempt=sample.owner.attempt)


def ended_alone(sample: Sample) -> None:
    """One person writes what they found, and nobody confirms it."""
    from tests.architecture import state_changes

    state_changes.event(sample.money.in_review, "find_not_taken", "mismatch", "expired")


def found_and_confirmed_at_once(sample: Sample) -> None:
    facts = {"is_taken": False, "bank_reference": "X-77", "proof": "x", "found_by": sample.cashier, "found_at": clock.now()}
    decided = {"decided_by": sample.checker, "decided_at": clock.now(), "is_confirmed": True}
    PaymentFinding.objects.create(attempt=sample.owner.attempt, **facts, **decided)


def closed_a_second_time(sample: Sample) -> None:
    """An answer of the bank closed a finding that waited, and somebody moves the time."""
    findings = PaymentFinding.objects.filter(attempt=sample.money.in_review)
    findings.update(closed_at=clock.now())
    findings.update(closed_at=None)


def corrected_alone(sample: Sample) -> None:
    money = sample.money
    row = {"attempt_id": money.posting.attempt_id, "correction": money.correction, "reason": "x"}
    LedgerPosting.objects.create(key="x", kind="correction", at=clock.now(), fils=1, **row)


def closed_without_reversal(sample: Sample) -> None:
    """What the ledger has is called settled by two people, and nothing was reversed."""
    rows = Difference.objects.filter(posting__isnull=False, closed_at__isnull=True)
    rows.update(code="x", proposed_by=sample.cashier, closed_by=sample.checker, closed_at=clock.now())


def proposal_replaced(sample: Sample) -> None:
    """Before the second person looks, another reason stands in the proposal."""
    row = Difference.objects.filter(closed_at__isnull=True)
    row.update(code="x", proposed_by=sample.cashier)
    row.update(code="y")


BY_HAND = {
    "payments_difference_sent_back_first": proposal_replaced,
    "payments_difference_closed_by_reversal": closed_without_reversal,
    "payments_refund_by_two_people": approved_alone,
    "payments_attemptevent_found_by_two": ended_alone,
    "payments_paymentfinding_found_first": found_and_confirmed_at_once,
    "payments_paymentfinding_closed_once": closed_a_second_time,
    "payments_ledgerentry_within_posting": one_side_more,
    "payments_ledgerposting_has_ground": booked_for_nothing,
    "payments_ledgerposting_corrected_by_two": corrected_alone,
}

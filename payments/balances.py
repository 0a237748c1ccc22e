"""Balances and invariants of the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Coalesce, Concat

from payments import rules
from payments.models import Attempt, BillLine, LedgerCorrection, LedgerEntry, LedgerPosting, PaymentFinding, PostingKind, Receipt, RefundDue
from payments.states import AttemptState, BillState, RefundState


def balances() -> dict[str, int]:
    """Account → debit less credit, in fils."""
    rows = LedgerEntry.objects.order_by().values("account").annotate(fils=Sum(F("debit_fils") - F("credit_fils")))
    return {row["account"]: row["fils"] for row in rows}


def findings() -> Iterator[str]:
    """Violated invariants of the ledger, as sentences."""
    yield from _balanced()
    yield from _mirrors()
    yield from _each_fact_once()
    yield from _sums()
    yield from _corrections()
    yield from _accounts()


def _balanced() -> Iterator[str]:
    sums = LedgerPosting.objects.annotate(
        debit=Coalesce(Sum("entries__debit_fils"), 0), credit=Coalesce(Sum("entries__credit_fils"), 0), sides=Count("entries")
    )
    for posting in sums.exclude(debit=F("fils"), credit=F("fils")):
        yield f"posting {posting.key} over {posting.fils} fils has {posting.debit} to the debit and {posting.credit} to the credit"


def _mirrors() -> Iterator[str]:
    """A reversal has the entries of its posting with debit and credit exchanged."""
    reversals = LedgerPosting.objects.filter(reversal_of__isnull=False).select_related("reversal_of")
    for posting in reversals.prefetch_related("entries", "reversal_of__entries").iterator(chunk_size=500):
        assert posting.reversal_of is not None  # noqa: S101 - filtered above
        mirrored = sorted((e.account, e.credit_fils, e.debit_fils) for e in posting.entries.all())
        if mirrored != sorted((e.account, e.debit_fils, e.credit_fils) for e in posting.reversal_of.entries.all()):
            yield f"posting {posting.key} is no mirror of {posting.reversal_of.key}"


def _each_fact_once() -> Iterator[str]:
    booked = Count("postings", filter=Q(postings__kind=PostingKind.SETTLE))
    reversals = Count("postings", filter=Q(postings__kind=PostingKind.REVERSAL))
    for receipt in Receipt.objects.annotate(booked=booked, reversals=reversals).select_related("allocation"):
        if receipt.booked != 1:
            yield f"receipt {receipt.number} is booked {receipt.booked} times"
        is_valid = receipt.allocation.is_settled
        if receipt.reversals != (0 if is_valid else 1):
            yield f"receipt {receipt.number} is {'valid' if is_valid else 'void'} and reversed {receipt.reversals} times"
    for refund in RefundDue.objects.annotate(
        owed=Count("postings", filter=Q(postings__kind=PostingKind.OWE)),
        reversals=Count("postings", filter=Q(postings__kind=PostingKind.REVERSAL)),
        out=Count("postings", filter=Q(postings__kind=PostingKind.REFUND)),
    ):
        expected = (1, int(refund.state == RefundState.RELEASED), int(refund.state == RefundState.PAID_OUT))
        if (refund.owed, refund.reversals, refund.out) != expected:
            yield f"amount owed {refund.public_id} is {refund.state} and booked {(refund.owed, refund.reversals, refund.out)}"


def _sums() -> Iterator[str]:
    """Balances against payments: what the gateways hold, what is owed back, what is held as deposits, what was earned."""
    by_account = balances()
    holding = sum(fils for account, fils in by_account.items() if account.startswith("clearing-") or account == rules.SUSPENSE)
    counted = Attempt.objects.filter(state__in=[AttemptState.PAID, AttemptState.REFUND_DUE, AttemptState.REFUNDED])
    # By what two people found in the bank's records, where they did.
    found = PaymentFinding.objects.filter(is_taken=True, is_confirmed=True)
    taken = _total(counted.exclude(pk__in=found.values("attempt"))) + _total(found)
    returned = _total(RefundDue.objects.filter(state=RefundState.PAID_OUT))
    owed = _total(RefundDue.objects.exclude(state__in=[RefundState.RELEASED, RefundState.PAID_OUT]))
    earned = -sum(fils for account, fils in by_account.items() if rules.is_revenue(account))
    kept = BillLine.objects.filter(revenue_account=rules.DEPOSITS, bill__state=BillState.PAID)
    deposited = _total(kept) - _total(RefundDue.objects.filter(line__in=kept).exclude(state=RefundState.RELEASED))
    for name, booked, expected in (
        ("the gateways hold", holding, taken - returned),
        ("is owed back", -by_account.get(rules.OWED_BACK, 0), owed),
        ("is held as deposits", -by_account.get(rules.DEPOSITS, 0), deposited),
        ("was earned", earned, taken - returned - owed - deposited),
    ):
        if booked != expected:
            yield f"by the ledger {booked} fils {name}, by the payments {expected}"


def _total(rows: object) -> int:
    return int(rows.aggregate(sum=Coalesce(Sum("fils"), 0))["sum"])  # type: ignore[attr-defined]


def _corrections() -> Iterator[str]:
    for correction in LedgerCorrection.objects.annotate(count=Count("made")).select_related("posting"):
        if correction.count != (2 if correction.is_approved else 0):
            yield f"correction {correction.public_id} made {correction.count} postings"
        if correction.decided_by_id == correction.proposed_by_id:
            yield f"correction {correction.public_id} was proposed and decided by one person"
    bare = LedgerPosting.objects.filter(kind=PostingKind.CORRECTION).exclude(correction__is_approved=True)
    for key in bare.values_list("key", flat=True):
        yield f"posting {key} corrects without a second person"


def _accounts() -> Iterator[str]:
    """A settlement debits the account of its gateway and credits the account of each line: one of revenue, or that of deposits."""
    settled = LedgerEntry.objects.filter(posting__kind=PostingKind.SETTLE).select_related("posting__receipt")
    wrong = ~Q(account=F("line__revenue_account"), credit_fils=F("line__fils"), line__bill=F("posting__receipt__bill"))
    for entry in settled.filter(credit_fils__gt=0).filter(Q(line__isnull=True) | wrong):
        yield f"posting {entry.posting.key} credits {entry.account} with {entry.credit_fils} fils, which is no line of its bill"
    own = Concat(Value("clearing-"), F("posting__attempt__provider"))
    for entry in settled.filter(debit_fils__gt=0).exclude(account=own):
        yield f"posting {entry.posting.key} debits {entry.account}, which is not the account of its gateway"
    for account in set(BillLine.objects.order_by().values_list("revenue_account", flat=True)):
        if not account or not (rules.is_revenue(account) or account == rules.DEPOSITS):
            yield f"a line of a bill is booked to {account or 'no account'}, which is neither one of revenue nor that of deposits"

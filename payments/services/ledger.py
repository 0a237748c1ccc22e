"""Booking: every fact of money becomes one balanced posting, in the transaction of the fact itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import actor_of
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.rulebook import queries as rulebook
from payments import rules
from payments.models import Attempt, Bill, BillLine, LedgerCorrection, LedgerEntry, LedgerPosting, PostingKind, Receipt, RefundDue
from payments.services.roles import require_role
from payments.states import CASHIER, CHECKER, BillState


@dataclass(frozen=True)
class Leg:
    """One side to be written; exactly one of the amounts (fils) is above nought."""

    account: str
    debit: int = 0
    credit: int = 0
    line_id: int | None = None


def balanced(legs: Sequence[Leg]) -> int:
    """The amount of a posting in fils. Raises ValueError for legs that do not balance or that say nothing."""
    debit, credit = sum(leg.debit for leg in legs), sum(leg.credit for leg in legs)
    if debit != credit or debit <= 0 or any((leg.debit > 0) == (leg.credit > 0) or min(leg.debit, leg.credit) < 0 for leg in legs):
        raise ValueError(f"a posting of {debit} against {credit} fils")
    return debit


def _write(drafts: Iterable[tuple[LedgerPosting, Sequence[Leg]]]) -> list[LedgerPosting]:
    pairs = list(drafts)
    for posting, legs in pairs:
        posting.fils = balanced(legs)
    made = LedgerPosting.objects.bulk_create([posting for posting, _legs in pairs])
    LedgerEntry.objects.bulk_create(
        LedgerEntry(posting=posting, account=leg.account, debit_fils=leg.debit, credit_fils=leg.credit, line_id=leg.line_id)
        for posting, (_draft, legs) in zip(made, pairs, strict=True)
        for leg in legs
    )
    return made


def book_receipts(receipts: Sequence[Receipt]) -> list[LedgerPosting]:
    """Money that came in: the gateway owes it to us, each fee line earned its revenue account. At the receipts' own time."""
    lines: dict[int, list[BillLine]] = {}
    for line in BillLine.objects.filter(bill__in={receipt.bill_id for receipt in receipts}).order_by("bill_id", "order"):
        lines.setdefault(line.bill_id, []).append(line)
    attempts = {a.pk: a for a in Attempt.objects.filter(allocations__receipt__in=receipts)}
    return _write(
        (
            LedgerPosting(
                key=f"settle:{receipt.number}",
                kind=PostingKind.SETTLE,
                at=receipt.issued_at,
                attempt_id=receipt.allocation.attempt_id,
                bill_id=receipt.bill_id,
                receipt=receipt,
            ),
            [
                Leg(rules.clearing(attempts[receipt.allocation.attempt_id].provider), debit=receipt.fils),
                *(Leg(line.revenue_account, credit=line.fils, line_id=line.pk) for line in lines.get(receipt.bill_id, [])),
            ],
        )
        for receipt in receipts
    )


def book_owed(refund: RefundDue) -> LedgerPosting:
    """What is owed back is revenue no more; a capture for nothing that was due never was any."""
    posting = LedgerPosting(
        key=f"owe:{refund.public_id}",
        kind=PostingKind.OWE,
        at=refund.due_since,
        attempt_id=refund.attempt_id,
        refund=refund,
        reason=refund.reason,
    )
    if refund.allocation is None:
        legs = [Leg(rules.clearing(refund.attempt.provider), debit=refund.fils), Leg(rules.OWED_BACK, credit=refund.fils)]
    else:
        posting.bill_id = refund.allocation.bill_id
        earned = [e for p in standing(refund.allocation.receipt) for e in p.entries.all() if e.credit_fils]
        legs = [*(Leg(e.account, debit=e.credit_fils, line_id=e.line_id) for e in earned), Leg(rules.OWED_BACK, credit=refund.fils)]
    return _write([(posting, legs)])[0]


def book_paid_out(refund: RefundDue) -> LedgerPosting:
    """An amount went back to the card: it is owed no more, and the gateway keeps it from what it owes us."""
    posting = LedgerPosting(
        key=f"refund:{refund.public_id}",
        kind=PostingKind.REFUND,
        at=clock.now(),
        attempt_id=refund.attempt_id,
        bill_id=refund.allocation.bill_id if refund.allocation else None,
        refund=refund,
        reason=refund.reason,
    )
    return _write([(posting, [Leg(rules.OWED_BACK, debit=refund.fils), Leg(rules.clearing(refund.attempt.provider), credit=refund.fils)])])[
        0
    ]


def standing(receipt: Receipt) -> list[LedgerPosting]:
    """The postings of a receipt that hold now: its settlement, or what a correction put in its place."""
    kinds = [PostingKind.SETTLE, PostingKind.CORRECTION]
    found = LedgerPosting.objects.filter(receipt=receipt, kind__in=kinds, reversed_by__isnull=True, reversal_of__isnull=True)
    return list(found.prefetch_related("entries").order_by("pk"))


def reverse(postings: Iterable[LedgerPosting], *, reason: str, correction: LedgerCorrection | None = None) -> None:
    """Undo postings by their mirror images. Raises IntegrityError for one that was reversed before, ValueError without a reason."""
    if not reason:
        raise ValueError("a posting is reversed for a reason")
    _write(
        (
            LedgerPosting(
                key=f"reversal:{posting.key}"[:80],
                kind=PostingKind.CORRECTION if correction else PostingKind.REVERSAL,
                at=clock.now(),
                attempt_id=posting.attempt_id,
                bill_id=posting.bill_id,
                receipt_id=posting.receipt_id,
                refund_id=posting.refund_id,
                reversal_of=posting,
                correction=correction,
                reason=reason[:60],
            ),
            [Leg(e.account, debit=e.credit_fils, credit=e.debit_fils, line_id=e.line_id) for e in posting.entries.all()],
        )
        for posting in postings
    )


def owed_posting(refund: RefundDue) -> LedgerPosting:
    """The posting by which an amount became owed back."""
    return LedgerPosting.objects.prefetch_related("entries").get(key=f"owe:{refund.public_id}")


# Corrections: one proposes, another approves.


def _held(posting: LedgerPosting) -> LedgerPosting:
    """The posting, with the bill of its receipt locked. The application's role may not lock a posting, since nobody may change one; what
    reverses a posting holds the bill.
    """
    row = LedgerPosting.objects.select_related("receipt__bill").get(pk=posting.pk)
    if row.receipt is not None:
        row.receipt.bill = Bill.objects.select_for_update().get(pk=row.receipt.bill_id)
    return row


@transaction.atomic
def propose_correction(*, posting: LedgerPosting, from_account: str, to_account: str, code: str, proposed_by: Any) -> LedgerCorrection:
    """Ask that an amount be booked under another account. Raises NotPermitted, Refused: reversed_already, correction_open, not_correctable,
    no_such_account, bad_code."""
    require_role(proposed_by, CASHIER)
    row = _held(posting)
    if row.kind == PostingKind.REVERSAL or row.reversal_of_id or LedgerPosting.objects.filter(reversal_of=row).exists():
        raise Refused("reversed_already", _("This posting does not stand any more."))
    if LedgerCorrection.objects.filter(posting=row, decided_by__isnull=True).exists():
        raise Refused("correction_open", _("A correction of this posting waits for its second person already."))
    if row.receipt is None or row.receipt.bill.state != BillState.PAID:
        raise Refused("not_correctable", _("Only the posting of a receipt whose bill is paid can be corrected."))
    if not row.entries.filter(account=from_account).exists() or not rules.may_correct(from_account, to_account):
        raise Refused("no_such_account", _("Please name an account of the posting and another one in its place."))
    if code not in {reason.code for reason in correction_reasons()}:
        raise Refused("bad_code", _("Please choose a reason."))
    correction = LedgerCorrection.objects.create(
        posting=row, from_account=from_account, to_account=to_account, code=code, proposed_by=proposed_by, proposed_at=clock.now()
    )
    record(
        "ledger.correction_proposed", subject=correction.key, actor=actor_of(proposed_by, CASHIER), data={"posting": row.key, "code": code}
    )
    return correction


@transaction.atomic
def decide_correction(*, correction: LedgerCorrection, decided_by: Any, approve: bool) -> None:
    """Book or drop a proposed correction. Raises NotPermitted (own proposal, other role), Refused("decided_already", …)."""
    require_role(decided_by, CHECKER)
    row = LedgerCorrection.objects.select_for_update(of=("self",)).select_related("posting").get(pk=correction.pk)
    _held(row.posting)
    if row.decided_by_id is not None:
        raise Refused("decided_already", _("Another person decided meanwhile. Nothing was changed."))
    if row.proposed_by_id == decided_by.pk:
        raise NotPermitted("own_proposal", _("Whoever proposes does not approve."))
    row.decided_by, row.decided_at, row.is_approved = decided_by, clock.now(), approve
    row.save(update_fields=["decided_by", "decided_at", "is_approved"])
    if approve:
        _correct(row)
    name = "ledger.corrected" if approve else "ledger.correction_dropped"
    record(name, subject=row.key, actor=actor_of(decided_by, CHECKER), data={"posting": row.posting.key, "code": row.code})


def _correct(row: LedgerCorrection) -> None:
    posting = row.posting
    if LedgerPosting.objects.filter(reversal_of=posting).exists():
        raise Refused("reversed_already", _("This posting does not stand any more."))
    reverse([posting], reason=row.code, correction=row)
    again = LedgerPosting(
        key=f"correction:{row.public_id}",
        kind=PostingKind.CORRECTION,
        at=clock.now(),
        attempt_id=posting.attempt_id,
        bill_id=posting.bill_id,
        receipt_id=posting.receipt_id,
        refund_id=posting.refund_id,
        correction=row,
        reason=row.code,
    )
    moved = {row.from_account: row.to_account}
    _write(
        [
            (
                again,
                [Leg(moved.get(e.account, e.account), e.debit_fils, e.credit_fils, e.line_id) for e in posting.entries.all()],
            )
        ]
    )


def correction_reasons() -> list[Any]:
    """The coded reasons for correcting the ledger, of the rulebook in force. Raises Refused("no_edition")."""
    return rulebook.edition("replies.money", clock.today()).reasons_of("ledger")

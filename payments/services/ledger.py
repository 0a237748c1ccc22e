"""Booking: one balanced posting for each event, in its transaction; corrections by two people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from payments import rules
from payments.models import Attempt, Bill, BillLine, LedgerCorrection, LedgerEntry, LedgerPosting, PostingKind, Receipt, RefundDue
from payments.services.roles import require_role
from payments.states import CASHIER, CHECKER, BillState, RefundState


@dataclass(frozen=True)
class Leg:
    """An entry to be written; one of the amounts (fils) is positive, the other zero."""

    account: str
    debit: int = 0
    credit: int = 0
    line_id: int | None = None


def balanced(legs: Sequence[Leg]) -> int:
    """The amount of a posting in fils. Raises ValueError for unbalanced or empty legs."""
    debit, credit = sum(leg.debit for leg in legs), sum(leg.credit for leg in legs)
    if debit != credit or debit <= 0 or any((leg.debit > 0) == (leg.credit > 0) or min(leg.debit, leg.credit) < 0 for leg in legs):
        raise ValueError(f"a posting of {debit} against {credit} fils")
    return debit


def _write(drafts: Iterable[tuple[LedgerPosting, Sequence[Leg]]]) -> list[LedgerPosting]:
    pairs = list(drafts)
    for posting, legs in pairs:
        posting.fils = balanced(legs)
    postings = LedgerPosting.objects.bulk_create([posting for posting, _legs in pairs])
    LedgerEntry.objects.bulk_create(
        LedgerEntry(posting=posting, account=leg.account, debit_fils=leg.debit, credit_fils=leg.credit, line_id=leg.line_id)
        for posting, (_draft, legs) in zip(postings, pairs, strict=True)
        for leg in legs
    )
    return postings


def book_receipts(receipts: Sequence[Receipt]) -> list[LedgerPosting]:
    """Book receipts: debit the gateway, credit the revenue account of each line, at the time of the receipt."""
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
    """Book an amount as owed back: from where its line was booked, or from the gateway for a payment without due bills."""
    posting = LedgerPosting(
        key=f"owe:{refund.public_id}",
        kind=PostingKind.OWE,
        at=refund.due_since,
        attempt_id=refund.attempt_id,
        refund=refund,
        reason=refund.reason,
    )
    if refund.line is not None:
        posting.bill_id = refund.line.bill_id
        account = rules.DEPOSITS if refund.line.revenue_account == rules.DEPOSITS else _account_of(refund.line)
        legs = [Leg(account, debit=refund.fils, line_id=refund.line.pk), Leg(rules.OWED_BACK, credit=refund.fils)]
    elif refund.allocation is None:
        legs = [Leg(rules.clearing(refund.attempt.provider), debit=refund.fils), Leg(rules.OWED_BACK, credit=refund.fils)]
    else:
        posting.bill_id = refund.allocation.bill_id
        earned = [e for p in postings_in_force(refund.allocation.receipt) for e in p.entries.all() if e.credit_fils]
        legs = [*(Leg(e.account, debit=e.credit_fils, line_id=e.line_id) for e in earned), Leg(rules.OWED_BACK, credit=refund.fils)]
    return _write([(posting, legs)])[0]


def _account_of(line: BillLine) -> str:
    """The account on which a line of a paid bill is booked; a correction may have moved it."""
    receipt = Receipt.objects.get(bill=line.bill_id, allocation__is_settled=True)
    entries = (entry for posting in postings_in_force(receipt) for entry in posting.entries.all())
    return next(str(entry.account) for entry in entries if entry.line_id == line.pk and entry.credit_fils)


def book_paid_out(refund: RefundDue) -> LedgerPosting:
    """Book a refund that was paid out: debit what is owed back, credit the gateway."""
    posting = LedgerPosting(
        key=f"refund:{refund.public_id}",
        kind=PostingKind.REFUND,
        at=clock.now(),
        attempt_id=refund.attempt_id,
        bill=refund.bill,
        refund=refund,
        reason=refund.reason,
    )
    legs = [Leg(rules.OWED_BACK, debit=refund.fils), Leg(rules.clearing(refund.attempt.provider), credit=refund.fils)]
    return _write([(posting, legs)])[0]


def postings_in_force(receipt: Receipt) -> list[LedgerPosting]:
    """The postings of a receipt that are not reversed: its settlement or the correction of it."""
    kinds = [PostingKind.SETTLE, PostingKind.CORRECTION]
    postings = LedgerPosting.objects.filter(receipt=receipt, kind__in=kinds, reversed_by__isnull=True, reversal_of__isnull=True)
    return list(postings.prefetch_related("entries").order_by("pk"))


def reverse(postings: Iterable[LedgerPosting], *, reason: str, correction: LedgerCorrection | None = None) -> None:
    """Reverse postings. Raises IntegrityError for one that is reversed already, ValueError without a reason."""
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
    """The posting of `book_owed`."""
    return LedgerPosting.objects.prefetch_related("entries").get(key=f"owe:{refund.public_id}")


def _lock_bill(posting: LedgerPosting) -> LedgerPosting:
    """The posting, with the bill of its receipt locked. The database role may not lock the immutable posting itself."""
    row = LedgerPosting.objects.select_related("receipt__bill").get(pk=posting.pk)
    if row.receipt is not None:
        row.receipt.bill = Bill.objects.select_for_update().get(pk=row.receipt.bill_id)
    return row


@transaction.atomic
def propose_correction(*, posting: LedgerPosting, from_account: str, to_account: str, code: str, proposed_by: User) -> LedgerCorrection:
    """Propose to book an amount on another account.

    Raises NotPermitted, Refused: reversed_already, correction_open, not_correctable, no_such_account, bad_code.
    """
    require_role(proposed_by, CASHIER)
    row = _lock_bill(posting)
    if row.kind == PostingKind.REVERSAL or row.reversal_of_id or LedgerPosting.objects.filter(reversal_of=row).exists():
        raise Refused("reversed_already", _("This posting does not stand any more."))
    if LedgerCorrection.objects.filter(posting=row, decided_by__isnull=True).exists():
        raise Refused("correction_open", _("A correction of this posting waits for its second person already."))
    _require_correctable(row, from_account)
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


def _require_correctable(row: LedgerPosting, from_account: str) -> None:
    """Raises Refused("not_correctable") for anything but a receipt whose bill is paid and of which no part left this account."""
    owed = RefundDue.objects.exclude(state=RefundState.RELEASED)
    returned = owed.filter(postings__kind=PostingKind.OWE, postings__entries__account=from_account)
    if row.receipt is None or row.receipt.bill.state != BillState.PAID or returned.filter(line__bill=row.receipt.bill_id).exists():
        raise Refused("not_correctable", _("Only the posting of a receipt whose bill is paid can be corrected."))


@transaction.atomic
def decide_correction(*, correction: LedgerCorrection, decided_by: User, approve: bool) -> None:
    """Approve or drop a correction. Raises NotPermitted (own proposal, other role), Refused: decided_already, reversed_already."""
    require_role(decided_by, CHECKER)
    row = LedgerCorrection.objects.select_for_update(of=("self",)).select_related("posting").get(pk=correction.pk)
    _lock_bill(row.posting)
    if row.decided_by_id is not None:
        raise Refused("decided_already", _("Another person decided meanwhile. Nothing was changed."))
    if row.proposed_by_id == decided_by.pk:
        raise NotPermitted("own_proposal", _("The person who proposes cannot approve."))
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
    _require_correctable(posting, row.from_account)
    reverse([posting], reason=row.code, correction=row)
    corrected = LedgerPosting(
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
    accounts = {row.from_account: row.to_account}
    legs = [Leg(accounts.get(e.account, e.account), e.debit_fils, e.credit_fils, e.line_id) for e in posting.entries.all()]
    _write([(corrected, legs)])


def correction_reasons() -> list[Reason]:
    """Reasons for corrections, of the rulebook in force. Raises Refused("no_edition")."""
    return rulebook.edition("replies.money", clock.today()).reasons_of("ledger")

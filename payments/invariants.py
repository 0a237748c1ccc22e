"""Invariants of payments. Each finding is a sentence for an operator."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Exists, F, Model, OuterRef, Q, Sum
from django.db.models.functions import Floor

from municipality.kernel.transitions import state_findings
from payments import balances
from payments.models import (
    Allocation,
    Attempt,
    AttemptEvent,
    BankStatement,
    Bill,
    BillLine,
    Difference,
    Inquiry,
    LedgerEntry,
    LedgerPosting,
    LineKind,
    PaymentFinding,
    Receipt,
    RefundDue,
    RefundEvent,
    StatementLine,
)
from payments.queries import taken_fils
from payments.states import ON_ITS_WAY, OPEN, OWED, AttemptState, BillState, RefundState

_OUT = Q(allocations__refund__state=RefundState.PAID_OUT)


def findings() -> Iterator[str]:
    """Violated invariants, as sentences."""
    yield from _paid_and_receipts()
    yield from _receipts_and_inquiries()
    yield from _sums()
    yield from _open_attempts()
    yield from _amounts()
    yield from _refunds()
    yield from _two_people()
    yield from _reviews()
    yield from _statements()
    yield from balances.findings()
    yield from state_findings(Bill)
    yield from state_findings(RefundDue)
    yield from state_findings(Attempt)


def _paid_and_receipts() -> Iterator[str]:
    counted = Bill.objects.annotate(valid=Count("receipts", filter=Q(receipts__allocation__is_settled=True)))
    has_money = Q(state__in=[BillState.PAID, BillState.REFUND_DUE, BillState.REFUNDED])
    for bill in counted.filter(has_money & ~Q(valid=1) | ~has_money & ~Q(valid=0)):
        yield f"bill {bill.reference} is {bill.state} and has {bill.valid} receipts"
    for attempt in Attempt.objects.annotate(settled=Count("allocations", filter=Q(allocations__is_settled=True)), all=Count("allocations")):
        if attempt.state == AttemptState.PAID and attempt.settled != attempt.all:
            yield f"attempt {attempt.trackid} is paid and settles {attempt.settled} of {attempt.all} bills"
        if attempt.state != AttemptState.PAID and attempt.settled:
            yield f"attempt {attempt.trackid} is {attempt.state} and settles bills"


def _receipts_and_inquiries() -> Iterator[str]:
    good = Q(
        inquiry__agrees=True,
        inquiry__outcome="captured",
        inquiry__attempt=F("allocation__attempt"),
        inquiry__trackid=F("allocation__attempt__trackid"),
        inquiry__fils=F("allocation__attempt__fils"),
        inquiry__payment_id=F("allocation__attempt__payment_id"),
        bill=F("allocation__bill"),
        fils=F("allocation__fils"),
    )
    for number in Receipt.objects.exclude(pk__in=Receipt.objects.filter(good).values("pk")).values_list("number", flat=True):
        yield f"receipt {number} does not rest on an agreeing inquiry"
    for receipt in Receipt.objects.exclude(fils=F("bill__total_fils")).select_related("bill"):
        yield f"receipt {receipt.number} is over {receipt.fils} fils, its bill over {receipt.bill.total_fils}"


def _sums() -> Iterator[str]:
    for bill in Bill.objects.annotate(lines_sum=Sum("lines__fils")).exclude(lines_sum=F("total_fils")):
        yield f"bill {bill.reference} is over {bill.total_fils} fils, its lines over {bill.lines_sum}"
    for attempt in Attempt.objects.annotate(parts=Sum("allocations__fils")).exclude(parts=F("fils")):
        yield f"attempt {attempt.trackid} is over {attempt.fils} fils, its parts over {attempt.parts}"
    for allocation in Allocation.objects.exclude(fils=F("bill__total_fils")):
        yield f"allocation {allocation.pk} is not over its bill's amount"
    sums = Receipt.objects.values("inquiry", "inquiry__fils", "inquiry__attempt__trackid").annotate(written=Sum("fils"))
    for row in sums.exclude(written=F("inquiry__fils")).order_by("inquiry"):
        track, answer = row["inquiry__attempt__trackid"], row["inquiry__fils"]
        yield f"receipts of payment {track} are over {row['written']} fils, the bank's answer over {answer}"


def _open_attempts() -> Iterator[str]:
    for bill in Bill.objects.annotate(opened=Count("allocations", filter=Q(allocations__is_open=True))).filter(opened__gt=1):
        yield f"bill {bill.reference} has {bill.opened} open attempts"
    for allocation in Allocation.objects.filter(is_open=True).exclude(attempt__state__in=OPEN).select_related("attempt"):
        yield f"attempt {allocation.attempt.trackid} is {allocation.attempt.state} and still holds a bill"
    closed = Allocation.objects.filter(is_open=False, attempt__state__in=[s for s in OPEN if s != AttemptState.MISMATCH])
    for allocation in closed.select_related("attempt"):
        yield f"attempt {allocation.attempt.trackid} is open and holds no bill"


def _refunds() -> Iterator[str]:
    """Refunds agree with their bills and attempts, in state and amount, and never exceed the payment."""
    for state, condition in ((BillState.REFUND_DUE, Q(allocations__refund__state__in=OWED)), (BillState.REFUNDED, _OUT)):
        settled = condition & Q(allocations__is_settled=True)
        for bill in Bill.objects.filter(state=state).annotate(owed=Count("allocations", filter=settled)).exclude(owed=1):
            yield f"bill {bill.reference} is {state} and {bill.owed} amounts are owed for it"
    total = Q(refunds__allocation__isnull=True, refunds__line__isnull=True)
    for attempt in Attempt.objects.filter(state__in=[AttemptState.REFUND_DUE, AttemptState.REFUNDED]).annotate(
        owed=Count("refunds", filter=total & Q(refunds__state__in=OWED)),
        out=Count("refunds", filter=total & Q(refunds__state="paid_out")),
    ):
        if (attempt.owed, attempt.out) != ((1, 0) if attempt.state == AttemptState.REFUND_DUE else (0, 1)):
            yield f"payment {attempt.trackid} is {attempt.state} and {attempt.owed} amounts are owed for it, {attempt.out} were returned"
    for refund in RefundDue.objects.filter(state__in=OWED).select_related("attempt", "allocation__bill", "line__bill"):
        if refund.line is not None:
            fits = refund.fils <= refund.line.fils and refund.line.bill.state == BillState.PAID
        elif refund.allocation is not None:
            fits = refund.allocation.bill.state == BillState.REFUND_DUE and refund.fils == refund.allocation.fils
        else:
            fits = refund.attempt.state == AttemptState.REFUND_DUE and refund.fils == taken_fils([refund.attempt_id])[refund.attempt_id]
        if not fits:
            yield f"{refund.fils} fils are owed back for {refund.attempt.trackid}, which says otherwise"
    live = ~Q(refunds__state=RefundState.RELEASED)
    for line in BillLine.objects.annotate(back=Sum("refunds__fils", filter=live)).filter(back__gt=F("fils")):
        yield f"of line {line.code} over {line.fils} fils {line.back} are returned"
    sent = Q(refunds__state__in=[*ON_ITS_WAY, RefundState.PAID_OUT])
    for paid in Attempt.objects.annotate(sent_fils=Sum("refunds__fils", filter=sent)).filter(sent_fils__gt=F("fils")):
        if paid.sent_fils > taken_fils([paid.pk])[paid.pk]:
            yield f"of payment {paid.trackid} over {paid.fils} fils {paid.sent_fils} are returned"
    approved = RefundDue.objects.filter(state__in=[*ON_ITS_WAY, RefundState.PAID_OUT])
    for refund in approved.filter(Q(approved_by__isnull=True) | Q(proposed_by__isnull=True) | Q(approved_by=F("proposed_by"))):
        yield f"amount owed {refund.public_id} is {refund.state} without two people"


def _two_people() -> Iterator[str]:
    """By the events too, a proposal or finding was approved by another person."""
    for made, decided in (("propose", "approve"), ("look_up", "pay_out")):
        first: dict[int, str] = {}
        for subject, move, actor, data in (
            RefundEvent.objects.filter(move__in=[made, decided]).order_by("pk").values_list("subject_id", "move", "actor_key", "data")
        ):
            if move == made:
                first[subject] = actor
            elif subject in first and first[subject] == (data.get("by") or actor):
                yield f"amount owed {subject}: {decided} and {made} are of one person"


def _reviews() -> Iterator[str]:
    """A finding about a payment is confirmed by another person, and a payment that people ended has one."""
    for finding in PaymentFinding.objects.filter(is_confirmed=True).filter(Q(decided_by__isnull=True) | Q(decided_by=F("found_by"))):
        yield f"a finding about payment {finding.attempt.trackid} is confirmed without a second person"
    for move, is_taken in (("find_taken", True), ("find_not_taken", False)):
        found = PaymentFinding.objects.filter(attempt=OuterRef("subject"), is_confirmed=True, is_taken=is_taken)
        for track in AttemptEvent.objects.filter(move=move).exclude(Exists(found)).values_list("subject__trackid", flat=True):
            yield f"payment {track} was ended by nobody's finding"


def _statements() -> Iterator[str]:
    """A statement has its lines, and each of them is booked or listed as a difference."""
    net = Sum("lines__fils", filter=Q(lines__kind=LineKind.CAPTURE), default=0) - Sum(
        "lines__fils", filter=Q(lines__kind=LineKind.REFUND), default=0
    )
    for statement in BankStatement.objects.annotate(read=Count("lines"), net=net).exclude(read=F("count"), net=F("fils")):
        yield f"{statement.key} says {statement.count} lines over {statement.fils} fils and holds {statement.read} over {statement.net}"
    lines = StatementLine.objects.filter(statement__taken_at__isnull=False, kind=LineKind.CAPTURE)
    settled = Attempt.objects.filter(trackid=OuterRef("trackid"), fils=OuterRef("fils"), settled_at__isnull=False)
    found = PaymentFinding.objects.filter(attempt__trackid=OuterRef("trackid"), fils=OuterRef("fils"), is_confirmed=True)
    listed = Difference.objects.filter(trackid=OuterRef("trackid"))
    for line in lines.exclude(Exists(settled)).exclude(Exists(found)).exclude(Exists(listed)).select_related("statement")[:50]:
        yield f"line {line.number} of {line.statement.key} is neither booked nor listed as a difference"
    closed = Difference.objects.filter(closed_at__isnull=False, closed_by__isnull=False)
    for difference in closed.filter(Q(proposed_by__isnull=True) | Q(proposed_by=F("closed_by"))):
        yield f"{difference.key} was closed without two people"
    stands = Q(posting__isnull=False) & ~Q(correction__is_approved=True, correction__posting=F("posting"))
    for difference in closed.filter(stands):
        yield f"{difference.key} was closed, and its posting {difference.posting_id} still stands"


# Every column of money, and whether it may be zero or null.
COLUMNS: tuple[tuple[type[Model], str, bool, bool], ...] = (
    (Bill, "total_fils", False, False),
    (BillLine, "fils", False, False),
    (Attempt, "fils", False, False),
    (Allocation, "fils", False, False),
    (Inquiry, "fils", True, True),
    (Receipt, "fils", False, False),
    (RefundDue, "fils", False, False),
    (RefundDue, "remaining_fils", True, True),
    (PaymentFinding, "fils", False, True),
    (LedgerPosting, "fils", False, False),
    (LedgerEntry, "debit_fils", True, False),
    (LedgerEntry, "credit_fils", True, False),
    (StatementLine, "fils", False, False),
    (Difference, "bank_fils", True, False),
    (Difference, "ledger_fils", True, False),
)


def _amounts() -> Iterator[str]:
    """Amounts are whole fils, not negative, and neither zero nor missing where that is not allowed."""
    for model, column, may_be_nought, may_be_empty in COLUMNS:
        broken = Q(**{f"{column}__isnull": False}) & ~Q(**{column: Floor(column)})
        bad = Q(**{f"{column}__lt" if may_be_nought else f"{column}__lte": 0}) | broken
        if not may_be_empty:
            bad |= Q(**{f"{column}__isnull": True})
        count = model._default_manager.filter(bad).count()
        if count:
            yield f"{count} rows of {model._meta.db_table} have a {column} that is no amount"

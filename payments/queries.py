"""Questions about bills and receipts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from payments.models import Attempt, Bill, Receipt, RefundDue
from payments.states import AT_BANK, AttemptState, BillState, RefundState


def visible_to(user: Any) -> QuerySet[Bill]:
    """A person sees the bills they are to pay; staff see none through the portal's pages."""
    if not user.is_authenticated or user.is_staff:
        return Bill.objects.none()
    return Bill.objects.filter(payer=user)


def bill_of(subject: str, kind: str = "") -> Bill | None:
    """The newest bill about a subject such as `case:<public id>` that was not cancelled."""
    bills = Bill.objects.filter(subject=subject).exclude(state=BillState.VOID)
    if kind:
        bills = bills.filter(kind=kind)
    return bills.order_by("-pk").first()


def receipts_of(subject: str) -> QuerySet[Receipt]:
    """Receipts that stand, for the bills about a subject, oldest first; one reversed by the bank is none."""
    return (
        Receipt.objects.filter(bill__subject=subject, allocation__is_settled=True)
        .select_related("bill", "document", "allocation__attempt")
        .order_by("pk")
    )


def receipts_visible_to(user: Any) -> QuerySet[Receipt]:
    """Receipts of the person's own bills."""
    if not user.is_authenticated or user.is_staff:
        return Receipt.objects.none()
    return Receipt.objects.filter(bill__payer=user).select_related("bill", "document__file", "allocation__attempt")


@dataclass(frozen=True)
class BillStatus:
    """Where a bill stands: `step` is one of due, at_bank, checking, review, paid, refund_due, void."""

    step: str
    attempt: Attempt | None
    receipt: Receipt | None

    @property
    def can_pay(self) -> bool:
        return self.step == "due"


def state_of(bill: Bill) -> BillStatus:
    """The standing of one bill for pages: its state, the open attempt if any, the standing receipt if any."""
    if bill.state != BillState.DUE:
        receipt = Receipt.objects.filter(bill=bill, allocation__is_settled=True).select_related("document", "allocation__attempt").first()
        return BillStatus(str(bill.state), receipt.allocation.attempt if receipt else None, receipt)
    attempt = Attempt.objects.filter(allocations__bill=bill, allocations__is_open=True).first()
    if attempt is None or attempt.state not in AT_BANK:
        return BillStatus("due", attempt, None)
    steps = {AttemptState.REDIRECTED: "at_bank", AttemptState.CONFIRMING: "checking", AttemptState.MISMATCH: "review"}
    return BillStatus(steps[AttemptState(attempt.state)], attempt, None)


def refunds_due() -> tuple[QuerySet[Bill], QuerySet[Attempt]]:
    """What is owed back: bills paid but refused by their service, and captures for which nothing was due."""
    return Bill.objects.filter(state=BillState.REFUND_DUE), Attempt.objects.filter(state=AttemptState.REFUND_DUE)


def refund_of(subject: str) -> RefundDue | None:
    """What is owed back for a subject such as `case:<public id>`, if anything."""
    return RefundDue.objects.filter(subject=subject, state=RefundState.DUE).order_by("-pk").first()

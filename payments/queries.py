"""Questions about bills and receipts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from municipality.accounts.models import actor_for
from municipality.acting import queries as acting
from municipality.cases import queries as cases
from municipality.cases.models import Case
from payments.models import Attempt, Bill, Receipt, RefundDue
from payments.states import AT_BANK, AttemptState, BillState, RefundState


def visible_to(user: Any) -> QuerySet[Bill]:
    """A person sees the bills they are to pay, and those of the cases in which they act for another; staff see none here."""
    if not user.is_authenticated or user.is_staff:
        return Bill.objects.none()
    return Bill.objects.filter(_payable_by(user))


def _payable_by(user: Any, bill: str = "") -> Q:
    own = Q(**{f"{bill}payer": user})
    if not acting.grants(user):
        return own
    of_others = cases.delegated_to(user).annotate(case_key=Concat(Value("case:"), F("public_id")))
    # Of the same person as the case: a bill that another pays stays that one's.
    return own | Q(**{f"{bill}subject__in": of_others.values("case_key"), f"{bill}payer__in": of_others.values("applicant")})


def seen_by(user: Any, public_id: str) -> Bill | None:
    """A bill that a person may see; None for any other. Raises NotPermitted with a clear sentence where a delegation is over."""
    bill = visible_to(user).filter(public_id=public_id).select_related("payer").first()
    if bill is None and (hidden := Bill.objects.filter(public_id=public_id).first()) is not None:
        case = case_of(hidden)
        if case is not None and not user.is_staff:
            acting.refuse_over(user, owners=[hidden.payer_id], service=case.service, subject=case.subject)
    return bill


def case_of(bill: Bill) -> Case | None:
    """The case that a bill is for."""
    kind, _colon, public_id = bill.subject.partition(":")
    return Case.objects.filter(public_id=public_id).first() if kind == "case" else None


def may_pay(user: Any, bill: Bill) -> bool:
    """Whether a person may pay a bill now: its payer, or a delegate in its case. Locks the right; inside a transaction."""
    if bill.payer_id == user.pk:
        return True
    case = None if user.is_staff else case_of(bill)
    if case is None or case.applicant_id != bill.payer_id:
        return False
    return acting.may(actor_for(user, bill.payer), person=bill.payer, service=case.service, subject=case.subject)


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
    """Receipts of the bills that `visible_to` shows."""
    if not user.is_authenticated or user.is_staff:
        return Receipt.objects.none()
    return Receipt.objects.filter(_payable_by(user, "bill__")).select_related("bill", "document__file", "allocation__attempt")


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

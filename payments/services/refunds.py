"""Recording amounts that are owed back, in the transaction of the cause."""

from __future__ import annotations

import logging

from django.db import transaction

from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.transitions import transition
from payments.models import Allocation, Attempt, Bill, RefundDue
from payments.services import ledger
from payments.states import BillState, RefundState

log = logging.getLogger(__name__)
ME = system("payments")


def owe_allocation(allocation: Allocation, bill: Bill, *, reason: str, actor: Actor = ME) -> RefundDue:
    """Owe back the payment of a bill that its service refused. In the caller's transaction, bill locked."""
    transition(bill, "refuse", actor=actor, reason=reason[:60])
    refund = RefundDue.objects.create(
        attempt_id=allocation.attempt_id,
        allocation=allocation,
        payer_id=bill.payer_id,
        subject=bill.subject,
        fils=allocation.fils,
        reason=reason[:60],
        due_since=clock.now(),
    )
    ledger.book_owed(refund)
    enqueue("payments.tell_owed_bill", key=f"allocation:{allocation.pk}", allocation_id=allocation.pk)
    record("bill.refund_due", subject=bill.key, actor=actor, data={"code": reason, "fils": allocation.fils, "refund": refund.key})
    log.error("bill %s is paid and was refused (%s): the amount is to be returned", bill.reference, reason)
    return refund


def owe_attempt(attempt: Attempt, bills: dict[int, Bill], *, reason: str) -> RefundDue:
    """Owe back a whole payment whose bills are not due. In the caller's transaction, attempt locked."""
    first = min(bills.values(), key=lambda bill: bill.pk)
    refund = RefundDue.objects.create(
        attempt=attempt, payer_id=first.payer_id, subject=first.subject, fils=attempt.fils, reason=reason[:60], due_since=clock.now()
    )
    ledger.book_owed(refund)
    return refund


@transaction.atomic
def owe_back(*, bill: Bill, reason: str, actor: Actor) -> RefundDue | None:
    """Owe back the payment of a bill that its service refuses later. None if it is not paid. Raises ValueError without a reason."""
    if not reason:
        raise ValueError("an amount is owed back for a reason")
    row = Bill.objects.select_for_update().get(pk=bill.pk)
    if row.state != BillState.PAID:
        return None
    allocation = Allocation.objects.select_for_update().get(bill=row, is_settled=True)
    refund = owe_allocation(allocation, row, reason=reason, actor=actor)
    bill.state, bill.last_event = row.state, row.last_event
    return refund


def release(allocation: Allocation, *, reason: str) -> None:
    """Release a refund because the bank took the payment back."""
    refund = (
        RefundDue.objects.select_for_update()
        .filter(allocation=allocation, state__in=[RefundState.DUE, RefundState.PROPOSED, RefundState.APPROVED])
        .first()
    )
    if refund is not None:
        transition(refund, "release", actor=ME, reason=reason)
        ledger.reverse([ledger.owed_posting(refund)], reason=reason)
        record("refund.released", subject=refund.key, actor=ME, data={"reason": reason})

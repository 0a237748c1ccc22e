"""Recording amounts that are owed back, in the transaction of the cause."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from payments import rules
from payments.models import Allocation, Attempt, Bill, BillLine, RefundDue
from payments.queries import returned_parts
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
    """Owe back the payment of a bill that its service refuses later. None if it is not paid.

    Raises Refused("deposit_returned"), ValueError without a reason.
    """
    if not reason:
        raise ValueError("an amount is owed back for a reason")
    row = Bill.objects.select_for_update().get(pk=bill.pk)
    if row.state != BillState.PAID:
        return None
    if returned_parts(row):
        raise Refused("deposit_returned", _("A deposit of this bill was returned, so the bill cannot be returned as a whole."))
    allocation = Allocation.objects.select_for_update().get(bill=row, is_settled=True)
    refund = owe_allocation(allocation, row, reason=reason, actor=actor)
    bill.state, bill.last_event = row.state, row.last_event
    return refund


@transaction.atomic
def owe_deposit(*, line: BillLine, reason: str, actor: Actor, most_fils: int | None = None) -> RefundDue | None:
    """Owe back what is left of one deposit of a paid bill, or at most so much of it; its other lines stay. Its service tells the payer.

    None if the bill is not paid, or all of the deposit was returned or is being returned. Raises ValueError for another line than a
    deposit, and without a reason.
    """
    if not reason or line.revenue_account != rules.DEPOSITS:
        raise ValueError("a deposit is owed back for a reason")
    return _owe_of_line(line, reason, actor, most_fils, "bill.deposit_due")


@transaction.atomic
def owe_part(*, line: BillLine, reason: str, actor: Actor, most_fils: int) -> RefundDue | None:
    """Owe back at most so much of one line of a paid bill, as its sum was lowered afterwards. Its service tells the payer.

    The database asks the service for its ground. None if the bill is not paid or nothing is left of the line. Raises ValueError
    without a reason.
    """
    if not reason:
        raise ValueError("an amount is owed back for a reason")
    return _owe_of_line(line, reason, actor, most_fils, "bill.part_due")


def _owe_of_line(line: BillLine, reason: str, actor: Actor, most_fils: int | None, event: str) -> RefundDue | None:
    bill = Bill.objects.select_for_update().get(pk=line.bill_id)
    left = line.fils - sum(refund.fils for refund in returned_parts(bill) if refund.line_id == line.pk)
    fils = left if most_fils is None else min(left, most_fils)
    if bill.state != BillState.PAID or fils <= 0:
        return None
    refund = RefundDue.objects.create(
        attempt_id=Allocation.objects.values_list("attempt_id", flat=True).get(bill=bill, is_settled=True),
        line=line,
        payer_id=bill.payer_id,
        subject=bill.subject,
        fils=fils,
        reason=reason[:60],
        due_since=clock.now(),
    )
    ledger.book_owed(refund)
    data = {"code": reason, "fils": fils, "line": line.code, "refund": refund.key}
    record(event, subject=bill.key, actor=actor, data=data)
    return refund


def release(allocation: Allocation, *, reason: str) -> None:
    """Release the refunds of a bill because the bank took the payment back."""
    rows = RefundDue.objects.select_for_update(of=("self",)).filter(
        Q(allocation=allocation) | Q(line__bill=allocation.bill_id, attempt=allocation.attempt_id),
        state__in=[RefundState.DUE, RefundState.PROPOSED, RefundState.APPROVED],
    )
    for refund in rows.order_by("pk"):
        transition(refund, "release", actor=ME, reason=reason)
        ledger.reverse([ledger.owed_posting(refund)], reason=reason)
        record("refund.released", subject=refund.key, actor=ME, data={"reason": reason})

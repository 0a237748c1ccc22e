"""Settling and voiding payments, and handing paid bills over to their services."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from municipality.audit.services import record
from municipality.documents.numbers import next_number
from municipality.documents.services import revoke
from municipality.documents.states import DocumentState
from municipality.jobs.errors import OnHold, PermanentFailure
from municipality.jobs.models import Job, JobState
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.kernel.failpoints import failpoint
from municipality.kernel.transitions import MOVED_MEANWHILE, transition
from payments import rules
from payments.models import Allocation, Attempt, Bill, Inquiry, Receipt, RefundDue
from payments.registry import PAYABLES
from payments.services import ledger
from payments.services.refunds import owe_allocation, owe_attempt, owe_deposit, owe_part, release
from payments.services.reviews import close_finding, free_bills
from payments.states import OUT_UNKNOWN, AttemptState, BillState, RefundState

log = logging.getLogger(__name__)
ME = system("payments")
MANY = 25  # bills of one payment; of more the services hear from the queue "bulk", so that other payments do not wait for them
REVERSAL_SECONDS = 5
SETTLED = (AttemptState.PAID, AttemptState.REFUND_DUE)


@transaction.atomic
def settle(*, attempt: Attempt, inquiry: Inquiry) -> list[Receipt]:
    """Settle an attempt by an agreeing inquiry: pay its bills, issue a receipt for each, enqueue the follow-up jobs. Idempotent.

    If a bill is not due any more, the whole amount is owed back; so is what the bank holds after all of a payment that it had reversed.
    Returns the receipts. Raises ValueError for an inquiry that does not agree or is of another attempt.
    """
    row = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if inquiry.attempt_id != row.pk or not inquiry.agrees or inquiry.outcome != "captured":
        raise ValueError("only an agreeing inquiry of the same attempt settles it")
    was_voided = row.state == AttemptState.VOIDED
    if row.state in SETTLED or (was_voided and row.last_event is not None and inquiry.at <= row.last_event.at):
        return []
    allocations = list(row.allocations.order_by("bill_id"))
    bills = {bill.pk: bill for bill in Bill.objects.select_for_update().filter(pk__in=[a.bill_id for a in allocations]).order_by("pk")}
    is_payable = not was_voided and all(bill.state == BillState.DUE for bill in bills.values())  # its receipt was revoked for good
    facts = {} if was_voided else _bank_facts(inquiry) | {"settled_at": clock.now()}
    if is_payable and row.state in (AttemptState.REDIRECTED, AttemptState.CONFIRMING):
        transition(row, "settle", actor=ME, data={"inquiry": inquiry.pk}, **facts)
    else:
        if was_in_review := row.state == AttemptState.MISMATCH:
            close_finding(row)
        transition(row, "capture_late", actor=ME, data={"inquiry": inquiry.pk}, **facts)
        if not is_payable:
            _owe_back(row, bills, was_in_review=was_in_review)
            return []
        transition(row, "settle_late", actor=ME)
    queue = "bulk" if len(allocations) > MANY else ""
    receipts = [_pay(allocation, bills[allocation.bill_id], inquiry, queue) for allocation in allocations]
    for receipt in {bills[receipt.bill_id].payer_id: receipt for receipt in receipts}.values():  # one message to each payer
        enqueue("payments.tell_paid", key=f"receipt:{receipt.pk}", receipt_id=receipt.pk)
    ledger.book_receipts(receipts)
    failpoint("payments.settling")
    record(
        "payment.settled",
        subject=row.key,
        actor=ME,
        data={"inquiry": inquiry.pk, "fils": row.fils, "receipts": [r.number for r in receipts]},
    )
    due_at = clock.now() + dt.timedelta(seconds=settings.KNET_CONFIRM_DELAY_SECONDS)
    enqueue("payments.confirm", key=f"attempt:{row.pk}:0", due_at=due_at, attempt_id=row.pk, turn=0)
    attempt.state = row.state
    return receipts


def _bank_facts(inquiry: Inquiry) -> dict[str, Any]:
    decoded = inquiry.message.decoded
    return {
        "payment_id": inquiry.payment_id,
        "tran_id": decoded.get("tranid") or None,
        "ref": decoded.get("ref", "")[:40],
        "auth": decoded.get("auth", "")[:20],
        "postdate": decoded.get("postdate", "")[:4],
        "auth_resp_code": decoded.get("authrespcode", "")[:10],
    }


def _pay(allocation: Allocation, bill: Bill, inquiry: Inquiry, queue: str) -> Receipt:
    now = clock.now()
    allocation.is_open, allocation.is_settled = False, True
    allocation.save(update_fields=["is_open", "is_settled"])
    receipt = Receipt.objects.create(
        number=next_number(f"RCT-{clock.today().year}"),
        allocation=allocation,
        inquiry=inquiry,
        bill=bill,
        fils=allocation.fils,
        issued_at=now,
    )
    transition(bill, "settle", actor=ME, data={"receipt": receipt.number})
    enqueue("payments.hand_over", key=f"receipt:{receipt.pk}", queue=queue, allocation_id=allocation.pk)
    enqueue("payments.receipt_document", key=f"receipt:{receipt.pk}", queue=queue, receipt_id=receipt.pk)
    return receipt


def _owe_back(row: Attempt, bills: dict[int, Bill], *, was_in_review: bool) -> None:
    states = {bill.key: bill.state for bill in bills.values()}
    transition(row, "owe_back", actor=ME, reason="nothing_due", data={"bills": states})
    if was_in_review:  # what it was for could not be paid meanwhile
        free_bills(row)
    row.allocations.filter(is_open=True).update(is_open=False)
    owe_attempt(row, bills, reason="nothing_due")
    enqueue("payments.tell_owed_attempt", key=f"attempt:{row.pk}", attempt_id=row.pk)
    record("payment.refund_due", subject=row.key, actor=ME, data={"fils": row.fils, "bills": states})
    log.error("payment %s was taken for nothing that is due: %s fils to be returned", row.trackid, row.fils)


def hand_over(*, allocation_id: int) -> None:
    """Call `Payable.paid` of a bill's service; if it refuses, the amount is owed back.

    Raises jobs.errors.PermanentFailure without a service for the kind of bill; OnHold while a reversal of an earlier payment of the
    bill is yet to be told: its service would refuse a second payment for what it takes for paid.
    """
    allocation = Allocation.objects.select_related("bill").get(pk=allocation_id)
    if allocation.handed_over_at is not None or not allocation.is_settled or allocation.bill.state != BillState.PAID:
        return
    payable = PAYABLES.get(allocation.bill.kind)
    if payable is None:
        raise PermanentFailure(f"nobody takes payments for {allocation.bill.kind}")
    if is_reversal_unheard([allocation.bill_id], other_than=allocation.pk):
        raise OnHold("payment", "the reversal of an earlier payment of the bill is being told", seconds=REVERSAL_SECONDS)
    try:
        with transaction.atomic():
            waiting = Allocation.objects.filter(pk=allocation.pk, is_settled=True, handed_over_at__isnull=True)
            if waiting.update(handed_over_at=clock.now()) != 1:  # handed over meanwhile, or taken back by the bank
                return
            payable.paid(allocation.bill_id)
    except Refused as refusal:
        if refusal.code == MOVED_MEANWHILE:  # another transaction was first: the job asks again
            raise
        _refuse(allocation, refusal)


@transaction.atomic
def _refuse(allocation: Allocation, refusal: Refused) -> None:
    bill = Bill.objects.select_for_update().get(pk=allocation.bill_id)
    if bill.state != BillState.PAID:
        return
    Allocation.objects.filter(pk=allocation.pk, handed_over_at__isnull=True).update(handed_over_at=clock.now())
    owe_allocation(allocation, bill, reason=refusal.code)


@transaction.atomic
def void_attempt(*, attempt: Attempt, inquiry: Inquiry) -> bool:
    """Void a confirmed payment that the bank reversed: bills are due again, receipts are revoked, services are told by a job.

    If an amount of it was refunded already, nothing changes: staff resolve the difference that the daily match lists. False, without
    a change, while a refund of it has no known outcome.
    """
    row = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if row.state != AttemptState.PAID:
        return True
    if row.refunds.filter(state__in=OUT_UNKNOWN).exists():
        return False
    if row.refunds.filter(state=RefundState.PAID_OUT).exists():
        record("payment.reversed_after_refund", subject=row.key, actor=ME, data={"inquiry": inquiry.pk, "fils": row.fils})
        log.error("payment %s was reversed by the bank after an amount of it had been paid back: a person must look", row.trackid)
        return True
    transition(row, "void", actor=ME, reason="reversed_by_bank", data={"inquiry": inquiry.pk})
    allocations = list(row.allocations.order_by("bill_id"))
    bills = {bill.pk: bill for bill in Bill.objects.select_for_update().filter(pk__in=[a.bill_id for a in allocations]).order_by("pk")}
    for allocation in allocations:
        allocation.is_settled = False
        allocation.save(update_fields=["is_settled"])
        bill = bills[allocation.bill_id]
        was_paid = bill.state == BillState.PAID
        transition(bill, "reverse" if was_paid else "release", actor=ME, reason="reversed_by_bank")
        release(allocation, reason="reversed_by_bank")
        receipt = Receipt.objects.select_related("document").get(allocation=allocation)
        ledger.reverse(ledger.postings_in_force(receipt), reason="reversed_by_bank")
        if receipt.document is not None and receipt.document.state == DocumentState.ACTIVE:
            revoke(receipt.document, reason="reversed_by_bank", actor=ME)
        if was_paid:  # otherwise its service had refused it
            enqueue("payments.tell_void", key=f"allocation:{allocation.pk}", allocation_id=allocation.pk)
    record("payment.voided", subject=row.key, actor=ME, data={"inquiry": inquiry.pk, "fils": row.fils})
    log.error("payment %s was reversed by the bank after it had been confirmed", row.trackid)
    return True


def notify_void(*, allocation_id: int) -> None:
    """Call `Payable.voided` of a bill's service, or `freed` if the payment had not been handed over.

    A later payment of the bill that settled meanwhile stands for the one taken back: the service, which took the bill for paid, is told
    of neither.
    """
    allocation = Allocation.objects.select_related("bill").get(pk=allocation_id)
    payable = PAYABLES.get(allocation.bill.kind)
    if payable is None:
        raise PermanentFailure(f"nobody takes payments for {allocation.bill.kind}")
    with transaction.atomic():
        if allocation.handed_over_at is not None and allocation.bill.state == BillState.PAID and _stands_for(allocation):
            return
        if allocation.handed_over_at is not None:
            payable.voided(allocation.bill_id)
        elif payable.freed is not None:
            payable.freed(allocation.bill_id)


def _stands_for(taken_back: Allocation) -> bool:
    """Mark the payment that settles the bill now as handed over, in place of one that was taken back. False where none settles it.

    What was owed back of the payment that was taken back is owed back of the later one. Told twice, nothing more is done.
    """
    bill = Bill.objects.select_for_update().get(pk=taken_back.bill_id)
    if bill.state != BillState.PAID:
        return False
    if bill.allocations.filter(is_settled=True, handed_over_at__isnull=True).update(handed_over_at=clock.now()):
        record("payment.replaced", subject=taken_back.attempt.key, actor=ME, data={"bill": bill.key})
        released = RefundDue.objects.filter(line__bill=bill, attempt=taken_back.attempt_id, state=RefundState.RELEASED)
        for refund in released.select_related("line").order_by("pk"):
            if (line := refund.line) is not None:
                owe = owe_deposit if line.revenue_account == rules.DEPOSITS else owe_part
                owe(line=line, reason=refund.reason, actor=ME, most_fils=refund.fils)
    return True


def is_reversal_unheard(bill_ids: Sequence[int], *, other_than: int = 0) -> bool:
    """Whether the bank took back a payment of one of the bills, `other_than` this allocation, and its service has yet to hear of it.

    Heard of after the next payment, the reversal would end what that payment is for.
    """
    taken_back = Allocation.objects.filter(bill__in=bill_ids, receipt__isnull=False, is_settled=False)
    keys = [f"allocation:{pk}" for pk in taken_back.exclude(pk=other_than).values_list("pk", flat=True)]
    return bool(keys) and Job.objects.filter(kind="payments.tell_void", key__in=keys).exclude(state=JobState.DONE).exists()

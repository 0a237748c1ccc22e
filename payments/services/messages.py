"""Messages to payers, sent by jobs: a failing message must not undo a payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from municipality.kernel import clock, money
from municipality.notifications.models import Channel
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.ui.plurals import counted
from municipality.ui.texts import both
from payments.models import Allocation, Attempt, Bill, Receipt, RefundDue
from payments.notifications import AmountPaidOut, AmountReturned, PaymentNotTaken, PaymentReceived
from payments.queries import taken_fils, was_found
from payments.registry import PAYABLES
from payments.states import BillState

LISTED = 10  # titles and numbers that a message names


@transaction.atomic
def notify_paid(*, receipt_id: int) -> None:
    """Confirm a payment, once for each payer of its bills; where a visitor paid, the service tells them.

    Of many bills only the number is given: the page of the payment lists them.
    """
    receipt = Receipt.objects.select_related("bill__payer", "allocation__attempt").get(pk=receipt_id)
    attempt, payer = receipt.allocation.attempt, receipt.bill.payer
    if attempt.started_by_id is None:
        return
    paid = list(Receipt.objects.filter(allocation__attempt=attempt, bill__payer=payer).select_related("bill").order_by("pk"))
    bills = [row.bill for row in paid]
    has_text = any(bill.kind not in PAYABLES or not PAYABLES[bill.kind].sends_text for bill in bills)
    send(
        PaymentReceived,
        person=payer,
        key=attempt.trackid,
        subject_key=bills[0].subject,
        channels=[Channel.EMAIL, *([Channel.SMS] if has_text else [])],
        context={
            "attempt": attempt,
            "paid": _titles(bills),
            "bills": _span([bill.reference for bill in bills]),
            "receipts": _span([row.number for row in paid]),
            "paid_at": receipt.issued_at.astimezone(clock.KUWAIT).strftime("%Y-%m-%d %H:%M"),
            "amount": money.to_display(sum(row.fils for row in paid)),
            "payment_id": attempt.payment_id or "",
            "trackid": attempt.trackid,
        },
    )


def _titles(bills: Sequence[Bill]) -> Bilingual:
    if len(bills) > LISTED:
        return Bilingual(*both(lambda: counted(len(bills), "bill")))
    return Bilingual("، ".join(bill.title_ar for bill in bills), ", ".join(bill.title_en for bill in bills))


def _span(numbers: Sequence[str]) -> str:
    """The numbers, or the first and the last of many."""
    return ", ".join(numbers) if len(numbers) <= LISTED else f"{numbers[0]} … {numbers[-1]}"


def notify_owed_attempt(*, attempt_id: int) -> None:
    """Announce the refund of a whole payment, once for each attempt."""
    attempt = Attempt.objects.get(pk=attempt_id)
    bill = Bill.objects.select_related("payer").filter(allocations__attempt=attempt).order_by("pk")[0]
    event = attempt.events.filter(move="owe_back").order_by("pk").last()
    states = event.data.get("bills", {}) if event is not None else {}
    cause = "by_hand" if was_found(attempt) else _cause(states, bill.key)
    _notify_owed(attempt, bill, taken_fils([attempt.pk])[attempt.pk], key=attempt.trackid, cause=cause)


def _cause(states: Mapping[str, str], key: str) -> str:
    """Why a whole payment counts for nothing, by how its bills stood when it came, for the bill with this key."""
    if states.get(key) == BillState.PAID:
        return "paid"
    if states.get(key) != BillState.DUE:
        return "over"
    return "reversed" if set(states.values()) == {BillState.DUE} else "together"


def notify_owed_bill(*, allocation_id: int) -> None:
    """Announce the refund of a bill that its service refused, once for each allocation."""
    allocation = Allocation.objects.select_related("attempt", "bill__payer").get(pk=allocation_id)
    bill = allocation.bill
    cause = "refused" if bill.subject.startswith("case:") else "not_owed"
    _notify_owed(allocation.attempt, bill, allocation.fils, key=f"{bill.reference}:{allocation.pk}", cause=cause)


@transaction.atomic
def notify_not_taken(*, attempt_id: int, due: Sequence[int]) -> None:
    """Tell each payer of the bills of a payment that was under review that it pays none; of bills `due` that they can be paid again.

    Whoever gets the amount back is told of that instead (`notify_owed_attempt`).
    """
    attempt = Attempt.objects.select_related("last_event").get(pk=attempt_id)
    rows = list(Bill.objects.select_related("payer").filter(allocations__attempt=attempt).order_by("-pk"))
    bills = {bill.payer_id: bill for bill in sorted(rows, key=lambda bill: bill.pk in due)}  # of each payer one that is due, if any
    owed = RefundDue.objects.filter(attempt=attempt, allocation__isnull=True, line__isnull=True).first()
    for bill in bills.values():
        if owed is not None and owed.payer_id == bill.payer_id:
            continue
        context = {"attempt": attempt, "bill": bill, "amount": money.to_display(attempt.fils), "is_due": bill.pk in due, "owed": owed}
        key = f"{attempt.trackid}:{attempt.last_event_id}"
        send(PaymentNotTaken, person=bill.payer, key=key, subject_key=bill.subject, context=context)


@transaction.atomic
def _notify_owed(attempt: Attempt, bill: Bill, fils: int, *, key: str, cause: str) -> None:
    context = {"attempt": attempt, "bill": bill, "amount": money.to_display(fils), "cause": cause}
    send(AmountReturned, person=bill.payer, key=key, subject_key=bill.subject, context=context)


@transaction.atomic
def notify_paid_out(*, refund_id: int) -> None:
    """Confirm that a refund was paid out, once."""
    refund = RefundDue.objects.select_related("attempt", "payer").get(pk=refund_id)
    bill = refund.bill or Bill.objects.filter(allocations__attempt=refund.attempt).order_by("pk")[0]
    context = {"attempt": refund.attempt, "bill": bill, "amount": money.to_display(refund.fils)}
    send(AmountPaidOut, person=refund.payer, key=refund.public_id, subject_key=refund.subject, context=context)

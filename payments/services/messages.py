"""Messages to payers, sent by jobs: a failing message must not undo a payment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from municipality.accounts.models import User
from municipality.cases import queries as cases
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

    Bills of requests of a company that the payer left are told apart, to those who sign for it. Of many bills only the
    number is given: the page of the payment lists them.
    """
    receipt = Receipt.objects.select_related("bill__payer", "allocation__attempt").get(pk=receipt_id)
    attempt, payer = receipt.allocation.attempt, receipt.bill.payer
    if attempt.started_by_id is None:
        return
    paid = list(Receipt.objects.filter(allocation__attempt=attempt, bill__payer=payer).select_related("bill__payer").order_by("pk"))
    companies = _left_companies(row.bill for row in paid)
    groups: dict[int | None, list[Receipt]] = {}
    for row in paid:
        groups.setdefault(companies.get(row.bill.pk), []).append(row)
    for number, rows in enumerate(groups.values()):
        _confirm(attempt, payer, rows, key=attempt.trackid if number == 0 else f"{attempt.trackid}:{rows[0].pk}")


def _left_companies(bills: Iterable[Bill]) -> dict[int, int | None]:
    """The company of each of some bills, by primary keys, whose payer left it: those who sign for it are told instead, of no other bill."""
    found: dict[int, int | None] = {}
    by_payer: dict[User, list[Bill]] = {}
    for bill in bills:
        by_payer.setdefault(bill.payer, []).append(bill)
    for payer, own in by_payer.items():
        ids = [bill.subject.partition(":")[2] for bill in own]
        left = {case.key: case.organisation_id for case in cases.left_behind(payer).filter(public_id__in=ids)}
        found |= {bill.pk: left[bill.subject] for bill in own if bill.subject in left}
    return found


def _confirm(attempt: Attempt, payer: User, paid: Sequence[Receipt], *, key: str) -> None:
    bills = [row.bill for row in paid]
    has_text = any(bill.kind not in PAYABLES or not PAYABLES[bill.kind].sends_text for bill in bills)
    send(
        PaymentReceived,
        person=payer,
        key=key,
        subject_key=bills[0].subject,
        channels=[Channel.EMAIL, *([Channel.SMS] if has_text else [])],
        context={
            "attempt": attempt,
            "paid": _titles(bills),
            "bills": _span([bill.reference for bill in bills]),
            "receipts": _span([row.number for row in paid]),
            "paid_at": paid[0].issued_at.astimezone(clock.KUWAIT).strftime("%Y-%m-%d %H:%M"),
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
    companies = _left_companies(rows)
    readers = {bill.pk: (bill.payer_id, companies.get(bill.pk)) for bill in rows}
    bills = {readers[bill.pk]: bill for bill in sorted(rows, key=lambda bill: bill.pk in due)}  # of each one that is due, if any
    owed = RefundDue.objects.filter(attempt=attempt, allocation__isnull=True, line__isnull=True).first()
    key = f"{attempt.trackid}:{attempt.last_event_id}"
    for (payer_id, company), bill in bills.items():
        if owed is not None and (payer_id, company) == readers[rows[-1].pk]:
            continue
        context = {"attempt": attempt, "bill": bill, "amount": money.to_display(attempt.fils), "is_due": bill.pk in due, "owed": owed}
        own_key = key if company is None else f"{key}:{bill.pk}"
        send(PaymentNotTaken, person=bill.payer, key=own_key, subject_key=bill.subject, context=context)


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

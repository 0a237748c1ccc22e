"""Unpaid requests of whoever held a shop before: ended, with their bills, once the shop has passed to another holder.

They would come to nothing, and the new holder could send none of their own beside them. So would approved requests for boards of a shop
that is closed, has moved or has lost its health licence: nobody is asked to pay for them.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.dispatch import receiver

from licensing.bulk import issued
from licensing.health.notifications import RefusedAfterPayment
from licensing.health.states import ACTS
from licensing.health.transfers import queries as transfers
from licensing.models import BoardRequest, HealthLicence
from licensing.signage import queries as boards
from licensing.signage.notifications import BoardsNotIssued
from licensing.signage.queries import LICENCE_OVER, MOVED
from licensing.signage.states import BOARDS, BoardsState
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.documents.states import DocumentState
from municipality.incidents.services import HELD_SECONDS
from municipality.jobs import sweeps
from municipality.jobs.errors import OnHold
from municipality.jobs.registry import job
from municipality.jobs.services import enqueue_all
from municipality.kernel import clock, subjects
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.review.services import queue
from payments import queries as payments
from payments.models import Bill
from payments.services import held_by_payment, void_bill
from shops.claims.states import ClaimState
from shops.models import Claim, EventKind, Shop, ShopEvent
from shops.register import queries as shops
from shops.register.signals import holder_changed

S = BoardsState
SYSTEM = system("licensing")
UNPAID = (S.IN_REVIEW, S.CORRECTIONS, S.COUNTERSIGN, S.AWAITING_PAYMENT)  # acts on the health licence have the same states
OTHER_HOLDER = "other_holder"
FOR_GOOD = ("shop_closed", LICENCE_OVER, MOVED)


@receiver(holder_changed)
def look_later(sender: type[Shop], shop: Shop, source: str, **_more: Any) -> None:
    """Enqueue a look at the open requests about the licence and the boards of a shop; in the transaction of the change.

    Not at once: the shop is locked then, and a payment locks bill and case before it. After a match with the commercial register, which
    the former holder may dispute to have the shop back, once that time is over.
    """
    claim = Claim.objects.filter(shop=shop, case__is_open=True).order_by("-pk").first() if source.endswith(":match") else None
    due_at = clock.end_of(claim.dispute_until) if claim is not None and claim.dispute_until is not None else None
    found = Case.objects.filter(service__in=[*ACTS, BOARDS], subject=shop.key, is_open=True)
    jobs = {f"{case.public_id}:{source}": {"case_id": case.pk} for case in found if case.key != source}
    enqueue_all("licensing.end_former", jobs, due_at=due_at)


@job("licensing.end_former", queue="bulk")
def end_former(*, case_id: int) -> None:
    """End a request as `end` does. Raises OnHold while the former holder may still have the shop back: the days to dispute move."""
    case = Case.objects.get(pk=case_id)
    if Claim.objects.filter(shop__public_id=subjects.parse(case.subject).id, case__state=ClaimState.MATCHED).exists():
        raise OnHold("claim", "the former holder may still dispute the claim", seconds=HELD_SECONDS)
    with held_by_payment():
        end(case=case)


@transaction.atomic
def end(*, case: Case) -> None:
    """Refuse an unpaid request of a former holder, or for boards that can be licensed no more, cancel its bill and tell its applicant.

    Does nothing with any other request.

    What the bank took under review is returned later. Raises Refused: "payment_open" while the bank has not answered, "changed" where a
    bill was issued at the same moment.
    """
    bill = payments.bill_of(case.key)
    if bill is not None:
        bill = Bill.objects.select_for_update().get(pk=bill.pk)
    row = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    reason = _lost(row) if row.state in UNPAID else ""
    over = _over(row) if not reason else ""
    if not (reason or over):
        return
    if payments.bill_of(row.key) != bill:
        raise Refused("changed")
    if bill is not None:
        void_bill(bill=bill, actor=SYSTEM, reason=over or OTHER_HOLDER, in_review=True)
    advance(row, "refuse", actor=SYSTEM, reason=reason or over)
    queue.leave(case=row, actor=SYSTEM, code="holder_changed")
    kind = BoardsNotIssued if row.service == BOARDS else RefusedAfterPayment
    send(kind, person=row.applicant, key=row.public_id, subject_key=row.key, context={"case": row, "is_free": True})
    issued.tell_batch(row)


def _lost(case: Case) -> str:
    """The reason of the refusal, or "" where the shop is held by whom the request is for, or for a transfer by who named them."""
    shop, transfer = Shop.objects.get(public_id=subjects.parse(case.subject).id), transfers.of_case(case)
    if transfer is not None:
        is_held = transfers.key_of(shop.licensee) == transfer.holder_key
    else:
        is_held = shops.is_of_holder(shop, case.applicant, case.organisation_id)
    if is_held:
        return ""
    return MOVED if case.service == BOARDS else OTHER_HOLDER


def _over(case: Case) -> str:
    """What forbids the boards of an approved request for good; "" for what may be lifted before they are paid, such as a block."""
    if case.service != BOARDS or case.state != S.AWAITING_PAYMENT:
        return ""
    code = boards.lost(BoardRequest.objects.select_related("shop", "case__applicant").get(case=case))
    return code if code in FOR_GOOD else ""


def end_boards() -> int:
    """End the unpaid requests for boards of shops that are closed, have moved or have lost their health licence. Returns how many.

    One whose payment is at the bank waits for the next run.
    """
    moved = ShopEvent.objects.filter(shop=OuterRef("shop"), kind=EventKind.MOVED, at__gte=OuterRef("case__opened_at"))
    revoked = HealthLicence.objects.filter(is_current=True, document__state=DocumentState.REVOKED).values("shop")
    is_lost = Q(shop__closed_on__lte=clock.today()) | Q(shop__in=revoked) | Exists(moved)
    rows = BoardRequest.objects.filter(is_lost, case__state=S.AWAITING_PAYMENT).order_by("pk").values_list("case", flat=True)
    return sweeps.for_each("licensing.end_lost_boards", list(rows), _end_boards)


def _end_boards(pk: int) -> bool:
    case = Case.objects.get(pk=pk)
    try:
        with transaction.atomic():
            end(case=case)
    except Refused as refusal:
        if refusal.code != "payment_open":
            raise
    return Case.objects.filter(pk=pk, state=S.REFUSED).exists()

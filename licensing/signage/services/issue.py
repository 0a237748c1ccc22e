"""The licence of boards after payment, and what follows when the bank takes the payment back."""

from __future__ import annotations

from django.db import transaction

from licensing import reversals
from licensing.bulk import issued
from licensing.bulk import queries as batches
from licensing.models import Board, BoardRequest
from licensing.signage import queries
from licensing.signage.changes.replacing import replace, return_parts
from licensing.signage.documents import BoardLicenceFacts, facts_of
from licensing.signage.life import shop_licence
from licensing.signage.life.queries import deposits_of_each, held_fils
from licensing.signage.life.services import give_back_all
from licensing.signage.notifications import BoardsHeld, BoardsIssued, BoardsNotIssued, BoardsPaidAgain
from licensing.signage.states import BoardsState
from licensing.signage.validity import days_of
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import LIVE, DocumentState
from municipality.incidents.requests import keep_open
from municipality.jobs.services import enqueue
from municipality.kernel import clock, money
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from payments import queries as payments
from payments.services import owe_back, paid_by_delegate, void_bill_of
from shops.models import Shop

SYSTEM = system("licensing")
VOIDED = "payment_voided"
_PREVIOUS = ("request__case", "previous__request__document", "previous__request__case")


@transaction.atomic
def paid(bill_id: int) -> None:
    """The payment is confirmed: enqueue the licence, or put one that was suspended for it back in force.

    Where the shop may have no boards any more, the request is refused and the amount owed back. Raises Refused("case_closed").
    """
    case = payments.case_of_bill(bill_id)
    shop_id = BoardRequest.objects.values_list("shop", flat=True).get(case=case)
    Shop.objects.select_for_update(no_key=True).get(pk=shop_id)  # before the document, as whatever changes a shop
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    request = BoardRequest.objects.select_related("shop", "document__last_event").get(case=locked)
    if locked.state == BoardsState.AWAITING_PAYMENT:
        advance(locked, "pay", actor=SYSTEM, data=paid_by_delegate(locked.key))
        _prepare(locked, request)
    elif request.document is not None:
        if is_held := _is_held(request.document):
            documents.resume(request.document, reason="paid_again", actor=SYSTEM)
        give_back_all(request)
        return_parts(request)
        if is_held:
            _follow_shop(locked, request.document, request.shop_id)
    elif locked.state not in (BoardsState.PAID, BoardsState.ISSUED):
        raise Refused("case_closed")


def _follow_shop(case: Case, document: Document, shop_id: int) -> None:
    """Tell that boards are paid again; they are suspended again, with a message of its own, while the licence of their shop is."""
    shop_licence.follow([shop_id])
    document.refresh_from_db(fields=["state", "last_event"])
    if document.state in LIVE:
        _tell(BoardsPaidAgain, case, document)


def free(case: Case) -> None:
    """Nothing is to be paid: enqueue the licence, as after a payment. In the transaction of the decision."""
    advance(case, "free", actor=SYSTEM)
    _prepare(case, BoardRequest.objects.select_related("shop").get(case=case))


def _prepare(case: Case, request: BoardRequest) -> None:
    """Enqueue the licence, or refuse it where its boards may not be licensed any more."""
    if code := queries.lost(request):
        _refuse(case, code)
    else:
        enqueue("licensing.issue_boards", key=case.public_id, queue=batches.queue_of(case), case_id=case.pk)


def _is_held(document: Document) -> bool:
    return document.state == DocumentState.SUSPENDED and document.last_event is not None and document.last_event.reason == VOIDED


def _refuse(case: Case, code: str) -> None:
    advance(case, "refuse", actor=SYSTEM, reason=code)
    if (bill := payments.bill_of(case.key)) is not None:
        owe_back(bill=bill, reason=code, actor=SYSTEM)
    context = {"case": case, "is_free": bill is None}
    send(BoardsNotIssued, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)
    issued.tell_batch(case)


def _tell(kind: type[BoardsHeld] | type[BoardsPaidAgain], case: Case, document: Document | None) -> None:
    """Tell about the last event of a licence, and whether its days are over; a second reversal is told as the first one was."""
    event = document.last_event if document is not None else None
    key = f"{case.public_id}:{event.pk}" if event is not None else case.public_id
    is_over = document is not None and queries.are_over(Board.objects.filter(request__case=case).select_related("end"))
    send(kind, person=case.applicant, key=key, subject_key=case.key, context={"case": case, "is_over": is_over})


def _tell_unheld(case: Case, document: Document) -> None:
    """Tell of a reversal for which no licence was suspended: it is suspended with its shop, has ended or was replaced. Once for each."""
    bill, is_over = payments.bill_of(case.key), document.state != DocumentState.SUSPENDED
    if bill is not None and not _is_held(document):
        key = f"{case.public_id}:bill:{bill.last_event_id}"
        send(BoardsHeld, person=case.applicant, key=key, subject_key=case.key, context={"case": case, "is_over": is_over})


@transaction.atomic
def voided(bill_id: int) -> None:
    """The payment is reversed: close the request, or suspend the issued licence, and tell the applicant. Idempotent."""
    case = payments.case_of_bill(bill_id)
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    document = BoardRequest.objects.select_related("document__last_event").get(case=locked).document
    if locked.state == BoardsState.PAID:
        advance(locked, "reverse", actor=SYSTEM)
        void_bill_of(locked, SYSTEM)
        issued.tell_batch(locked)
    elif document is not None:
        if is_live := document.state in LIVE:
            documents.suspend(document, reason=VOIDED, actor=SYSTEM)
        reversals.tell(locked, document)
        if not is_live:
            _tell_unheld(locked, document)
            return
    else:
        return
    _tell(BoardsHeld, locked, document)


def freed(bill_id: int) -> None:
    """A payment under review of the bill ended unpaid: the whole time to pay it runs again."""
    case = payments.case_of_bill(bill_id)
    keep_open(case, queries.limits_of(case).limits["unpaid_days"].value, SYSTEM)


def _deposits(boards: list[Board]) -> dict[str, str]:
    """What is held for newly licensed boards, and what goes back of those that they change, in dinars; empty for nothing."""
    held = sum(held_fils(deposits) for deposits in deposits_of_each(boards).values())
    returned = sum(board.returned_fils for board in boards)
    return {name: money.to_display(fils) if fils else "" for name, fils in (("held", held), ("returned", returned))}


def issue_licence(*, case: Case) -> None:
    """Issue the one licence of all boards of a paid request and tell its applicant. Idempotent; raises what `documents.issue` raises.

    Where its boards may not be licensed any more, the request is refused and the amount owed back.
    """
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
        if locked.state == BoardsState.PAID and (code := queries.lost(BoardRequest.objects.select_related("shop").get(case=locked))):
            _refuse(locked, code)
            return

    def new(request: BoardRequest) -> Document:
        boards = list(request.boards.select_related("drawing__picture", "previous__request__document"))
        days = [(board, *days_of(board, clock.today())) for board in boards]
        number = next_number(f"ADL-{request.shop.branch_id}-{clock.today().year}")
        return documents.draft(
            kind=BoardLicenceFacts.kind,
            number=number,
            subject=request.case.key,
            holder_key=request.case.holder_key,
            valid_from=min(first for _board, first, _last in days),
            valid_to=max(last for _board, _first, last in days),
            facts=facts_of(request, number, days).dump(),
            public_facts=request.shop.public_facts(),
        )

    def link(request: BoardRequest, document: Document) -> None:
        if code := queries.lost(request):  # since the document was drawn; the next try refuses
            raise Refused(code)
        BoardRequest.objects.filter(pk=request.pk).update(document=document)
        boards = list(request.boards.select_related(*_PREVIOUS))
        for board in boards:
            board.first_day, board.last_day = days_of(board, document.valid_from or clock.today())
        Board.objects.bulk_update(boards, ["first_day", "last_day"])
        for board in boards:
            if board.months_left is not None:
                replace(board, document)
        advance(request.case, "issue", actor=SYSTEM, data={"licence": document.number})
        issued.tell(BoardsIssued, request.case, {"case": request.case, "document": document, **_deposits(boards)})
        shop_licence.follow([request.shop_id])

    related = ("case__applicant", "case__branch", "shop__activity", "shop__area__governorate")
    waiting = BoardRequest.objects.filter(case=case, case__state=BoardsState.PAID, document=None).select_related(*related)
    lookup, lock = {"subject": case.key}, ("shop", "self", "case")  # the shop first, as where boards follow it
    documents.issue(BoardLicenceFacts, waiting=waiting, draft_lookup=lookup, new=new, link=link, actor=SYSTEM, lock=lock)

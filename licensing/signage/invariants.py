"""Invariants of boards."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from licensing.models import Board, BoardCheck, BoardConsent, BoardDrawing, BoardEnd, BoardRequest
from licensing.signage.changes.replacing import REASON
from licensing.signage.consents import queries as consents
from licensing.signage.drawing.drawings import measured_cm
from licensing.signage.life.queries import chain, deposits_of, held_fils
from licensing.signage.states import BOARDS, BoardsState
from payments import rules
from payments.models import Bill, BillLine, RefundDue
from payments.states import BillState, RefundState


def findings() -> Iterator[str]:
    """Sums are those of the boards and of the bill, deposits are no revenue, and an issued request has its licence."""
    sums = BoardRequest.objects.annotate(
        fees=Coalesce(Sum("boards__fee_fils"), 0), deposits=Coalesce(Sum("boards__deposit_fils"), 0)
    ).select_related("case")
    for one in sums.exclude(fees=F("fee_fils"), deposits=F("deposit_fils")):
        yield f"{one.case.reference} asks {one.fee_fils} + {one.deposit_fils} fils, its boards {one.fees} + {one.deposits}"
    returned = RefundDue.objects.filter(line__bill__kind=BOARDS).exclude(state=RefundState.RELEASED).exclude(reason=REASON)
    owed = {(refund.line.bill.subject, refund.line.code) for refund in returned.select_related("line__bill") if refund.line is not None}
    ends = BoardEnd.objects.filter(photo__isnull=False).select_related("board__request__case")
    ended = {(end.board.request.case.key, f"boards.deposit_{end.board.line}") for end in ends}
    for subject, code in sorted(owed - ended):
        yield f"{code} of {subject} is returned, and its board stands"
    yield from _changed()
    for check in BoardCheck.objects.filter(outcome="fails", is_assumption=False).select_related("board__request__case"):
        yield f"{check.board.request.case.reference} was sent against a rule: board {check.board.line}, {check.kind}"
    for drawing in BoardDrawing.objects.select_related("photo", "board__request__case"):
        board = drawing.board
        if measured_cm(drawing) != (board.width_cm, board.height_cm):
            yield f"{board.request.case.reference} asks for board {board.line} in another size than it was drawn"
    signed = BoardConsent.objects.filter(withdrawn_at__isnull=True).exclude(draft__sent_as="").select_related("draft")
    for consent in signed:
        request = BoardRequest.objects.select_related("case").get(files_key=f"boards:{consent.draft.public_id}")
        if consent.answer != "agreed" or consent.boards_digest != consents.digest_of_request(request):
            yield f"{request.case.reference} was sent without the signature of the {consent.role}"
    for request in BoardRequest.objects.filter(case__state=BoardsState.ISSUED, document=None).select_related("case"):
        yield f"{request.case.reference} is issued without a licence"
    for request in BoardRequest.objects.exclude(document=None).exclude(case__state=BoardsState.ISSUED).select_related("case"):
        yield f"{request.case.reference} has a licence and is not issued"
    asked = {f"case:{row.case.public_id}": row for row in BoardRequest.objects.select_related("case")}
    bills = Bill.objects.filter(kind=BOARDS).exclude(state=BillState.VOID)
    deposits = dict(
        BillLine.objects.filter(bill__in=bills, revenue_account=rules.DEPOSITS).order_by().values_list("bill").annotate(Sum("fils"))
    )
    for bill in bills:
        row = asked.get(bill.subject)
        if row is None or (bill.total_fils, deposits.get(bill.pk, 0)) != (row.fils, row.deposit_fils):
            yield f"bill {bill.reference} is not over what its boards cost"


def _changed() -> Iterator[str]:
    """A changed board has ended, and what is held for the board in its place is what both paid, less what went back."""
    newest = Board.objects.filter(months_left__isnull=False, first_day__isnull=False).select_related("previous__end", "request__case")
    for board in newest:
        if board.previous is None or not hasattr(board.previous, "end"):
            yield f"board {board.public_id} and the one that it changes are both licensed"
    for board in newest.exclude(renewals__first_day__isnull=False).exclude(end__photo__isnull=False):
        deposits = deposits_of(board)
        owed = sum(one.deposit_fils - (one.returned_fils if one.smaller_photo_id else 0) for one in chain(board))
        if deposits and all(one.line.bill.state == BillState.PAID for one in deposits) and held_fils(deposits) != owed:
            yield f"{held_fils(deposits)} fils of deposit are held for the changed board {board.public_id}, {owed} are due"

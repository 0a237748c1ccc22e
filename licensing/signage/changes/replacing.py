"""A changed board takes the place of the one before; what is held too much of its deposit goes back for a photo of the smaller board."""

from __future__ import annotations

from licensing.models import Board, BoardEnd, BoardEndReason, BoardRequest
from licensing.signage.life.queries import CHANGED, chain, deposits_of
from municipality.audit.services import record
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments.models import RefundDue
from payments.services import owe_deposit

SYSTEM = system("licensing")
REASON = CHANGED  # of the refund


def replace(board: Board, document: Document) -> None:
    """End the board that a newly licensed one changes, with its licence if that has no other board."""
    old = board.previous
    if old is None or board.first_day is None:
        raise ValueError("the board changes none")
    BoardEnd.objects.create(board=old, reason=BoardEndReason.CHANGED, day=board.first_day, at=clock.now())
    data = {"board": old.number, "reason": "changed", "photo": False}
    record("board.ended", subject=old.request.case.key, actor=SYSTEM, data=data)
    if old.request.document is not None and not old.request.boards.filter(end__isnull=True).exists():
        documents.supersede(old.request.document, by=document, actor=SYSTEM)


def give_back(board: Board) -> list[RefundDue]:
    """Owe back what licensed changes return of the deposits of a board and those before it, as far as it is not.

    Only for those that are smaller on a photo. Returns what is owed back now.
    """
    deposits = deposits_of(board)
    owed = sum(deposit.changed_fils for deposit in deposits)
    left = sum(one.returned_fils for one in chain(board) if one.smaller_photo_id is not None) - owed
    found = []
    for deposit in deposits:
        if left and deposit.is_held and (refund := owe_deposit(line=deposit.line, reason=REASON, actor=SYSTEM, most_fils=left)):
            found.append(refund)
            left -= refund.fils
    return found


def return_parts(request: BoardRequest) -> None:
    """Owe back what licensed changes return of the deposits of a request, after its payment was reversed and made again."""
    boards = list(request.boards.all())
    while boards:
        boards = list(Board.objects.filter(previous__in=boards, first_day__isnull=False).select_related("request__case").order_by("pk"))
        for board in boards:
            if board.returned_fils:
                give_back(board)

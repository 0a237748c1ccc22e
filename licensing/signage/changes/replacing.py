"""A changed board takes the place of the one before, and what is held too much of its deposit goes back."""

from __future__ import annotations

from licensing.models import Board, BoardEnd, BoardEndReason, BoardRequest
from licensing.signage.life.queries import chain, deposits_of
from municipality.audit.services import record
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments.services import owe_deposit

SYSTEM = system("licensing")
REASON = "board_changed"  # of the refund


def replace(board: Board, document: Document) -> None:
    """End the board that a newly licensed one changes, with its licence if that has no other board, and return the difference."""
    old = board.previous
    if old is None or board.first_day is None:
        raise ValueError("the board changes none")
    BoardEnd.objects.create(board=old, reason=BoardEndReason.CHANGED, day=board.first_day, at=clock.now())
    data = {"board": old.number, "reason": "changed", "photo": False}
    record("board.ended", subject=old.request.case.key, actor=SYSTEM, data=data)
    if old.request.document is not None and not old.request.boards.filter(end__isnull=True).exists():
        documents.supersede(old.request.document, by=document, actor=SYSTEM)
    give_back(board)


def give_back(board: Board) -> None:
    """Owe back what a licensed change returns of the deposits of the boards before it, and those that it replaced, as far as it is not."""
    deposits = deposits_of(board)
    owed = sum(refund.fils for deposit in deposits for refund in deposit.refunds if refund.reason == REASON)
    left = sum(one.returned_fils for one in chain(board)) - owed
    for deposit in deposits:
        if left and deposit.is_held:
            refund = owe_deposit(line=deposit.line, reason=REASON, actor=SYSTEM, most_fils=left)
            left -= refund.fils if refund is not None else 0


def return_parts(request: BoardRequest) -> None:
    """Owe back what licensed changes return of the deposits of a request, after its payment was reversed and made again."""
    boards = list(request.boards.all())
    while boards:
        boards = list(Board.objects.filter(previous__in=boards, first_day__isnull=False).select_related("request__case").order_by("pk"))
        for board in boards:
            if board.returned_fils:
                give_back(board)

"""Ended boards and their deposits: what is held, what is being returned, and what waits for a photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardEnd
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.registry import Slot
from payments import queries as payments
from payments.models import BillLine, RefundDue
from payments.states import BillState

SLOTS: Mapping[str, Slot] = {
    slot.code: slot
    for slot in (
        Slot("before", _("Photo before the removal"), _("The board in its place. It may be left out."), photo=True),
        Slot("after", _("Photo after the removal"), _("The whole place without the board."), photo=True),
    )
}


def key_of(board: Board) -> str:
    """The subject key of the photos of a board."""
    return f"board:{board.public_id}"


def end_of(board: Board) -> BoardEnd | None:
    """The end of a board, if it has ended; reads it (use `select_related("end")`)."""
    return getattr(board, "end", None)


def photo_of(board: Board) -> Upload | None:
    """The newest accepted photo of the place without the board."""
    return uploads.ready(key_of(board), "after").order_by("-pk").first()


@dataclass(frozen=True)
class Deposit:
    """The deposit of one board, with its return once that is owed. `is_held`: it was paid and nothing of it is being returned."""

    line: BillLine
    refund: RefundDue | None

    @property
    def fils(self) -> int:
        return self.line.fils

    @property
    def is_held(self) -> bool:
        return self.refund is None and self.line.bill.state == BillState.PAID

    @property
    def is_returned(self) -> bool:
        return self.refund is not None and self.refund.paid_out_at is not None


def deposits_of(board: Board) -> list[Deposit]:
    """The deposits that a board holds: its own, and those of the boards that it renewed. None for boards from paper."""
    found = []
    for one in chain(board):
        bill, lines = payments.bill_with_lines(one.request.case.key)
        line = next((line for line in lines if line.code == f"boards.deposit_{one.line}"), None)
        if bill is not None and line is not None:
            refunds = {refund.line_id: refund for refund in payments.returned_deposits(bill)}
            found.append(Deposit(line, refunds.get(line.pk)))
    return found


def chain(board: Board) -> list[Board]:
    """A board and those that it renewed, the newest first."""
    found, earlier = [board], getattr(board, "previous", None)
    while earlier is not None:
        found.append(earlier)
        earlier = getattr(earlier, "previous", None)
    return found


def held_fils(deposits: Sequence[Deposit]) -> int:
    """What is held of deposits, in fils."""
    return sum(deposit.fils for deposit in deposits if deposit.is_held)

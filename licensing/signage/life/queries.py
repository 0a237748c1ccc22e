"""Ended boards and their deposits: what is held, what is being returned, and what waits for a photo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardEnd
from licensing.signage.validity import licensed_on
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.registry import Slot
from payments.models import BillLine, RefundDue
from payments.states import BillState, RefundState

SLOTS: Mapping[str, Slot] = {
    slot.code: slot
    for slot in (
        Slot("before", _("Photo before the removal"), _("The board in its place. It may be left out."), photo=True),
        Slot("after", _("Photo after the removal"), _("The whole place without the board."), photo=True),
    )
}
CHANGED = "board_changed"  # the reason of refunds of what a licensed change returns
SMALLER = "smaller"  # the slot of a board that was changed
SMALLER_SLOTS: Mapping[str, Slot] = {
    SMALLER: Slot(SMALLER, _("Photo of the smaller board"), _("The whole board in its place, as it is now."), photo=True)
}

AGAIN = "again"  # the slot of a board that stands licensed again under another number
AGAIN_SLOTS: Mapping[str, Slot] = {
    AGAIN: Slot(
        AGAIN,
        _("Photo of the board"),
        _("The whole board in its place, with its number if one is fixed to it."),
        photo=True,
        by_staff=True,
    )
}


def key_of(board: Board) -> str:
    """The subject key of the photos of a board."""
    return f"board:{board.public_id}"


def end_of(board: Board) -> BoardEnd | None:
    """The end of a board, if it has ended; reads it (use `select_related("end")`)."""
    return getattr(board, "end", None)


def photo_of(board: Board, slot: str = "after") -> Upload | None:
    """The newest accepted photo of the place without the board, or of the board as another slot shows it.

    Locked, for an act that a deposit goes back for: nobody removes or replaces it meanwhile.
    """
    return uploads.ready(key_of(board), slot).select_for_update(of=("self",)).order_by("-pk").first()


def photo_of_visit(board: Board, slot: str, inspector: User) -> Upload | None:
    """`photo_of` for the result of a visit, which rests on what its inspector saw.

    Raises Refused: "other_photo" where the photo that is here is that of the holder or of another inspector.
    """
    photo = photo_of(board, slot)
    if photo is not None and photo.owner_id != inspector.pk:
        raise Refused("other_photo", _("The photo that is here is not from your visit. Replace it with one that you took there."))
    return photo


def licensed_again(board: Board) -> QuerySet[Board]:
    """The boards licensed today as which one that is over may stand: of the same shop, licensed since; none while it is licensed.

    Not one that stood beside it, nor the renewal of one, nor one as which another board of its request stands.
    """
    end, last = end_of(board), board.last_day
    since = end.day if end is not None else last + dt.timedelta(days=1) if last is not None else None
    if since is None or (end is None and since > clock.today()):
        return Board.objects.none()
    taken = BoardEnd.objects.filter(board__request=board.request_id, stands_as__isnull=False).values("stands_as")
    rows = licensed_on(clock.today()).filter(request__shop=board.request.shop_id, first_day__gte=since).exclude(pk__in=taken)
    first = {pk: line[-1] for pk, line in chains(list(rows.select_related("request"))).items()}
    beside = [pk for pk, one in first.items() if one.first_day is None or one.first_day < since or one.request_id == board.request_id]
    return rows.exclude(pk__in=beside)


@dataclass(frozen=True)
class Deposit:
    """The deposit of one board, with the parts of it that are owed back or were returned."""

    line: BillLine
    refunds: Sequence[RefundDue]

    @property
    def fils(self) -> int:
        """What was paid and is not being returned."""
        return self.line.fils - sum(refund.fils for refund in self.refunds) if self.line.bill.state == BillState.PAID else 0

    @property
    def is_held(self) -> bool:
        return self.fils > 0

    @property
    def changed_fils(self) -> int:
        """What went back of it, or is going back, for licensed changes."""
        return sum(refund.fils for refund in self.refunds if refund.reason == CHANGED)


def deposits_of(board: Board) -> list[Deposit]:
    """The deposits that a board holds: its own, and those of the boards that it renewed. None for boards from paper.

    Two statements, and one for the earlier boards where there are any.
    """
    return deposits_of_each([board])[board.pk]


def deposits_of_each(boards: Sequence[Board]) -> dict[int, list[Deposit]]:
    """`deposits_of` each board, by its primary key, in as many statements."""
    refunds = Prefetch("refunds", RefundDue.objects.exclude(state=RefundState.RELEASED).order_by("pk"))
    lines = _deposit_lines(chains(boards), BillLine.objects.prefetch_related(refunds))
    return {pk: [Deposit(line, list(line.refunds.all())) for line in found] for pk, found in lines.items()}


def _deposit_lines(rows_of: Mapping[int, Sequence[Board]], lines: QuerySet[Any]) -> dict[int, list[Any]]:
    """The lines of the deposits of chains of boards, by the primary key of their last board, on the newest bill of each request."""
    subjects = {one.request.case.key for found in rows_of.values() for one in found}
    rows = lines.filter(bill__subject__in=subjects).exclude(bill__state=BillState.VOID).select_related("bill")
    bills: dict[str, dict[str, Any]] = {}
    newest: dict[str, int] = {}
    for line in rows.order_by("-bill_id", "order"):
        if newest.setdefault(line.bill.subject, line.bill_id) == line.bill_id:
            bills.setdefault(line.bill.subject, {})[line.code] = line
    found: dict[int, list[Any]] = {}
    for pk, earlier in rows_of.items():
        own = [bills.get(one.request.case.key, {}).get(f"boards.deposit_{one.line}") for one in earlier]
        found[pk] = [line for line in own if line is not None]
    return found


def photo_fils_of_each(rows_of: Mapping[int, Sequence[Board]], smaller: Container[int]) -> dict[int, int]:
    """What waits for a photo of the last board of each chain, in fils, by its primary key; one statement.

    Of those in `smaller`, which were made smaller and stand, as `waiting_fils`; else all that is held.
    """
    not_released = ~Q(refunds__state=RefundState.RELEASED)
    changed = Sum("refunds__fils", filter=not_released & Q(refunds__reason=CHANGED), default=0)
    rows = BillLine.objects.annotate(back=Sum("refunds__fils", filter=not_released, default=0), changed=changed)
    found = {}
    for pk, lines in _deposit_lines(rows_of, rows).items() if rows_of else ():
        held = sum(line.fils - line.back for line in lines if line.bill.state == BillState.PAID)
        found[pk] = _waiting(rows_of[pk], sum(line.changed for line in lines)) if pk in smaller else held
    return found


def _waiting(rows: Sequence[Board], changed_fils: int) -> int:
    """What licensed changes of a chain return for a photo that is not here, less what went back for them already."""
    unseen = sum(one.returned_fils for one in rows if one.smaller_photo_id is None)
    return max(min(unseen, sum(one.returned_fils for one in rows) - changed_fils), 0)


def smaller_without_photo(board: Board) -> list[Board]:
    """The boards of the chain of one that stands, the newest first, whose licensed change returns a part of the deposit for a photo.

    Empty where the board is not licensed or has ended: a removal returns all of it.
    """
    if not waiting_fils(board):
        return []
    return [one for one in chain(board) if one.returned_fils and one.smaller_photo_id is None]


def waiting_fils(board: Board) -> int:
    """What of the deposits of a board waits for a photo of it, in fils; 0 where it is not licensed or has ended.

    That is what the licensed changes of its chain return, less what went back for them already.
    """
    return waiting_fils_of_each([board])[board.pk]


def waiting_fils_of_each(boards: Sequence[Board]) -> dict[int, int]:
    """`waiting_fils` of each board, by its primary key; four statements at most."""
    found = dict.fromkeys((board.pk for board in boards), 0)
    rows_of = chains([board for board in boards if board.first_day is not None and end_of(board) is None])
    unseen = {pk: sum(one.returned_fils for one in rows if one.smaller_photo_id is None) for pk, rows in rows_of.items()}
    deposits = deposits_of_each([board for board in boards if unseen.get(board.pk)])
    for pk, lines in deposits.items():
        found[pk] = _waiting(rows_of[pk], sum(deposit.changed_fils for deposit in lines))
    return found


def chain(board: Board) -> list[Board]:
    """A board and those that it renewed, the newest first; one statement where there are any."""
    return chains([board])[board.pk]


def chains(boards: Sequence[Board], known: Mapping[int, Board] | None = None) -> dict[int, list[Board]]:
    """`chain` of each board, by its primary key; one statement where there are any, none with the `known` boards of their shops."""
    if known is None:
        later = [board for board in boards if board.previous_id is not None]
        rows = Board.objects.filter(request__shop__in={board.request.shop_id for board in later}, first_day__isnull=False)
        known = rows.select_related("request__case").in_bulk() if later else {}
    found = {}
    for board in boards:
        found[board.pk] = [board]
        while (earlier := known.get(found[board.pk][-1].previous_id or 0)) is not None:
            found[board.pk].append(earlier)
    return found


def held_fils(deposits: Sequence[Deposit]) -> int:
    """What is held of deposits, in fils."""
    return sum(deposit.fils for deposit in deposits)

"""The photos of a board before and after its removal, or as it stands again: of its holder, and of an inspector of the branch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from licensing.models import Board
from licensing.signage.life import queries
from municipality.accounts.models import User
from municipality.delegation.authorization import is_authorized
from municipality.kernel import request_cache, subjects
from municipality.uploads.registry import Prefix, Slot
from payments.states import CASHIER, CHECKER
from shops.register import conflicts

INSPECTOR = "inspector"


def _board(subject: str) -> Board | None:
    rows = Board.objects.filter(public_id=subjects.parse(subject).id, first_day__isnull=False)
    related = ("end", "request__case__applicant", "request__shop")
    return request_cache.get_or_set(("licensing.board_files", subject), rows.select_related(*related).first)


def inspects(user: User, board: Board) -> bool:
    """Whether a user is an inspector of the branch of a board."""
    same_branch = user.is_staff and user.branch_id is not None and user.branch_id == board.request.shop.branch_id
    return same_branch and user.groups.filter(name=INSPECTOR).exists()


def parties_of(board: Board) -> tuple[str, Callable[[], Sequence[str]]]:
    """The key of the shop of a board, and the keys of its parties."""
    shop = board.request.shop
    return shop.key, lambda: conflicts.parties_of(shop)


def _may_write(user: User, subject: str) -> bool:
    board = _board(subject)
    if board is None:
        return False
    return inspects(user, board) if user.is_staff else is_authorized(user, board.request.case)


def _may_read(user: User, subject: str) -> bool:
    """Who may write, and the cash office once the photo is what a deposit is returned for."""
    pays = bool(_locked(subject)) and user.is_staff and user.groups.filter(name__in=[CASHIER, CHECKER]).exists()
    return pays or _may_write(user, subject)


def _slots(subject: str) -> Mapping[str, Slot]:
    return {**queries.SLOTS, **queries.AGAIN_SLOTS, **queries.SMALLER_SLOTS} if _board(subject) is not None else {}


def _locked(subject: str) -> Collection[str]:
    """What a deposit goes back for: all photos of a removal once one has ended the board, and the one of the smaller board."""
    board = _board(subject)
    end = queries.end_of(board) if board is not None else None
    removal = [*queries.SLOTS, *queries.AGAIN_SLOTS] if end is not None and end.photo_id is not None else []
    return [*removal, *(queries.SMALLER_SLOTS if board is not None and board.smaller_photo_id is not None else ())]


def _held(subject: str) -> Collection[int]:
    """The photo with which the board ended, and that of the smaller board."""
    board = _board(subject)
    end = queries.end_of(board) if board is not None else None
    kept = (end.photo_id if end is not None else None, board.smaller_photo_id if board is not None else None)
    return {pk for pk in kept if pk is not None}


def _owner(subject: str, sender: User) -> User | None:
    board = _board(subject)
    return None if board is None or sender.is_staff else board.request.case.applicant


BOARD_PHOTOS = Prefix(may_write=_may_write, may_read=_may_read, slots=_slots, locked=_locked, owner=_owner, held=_held)

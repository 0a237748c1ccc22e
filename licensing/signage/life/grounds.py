"""What the two people who release the deposit of a board can look at before."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardEnd
from licensing.signage.changes.replacing import REASON
from municipality.ui.texts import Text
from payments.models import RefundDue


def grounds(refund: RefundDue) -> list[tuple[Text, str]]:
    """The photo of the place without the board, or of the board that stands licensed again with the page of that, and its public page.

    Of what a change returns, the photos of the smaller boards in its place, and the page of the board that paid it, which leads to them.
    """
    code = refund.line.code if refund.line is not None else ""
    case_id = refund.subject.partition(":")[2]
    if refund.reason == REASON:
        boards = [board for board in Board.objects.filter(request__case__public_id=case_id) if code == f"boards.deposit_{board.line}"]
        photos = dict.fromkeys(one.smaller_photo for board in boards for one in _later(board) if one.smaller_photo is not None)
        found: list[tuple[Text, str]] = [(_("Photo of the smaller board"), reverse("uploads:look", args=[one.public_id])) for one in photos]
        return found + [(_("The board that was changed"), reverse("licensing:board", args=[board.public_id])) for board in boards]
    ends = BoardEnd.objects.filter(photo__isnull=False, board__request__case__public_id=case_id)
    for end in ends.select_related("photo", "board", "stands_as"):
        if end.photo is not None and code == f"boards.deposit_{end.board.line}":
            page = reverse("licensing:board", args=[end.board.public_id])
            photo = reverse("uploads:look", args=[end.photo.public_id])
            if end.stands_as is None:
                return [(_("Photo after the removal"), photo), (_("The page of this board"), page)]
            again = reverse("licensing:board", args=[end.stands_as.public_id])
            return [
                (_("Photo of the board that is licensed again"), photo),
                (_("The page of this board"), page),
                (_("The page of the board as which it stands"), again),
            ]
    return []


def _later(board: Board) -> list[Board]:
    """A board and those that were licensed in its place, one after the other."""
    found = [board]
    while (later := found[-1].renewals.filter(first_day__isnull=False).select_related("smaller_photo").first()) is not None:
        found.append(later)
    return found

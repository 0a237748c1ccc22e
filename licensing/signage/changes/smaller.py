"""The photo of a board that was made smaller: with it the difference of its deposit goes back, and not before."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardRequest
from licensing.signage.changes.replacing import give_back
from licensing.signage.life import queries
from licensing.signage.life.files import inspects, parties_of
from licensing.signage.notifications import BoardSmaller
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.delegation.authorization import authorize
from municipality.kernel import money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from municipality.uploads import queries as uploads
from shops.register.conflicts import unless_tied


def prove_by_holder(*, board: Board, person: User) -> Board:
    """Keep the photo that the holder of a smaller board sent of it, and owe the difference of its deposit.

    Raises NotPermitted for other users, Refused: files_waiting, photo_missing, nothing_waits.
    """
    return _prove(board, authorize(person, board.request.case).actor)


@unless_tied("inspector", "board", parties_of)
def prove_by_inspector(*, board: Board, inspector: User) -> Board:
    """The same with the photo of an inspector of the branch without a conflict of interest. Raises also other_photo."""
    if not inspects(inspector, board):
        raise NotPermitted("not_your_role", _("Only an inspector of the branch records this."))
    return _prove(board, actor_of(inspector, "inspector"), inspector)


@transaction.atomic
def _prove(board: Board, actor: Actor, inspector: User | None = None) -> Board:
    BoardRequest.objects.select_for_update().get(pk=board.request_id)
    related = ("end", "request__case__applicant", "request__shop", "request__document")
    row = Board.objects.select_related(*related).get(pk=board.pk)
    if uploads.is_waiting(queries.key_of(row)):
        raise Refused("files_waiting", _("A photo is still being checked. Send again in a moment."))
    waiting = queries.smaller_without_photo(row)
    if not waiting:
        raise Refused("nothing_waits", _("No part of a deposit waits for a photo of this board. Nothing was changed."))
    slot = queries.SMALLER
    photo = queries.photo_of_visit(row, slot, inspector) if inspector is not None else queries.photo_of(row, slot)
    if photo is None:
        raise Refused("photo_missing", _("Add a photo of the smaller board in its place: a part of the deposit goes back only with it."))
    chain = queries.chain(row)
    _keep(chain[: chain.index(waiting[-1]) + 1], photo.pk)
    record("board.photo", subject=row.request.case.key, actor=actor, data={"board": row.number})
    refunds = give_back(row)
    for person in dict.fromkeys(refund.payer for refund in refunds) or [row.request.case.applicant]:  # a former holder may have paid it
        fils = sum(refund.fils for refund in refunds if refund.payer_id == person.pk)
        context = {"board": row, "amount": money.to_display(fils) if fils else ""}
        send(BoardSmaller, person=person, key=row.public_id, subject_key=row.request.case.key, context=context)
    return row


def _keep(boards: Sequence[Board], photo: int) -> None:
    """The photo of a board is also that of the boards before it that were not seen, the newest first: each has that of the next one."""
    for one in boards:
        if one.smaller_photo_id is None:
            one.smaller_photo_id = photo
            one.save(update_fields=["smaller_photo"])
        photo = one.smaller_photo_id

"""The end of a board: by its holder, by an inspector who found it gone, and the return of its deposit that follows a photo."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardEnd, BoardEndReason, BoardRequest
from licensing.signage.life import queries
from licensing.signage.life.files import inspects, parties_of
from licensing.signage.notifications import BoardEnded
from licensing.signage.queries import renewal_of
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.delegation.authorization import authorize
from municipality.documents import services as documents
from municipality.documents.states import LIVE, DocumentState
from municipality.kernel import clock, money
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from payments.models import RefundDue
from payments.services import owe_deposit
from shops.register import queries as shops
from shops.register.conflicts import unless_tied

SYSTEM = system("licensing")
REASON = "board_ended"  # of the refund of its deposit, and of a licence all of whose boards have ended


@transaction.atomic
def end_by_holder(*, board: Board, person: User, day: dt.date) -> BoardEnd:
    """End a board from `day` on, or add the photo to one that has ended; with a photo its deposit is owed back.

    A board whose licence ran out ends the day after, with a photo only; one of a shop that has another holder by now with a photo, too.
    Raises NotPermitted for other users, Refused: files_waiting, bad_day, photo_missing, returned_already.
    """
    access = authorize(person, board.request.case)
    row = _locked(board)
    if uploads.is_waiting(queries.key_of(row)):
        raise Refused("files_waiting", _("A photo is still being checked. Send again in a moment."))
    refuse_renewed(row)
    photo, end = queries.photo_of(row), queries.end_of(row)
    if end is None:
        return _end(row, *_end_of_today(row, day, photo), photo=photo, by=person, actor=access.actor)
    if end.photo_id is not None:
        raise Refused("returned_already", _("This board has ended, and its photo is here already. Nothing was changed."))
    _require(photo)
    return _add_photo(row, end, photo, access.actor)


def refuse_renewed(row: Board) -> None:
    """Raises Refused: "renewed" for a board whose renewal is licensed, "renewal_open" for one whose renewal is asked for."""
    renewal = renewal_of(row)
    if renewal is None:
        return
    if renewal.first_day is not None:
        raise Refused("renewed", _("This board was renewed or changed. End it on the page of its newest licence."))
    text = _("A renewal or a change of this board is under way. Withdraw that request first; then the board can be ended.")
    raise Refused("renewal_open", text)


def _end_of_today(row: Board, day: dt.date, photo: Upload | None) -> tuple[BoardEndReason, dt.date]:
    first, last = _days_of_begun(row)
    if last < clock.today():
        _require(photo)
        return BoardEndReason.LAPSED, last + dt.timedelta(days=1)
    if photo is None and not _is_of_holder(row):
        raise Refused("photo_missing", _("The shop has another holder by now. Add a photo of the place without the board."))
    if not first <= day <= clock.today():
        raise Refused("bad_day", _("Enter a day from the first day of the licence to today."))
    return BoardEndReason.REMOVED, day


def _is_of_holder(row: Board) -> bool:
    """Whether whoever asked for a board holds its shop still; a corrected owner leaves the boards of the one before licensed."""
    return shops.is_of_holder(row.request.shop, row.request.case.applicant, row.request.case.organisation_id)


def _days_of_begun(row: Board) -> tuple[dt.date, dt.date]:
    """The first and last day of a licence. Raises Refused: "not_licensed", "not_begun" before its first day."""
    if row.first_day is None or row.last_day is None:
        raise Refused("not_licensed", _("This board is not licensed."))
    if row.first_day > clock.today():
        raise Refused("not_begun", _("This licence has not begun. The board can be ended from its first day on."))
    return row.first_day, row.last_day


def _require(photo: Upload | None, stands_as: Board | None = None) -> None:
    if photo is None and stands_as is not None:
        raise Refused("photo_missing", _("Add a photo of the board in its place: the deposit goes back only with it."))
    if photo is None:
        raise Refused("photo_missing", _("Add a photo of the place without the board: the deposit goes back only with it."))


@unless_tied("inspector", "board", parties_of)
@transaction.atomic
def end_by_inspector(*, board: Board, inspector: User, again: str | None = None) -> BoardEnd:
    """Record that an inspector without a conflict of interest with the shop found a board gone, with their photo.

    Or that a board that is over stands as a licensed one: `again` is the public id of that. Its deposit goes back all the same, for no
    photo of the empty place can be taken. Raises NotPermitted, Refused as `end_by_holder`, other_photo, and not_licensed_again.
    """
    row = _locked(board)
    if not inspects(inspector, row):
        raise NotPermitted("not_your_role", _("Only an inspector of the branch records this."))
    if uploads.is_waiting(queries.key_of(row)):
        raise Refused("files_waiting", _("A photo is still being checked. Send again in a moment."))
    refuse_renewed(row)
    end, actor = queries.end_of(row), actor_of(inspector, "inspector")
    reason, day = BoardEndReason.FOUND_GONE, clock.today()
    if end is None:
        _first, last = _days_of_begun(row)
        if again is not None:
            reason, day = BoardEndReason.LAPSED, last + dt.timedelta(days=1)
    elif end.photo_id is not None:
        raise Refused("returned_already", _("This board has ended, and its photo is here already. Nothing was changed."))
    stands_as = _stands_as(row, again) if again is not None else None
    photo = queries.photo_of_visit(row, queries.AGAIN if stands_as is not None else "after", inspector)
    _require(photo, stands_as)
    if end is None:
        return _end(row, reason, day, photo=photo, by=inspector, actor=actor, stands_as=stands_as)
    return _add_photo(row, end, photo, actor, stands_as)


def _stands_as(row: Board, again: str) -> Board:
    found = queries.licensed_again(row).filter(public_id=again).select_related("request__document").first()
    if found is None:
        raise Refused("not_licensed_again", _("Choose the number under which the board is licensed today."))
    return found


def _locked(board: Board) -> Board:
    """The board, with its request locked, so that ends of one licence follow each other."""
    BoardRequest.objects.select_for_update().get(pk=board.request_id)
    related = ("request__case__applicant", "request__shop", "request__document", "end")
    return Board.objects.select_related(*related).get(pk=board.pk)


def _end(
    row: Board, reason: str, day: dt.date, *, photo: Upload | None, by: User, actor: Actor, stands_as: Board | None = None
) -> BoardEnd:
    end = BoardEnd.objects.create(board=row, reason=reason, day=day, by=by, at=clock.now(), photo=photo, stands_as=stands_as)
    data = {"board": row.number, "reason": reason, "photo": bool(photo)}
    record("board.ended", subject=row.request.case.key, actor=actor, data=data | _again(stands_as))
    _close_licence(row.request, actor)
    _tell(row, end, give_back(end, actor=actor))
    return end


def _add_photo(row: Board, end: BoardEnd, photo: Upload | None, actor: Actor, stands_as: Board | None = None) -> BoardEnd:
    end.photo, end.stands_as = photo, stands_as
    end.save(update_fields=["photo", "stands_as"])
    record("board.photo", subject=row.request.case.key, actor=actor, data={"board": row.number} | _again(stands_as))
    _tell(row, end, give_back(end, actor=actor))
    return end


def _again(stands_as: Board | None) -> dict[str, str]:
    return {"stands_as": stands_as.number} if stands_as is not None else {}


def _close_licence(request: BoardRequest, actor: Actor) -> None:
    """Revoke the licence once all of its boards have ended."""
    document = request.document
    if document is None or document.state not in (*LIVE, DocumentState.SUSPENDED):
        return
    if not request.boards.filter(end__isnull=True).exists():
        documents.revoke(document, reason=REASON, actor=actor)


def give_back(end: BoardEnd, *, actor: Actor) -> list[RefundDue]:
    """Once its photo is here: end the boards that it renewed with it, and owe their deposits back. Returns what is owed back now."""
    if end.photo_id is None:
        return []
    for earlier in queries.chain(end.board)[1:]:
        facts = {"reason": end.reason, "day": end.day, "by": end.by, "at": end.at, "photo": end.photo, "stands_as": end.stands_as}
        row, is_new = BoardEnd.objects.get_or_create(board=earlier, defaults=facts)
        if not is_new and row.photo_id is None:
            row.photo, row.stands_as = end.photo, end.stands_as
            row.save(update_fields=["photo", "stands_as"])
    lines = [deposit.line for deposit in queries.deposits_of(end.board) if deposit.is_held]
    refunds = [owe_deposit(line=line, reason=REASON, actor=actor) for line in lines]
    return [refund for refund in refunds if refund is not None]


def give_back_all(request: BoardRequest) -> None:
    """Owe back what the ended boards of a request hold, after its payment was reversed and made again."""
    for end in BoardEnd.objects.filter(board__request=request, photo__isnull=False).select_related("board__request__case").order_by("pk"):
        give_back(end, actor=SYSTEM)


def _tell(row: Board, end: BoardEnd, refunds: list[RefundDue]) -> None:
    """One message for each step: what is returned, or why nothing is; who holds the shop by now hears of one that stood licensed."""
    case, key = row.request.case, f"{row.public_id}:{'photo' if end.photo_id else 'end'}"
    concerned = dict.fromkeys([case.applicant, *(refund.payer for refund in refunds)])  # a renewed board may hold another's deposit
    is_others = end.reason in (BoardEndReason.REMOVED, BoardEndReason.FOUND_GONE) and not _is_of_holder(row)
    others = [person for person in shops.owners(row.request.shop) if person not in concerned] if is_others else []
    for person in (*concerned, *others):
        fils = sum(refund.fils for refund in refunds if refund.payer_id == person.pk)
        context = {"board": row, "day": end.day, "amount": money.to_display(fils) if fils else "", "has_photo": end.photo_id is not None}
        context["is_other"] = person in others
        context["again"] = end.stands_as.number if end.stands_as is not None else ""
        send(BoardEnded, person=person, key=key, subject_key=case.key, context=context)

"""Boards that are over and that nobody has seen removed: a reminder to who has a deposit to come, then a visit of an inspector."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from licensing.models import Board
from licensing.signage import queries
from licensing.signage.life.queries import deposits_of, held_fils
from licensing.signage.notifications import BoardPhotoMissing
from licensing.signage.states import BOARDS
from municipality.jobs import sweeps
from municipality.kernel import clock, money
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.rulebook import queries as rulebook
from payments.models import Bill
from payments.states import BillState

DAYTIME = range(8, 20)  # hours of Kuwait: a text message wakes nobody
WINDOW = dt.timedelta(days=7)  # in which a reminder is caught up with


def without_photo(before: dt.date, *, since: dt.date | None = None) -> QuerySet[Board]:
    """Licensed boards that ended, or whose licence ran out, on a day before `before`, and that have no photo of the place without them."""
    ended = Q(end__photo__isnull=True, end__day__lte=before)
    ran_out = Q(end__isnull=True, last_day__lt=before)
    if since is not None:
        ended, ran_out = ended & Q(end__day__gt=since), ran_out & Q(last_day__gte=since)
    is_renewed = Exists(Board.objects.filter(Q(request__case__is_open=True) | Q(first_day__isnull=False), previous=OuterRef("pk")))
    rows = Board.objects.filter(ended | ran_out, ~is_renewed, first_day__isnull=False)
    return rows.select_related("end", "request__case__applicant", "request__document__last_event", "request__shop__area").order_by(
        "last_day", "pk"
    )


def with_deposit(boards: QuerySet[Board]) -> QuerySet[Board]:
    """Those with a paid deposit, and those in place of earlier ones, whatever is still held of the deposits of those."""
    paid = Bill.objects.filter(kind=BOARDS, state=BillState.PAID, subject=Concat(Value("case:"), OuterRef("request__case__public_id")))
    return boards.filter(Q(Exists(paid), deposit_fils__gt=0) | Q(previous__isnull=False))


def _days(name: str) -> int | None:
    """A period of the rulebook in days; None while no edition has it."""
    try:
        limit = rulebook.edition(queries.LIMITS, clock.today()).limits.get(name)
    except Refused:
        return None
    return limit.value if limit is not None else None


def remind() -> int:
    """Remind the holders of boards that wait for a photo, once each; does nothing at night. Returns how many."""
    days, now = _days("photo_reminder_days"), clock.now().astimezone(clock.KUWAIT)
    if days is None or now.hour not in DAYTIME:
        return 0
    before = now.date() - dt.timedelta(days=days)
    waiting = with_deposit(without_photo(before, since=before - WINDOW))
    return sweeps.for_each("licensing.remind_boards", list(waiting.values_list("pk", flat=True)), _remind)


def _remind(pk: int) -> bool:
    board = Board.objects.select_related("request__case__applicant", "request__document").get(pk=pk)
    case, fils = board.request.case, held_fils(deposits_of(board))
    if not fils:
        return False
    context = {"board": board, "amount": money.to_display(fils)}
    send(BoardPhotoMissing, person=case.applicant, key=board.public_id, subject_key=case.key, context=context)
    return True


def to_visit(branch: str | None) -> QuerySet[Board]:
    """The boards of a branch at which an inspector is to look, since nobody sent a photo; those that ended first come first.

    With a deposit or without: a screen or a lettering on glass that lapsed may still be in its place.
    """
    days = _days("photo_visit_days")
    if days is None or branch is None:
        return Board.objects.none()
    return without_photo(clock.today() - dt.timedelta(days=days)).filter(request__shop__branch=branch)

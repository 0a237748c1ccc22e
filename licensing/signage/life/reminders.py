"""Boards that nobody has seen removed or made smaller: a reminder to who has a deposit to come, then a visit of an inspector."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from licensing.models import Board
from licensing.signage import queries
from licensing.signage.life.queries import chains, deposits_of, end_of, held_fils, waiting_fils, waiting_fils_of_each
from licensing.signage.life.queries import smaller_without_photo as smaller
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
_RELATED = ("end", "request__case__applicant", "request__document__last_event", "request__shop__area")
WINDOW = dt.timedelta(days=7)  # in which a reminder is caught up with


def without_photo(before: dt.date, *, since: dt.date | None = None) -> QuerySet[Board]:
    """Licensed boards that ended, or whose licence ran out, on a day before `before`, and that have no photo of the place without them."""
    told_by = clock.start_of(before + dt.timedelta(days=1))  # an end may be recorded long after its day
    ended = Q(end__photo__isnull=True, end__day__lte=before, end__at__lt=told_by)
    ran_out = Q(end__isnull=True, last_day__lt=before)
    if since is not None:
        start = clock.start_of(since + dt.timedelta(days=1))
        came_to_nothing = Exists(Board.objects.filter(previous=OuterRef("pk"), request__case__closed_at__gte=start))
        ended &= Q(end__day__gt=since) | Q(end__at__gte=start)
        ran_out &= Q(last_day__gte=since) | Q(came_to_nothing)
    is_renewed = Exists(Board.objects.filter(Q(request__case__is_open=True) | Q(first_day__isnull=False), previous=OuterRef("pk")))
    rows = Board.objects.filter(ended | ran_out, ~is_renewed, first_day__isnull=False)
    return rows.select_related(*_RELATED).order_by("last_day", "pk")


def smaller_without_photo(before: dt.date, *, since: dt.date | None = None, among: QuerySet[Board] | None = None) -> QuerySet[Board]:
    """Boards in force that were licensed smaller before `before`, or follow such ones, of whose deposits a part waits for a photo.

    `among`: of those that were licensed smaller these alone.
    """
    boards = among if among is not None else Board.objects.all()
    unseen = boards.filter(first_day__lte=before, returned_fils__gt=0, smaller_photo=None)
    if since is not None:
        unseen = unseen.filter(first_day__gt=since)
    shops = dict(unseen.values_list("pk", "request__shop"))
    if not shops:
        return Board.objects.none()
    today = clock.today()
    rows = Board.objects.filter(request__shop__in=set(shops.values()), first_day__lte=today, last_day__gte=today, end=None)
    in_force = list(rows.select_related("end", "request__case"))
    later = chains(in_force)
    waiting = waiting_fils_of_each([board for board in in_force if any(one.pk in shops for one in later[board.pk])])
    return Board.objects.filter(pk__in=[pk for pk, fils in waiting.items() if fils])


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
    """Remind the holders of boards that wait for a photo, once for each photo; does nothing at night. Returns how many."""
    days, now = _days("photo_reminder_days"), clock.now().astimezone(clock.KUWAIT)
    if days is None or now.hour not in DAYTIME:
        return 0
    before = now.date() - dt.timedelta(days=days)
    waiting = [*with_deposit(without_photo(before, since=before - WINDOW)), *smaller_without_photo(before, since=before - WINDOW)]
    return sweeps.for_each("licensing.remind_boards", [board.pk for board in waiting], _remind)


def _remind(pk: int) -> bool:
    board = Board.objects.select_related("end", "request__case__applicant", "request__document").get(pk=pk)
    is_smaller = board.last_day is not None and board.last_day >= clock.today() and end_of(board) is None
    waiting = waiting_fils(board) if is_smaller else None
    case, fils = board.request.case, held_fils(deposits_of(board)) if waiting is None else waiting
    if not fils:
        return False
    context = {"board": board, "amount": money.to_display(fils), "is_smaller": is_smaller}
    key = f"{smaller(board)[0].public_id}:smaller" if is_smaller else board.public_id
    send(BoardPhotoMissing, person=case.applicant, key=key, subject_key=case.key, context=context)
    return True


def to_visit(branch: str | None) -> QuerySet[Board]:
    """The boards of a branch at which an inspector is to look, since nobody sent a photo; those that ended first come first.

    With a deposit or without: a screen or a lettering on glass that lapsed may still be in its place. Those that were licensed smaller,
    and of which nobody sent a photo either, are among them.
    """
    days = _days("photo_visit_days")
    if days is None or branch is None:
        return Board.objects.none()
    before = clock.today() - dt.timedelta(days=days)
    of_branch = Board.objects.filter(request__shop__branch=branch)
    rows = Board.objects.filter(
        Q(pk__in=without_photo(before).values("pk")) | Q(pk__in=smaller_without_photo(before, among=of_branch).values("pk"))
    )
    return rows.filter(request__shop__branch=branch).select_related(*_RELATED).order_by("last_day", "pk")

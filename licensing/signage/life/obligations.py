"""What the holder of a board has to do for a deposit that waits for a photo: one obligation for each board."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.models import Board
from licensing.signage.life import queries, reminders
from licensing.signage.renewals import offers
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.obligations import Duty, Obligation
from municipality.cases.panels import PanelLine
from municipality.documents.states import DocumentState
from municipality.kernel import clock
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, kwd, ref
from shops.models import Shop
from shops.register import queries as registered


def obligations(user: User) -> list[Obligation]:
    """The boards that are over or were made smaller and hold a deposit until a photo comes; two queries, more where there are any.

    Not those that can still be renewed: their renewal is another obligation.
    """
    if user.is_staff:
        return []
    own = Board.objects.filter(request__case__in=cases.visible_to(user).filter(service=BOARDS).values("pk"))
    gone = list(_over(own)[: registered.MAX_LISTED])
    held = {pk: queries.held_fils(deposits) for pk, deposits in queries.deposits_of_each(gone).items()} if gone else {}
    smaller = list(reminders.smaller_without_photo(clock.today(), among=own).filter(pk__in=own.values("pk")).select_related(*RELATED))
    waiting = queries.waiting_fils_of_each(smaller) if smaller else {}
    return [*_lines(gone, held, is_smaller=False), *_lines(smaller, waiting, is_smaller=True)]


def _over(own: QuerySet[Board], *, is_shown: bool = False) -> QuerySet[Board]:
    """Those that are over without a photo, perhaps with a deposit, and that cannot be renewed; `is_shown` as for `offers.window`."""
    over = reminders.with_deposit(reminders.without_photo(clock.today())).filter(pk__in=own.values("pk"))
    return over.exclude(pk__in=offers.waiting(is_shown=is_shown).values("pk")).exclude(request__document__state=DocumentState.SUSPENDED)


def my_shops(user: User, shops: Sequence[Shop]) -> dict[str, list[PanelLine]]:
    """A line for each shop with boards that wait as `obligations` says, for the oldest first; one query, two where there are any."""
    if user.is_staff:
        return {}
    own = Board.objects.filter(request__case__in=cases.visible_to(user).filter(service=BOARDS).values("pk"), request__shop__in=shops)
    over, today = _over(own, is_shown=True).order_by().values("pk"), clock.today()
    unseen = own.filter(first_day__lte=today, returned_fils__gt=0, smaller_photo=None)
    waiting = Board.objects.filter(Q(pk__in=over) | Q(pk__in=unseen.values("pk")))
    rows = Board.objects.filter(request__shop__in=waiting.values("request__shop"), first_day__isnull=False).annotate(
        is_over=ExpressionWrapper(Q(pk__in=over), output_field=BooleanField()),
        is_own=ExpressionWrapper(Q(pk__in=own.values("pk")), output_field=BooleanField()),
    )
    known = {row.pk: row for row in rows.select_related(*RELATED).order_by("last_day", "pk")}
    chains = queries.chains(list(known.values()), known)
    smaller = {pk for pk, row in known.items() if row.is_own and _is_in_force(row, today) and any(map(_is_unseen, chains[pk]))}
    fils = queries.photo_fils_of_each({pk: chains[pk] for pk, row in known.items() if row.is_over or pk in smaller}, smaller)
    found: dict[str, list[Obligation]] = {}
    sums: dict[str, int] = {}
    for pk, amount in fils.items():
        if amount:
            one = _obligation(known[pk], amount, is_smaller=pk in smaller)
            found.setdefault(one.subject, []).append(one)
            sums[one.subject] = sums.get(one.subject, 0) + amount
    return {key: [_line(duties, sums[key])] for key, duties in found.items()}


def _is_in_force(board: Board, today: dt.date) -> bool:
    days = board.first_day, board.last_day
    return days[0] is not None and days[1] is not None and days[0] <= today <= days[1] and queries.end_of(board) is None


def _is_unseen(board: Board) -> bool:
    """Whether it was licensed smaller and nobody sent its photo."""
    return bool(board.returned_fils) and board.smaller_photo_id is None


def _line(duties: Sequence[Obligation], fils: int) -> PanelLine:
    first = duties[0]
    label = format_html("{}: {} · {}", first.title, counted(len(duties), "board"), kwd(fils))
    return PanelLine(_("Boards"), state="warn", label=label, action=first.action, url=first.url, is_due=True, order=22)


RELATED = ("end", "request__case", "request__shop", "request__document")


def _lines(boards: Iterable[Board], fils: dict[int, int], *, is_smaller: bool) -> list[Obligation]:
    return [_obligation(board, fils[board.pk], is_smaller=is_smaller) for board in boards if fils[board.pk]]


def _obligation(board: Board, fils: int, *, is_smaller: bool) -> Obligation:
    task = _("Send the photo of the smaller board") if is_smaller else _("Send the photo of the place")
    shop = board.request.shop
    return Obligation(
        code="photo",
        key=f"board_photo:{board.public_id}",
        duty=Duty.MUST,
        title=_("The deposit of a board waits for a photo"),
        task=task,
        action=task,
        url=reverse("licensing:smaller_board" if is_smaller else "licensing:remove_board", args=[board.public_id]),
        subject=shop.key,
        about=format_html("{}: {} · {}", bilingual(shop, "name"), ref(board.number), kwd(fils)),
        stops_nothing=True,
    )

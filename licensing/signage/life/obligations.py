"""What the holder of a board has to do for a deposit that waits for a photo: one obligation for each board."""

from __future__ import annotations

from collections.abc import Iterable

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
from municipality.documents.states import DocumentState
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual, kwd, ref
from shops.register import queries as registered


def obligations(user: User) -> list[Obligation]:
    """The boards that are over or were made smaller and hold a deposit until a photo comes; two queries, more where there are any.

    Not those that can still be renewed: their renewal is another obligation.
    """
    if user.is_staff:
        return []
    own = Board.objects.filter(request__case__in=cases.visible_to(user).filter(service=BOARDS).values("pk"))
    over = reminders.with_deposit(reminders.without_photo(clock.today())).filter(pk__in=own.values("pk"))
    over = over.exclude(pk__in=offers.waiting().values("pk")).exclude(request__document__state=DocumentState.SUSPENDED)
    gone = list(over[: registered.MAX_LISTED])
    held = {pk: queries.held_fils(deposits) for pk, deposits in queries.deposits_of_each(gone).items()} if gone else {}
    smaller = list(reminders.smaller_without_photo(clock.today(), among=own).filter(pk__in=own.values("pk")).select_related(*RELATED))
    waiting = queries.waiting_fils_of_each(smaller) if smaller else {}
    return [*_lines(gone, held, is_smaller=False), *_lines(smaller, waiting, is_smaller=True)]


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

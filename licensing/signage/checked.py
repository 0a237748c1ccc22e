"""The boards of a page with the results of their rule check, and what stops their sending."""

from __future__ import annotations

import datetime as dt
from functools import cache

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from licensing.models import Board, BoardCheck
from licensing.signage import queries
from licensing.signage.cards import Cards
from licensing.signage.checks import StandingBoard, results_of
from licensing.signage.forms import RequestedBoardForm
from licensing.signage.labels import failure
from municipality.kernel.errors import Refused
from municipality.rulebook.models import BoardRuleKind
from shops.models import Shop
from zoning.answer.places import PlaceLand, land_at

LINE = SafeString("<br>")


def check(cards: Cards, shop: Shop, on: dt.date) -> None:
    """Give each form that has a fee the results of its board on a day. Asks zoning once, where a rule is about land use."""
    forms = [(line, form) for line, form in enumerate(cards.forms, 1) if isinstance(form, RequestedBoardForm) and form.fee is not None]
    boards = {line: form.board(line) for line, form in forms}

    @cache
    def land() -> PlaceLand:
        return land_at(paci_number=shop.paci_number, area=shop.area_id, block=shop.block, plot_number=shop.plot, day=on)

    def nearest(board: Board, board_class: str, within_cm: int) -> StandingBoard | None:
        """Another of this request, or the nearest licensed one."""
        others = (one for one in boards.values() if one.line != board.line and one.is_standing)
        other = next((one for one in others if board_class in ("", one.board_class)), None)
        if other is not None:
            return StandingBoard(str(other.line), 0)
        own = cards.changed.board.pk if cards.changed is not None else None
        return queries.nearest_standing(shop, board_class, on, within_cm=within_cm, but=own)

    for line, form in forms:
        form.results = results_of(boards[line], form.limits, on, land, nearest)
        for result in form.results:
            if result.kind == BoardRuleKind.LAND and (plot := land().plot) is not None:
                result.plot_url = reverse("zoning:plot", args=[plot.public_id])


def refusal(cards: Cards) -> Refused | None:
    """What stops the sending of checked boards: a sentence for each rule that one of them breaks; None where there is none."""
    found = [_sentence(line, one) for line, form in enumerate(cards.forms, 1) for one in form.results if one.stops]
    return Refused("against_rules", format_html_join(LINE, "{}", ((one,) for one in found))) if found else None


def _sentence(line: int, result: BoardCheck) -> str:
    """What a board breaks, with the way to the page and map of the plot that its rule is about."""
    if not result.plot_url:
        return failure(line, result)
    return format_html('{} <a href="{}">{}</a>', failure(line, result), result.plot_url, _("The plot of the shop, with its map"))

"""The boards of a page with the results of their rule check, and what stops their sending."""

from __future__ import annotations

import datetime as dt
from functools import cache

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from licensing.signage.cards import Cards
from licensing.signage.checks import results_of
from licensing.signage.forms import RequestedBoardForm
from licensing.signage.labels import failure
from municipality.kernel.errors import Refused
from shops.models import Shop
from zoning.answer.places import PlaceLand, land_at

LINE = SafeString("<br>")


def check(cards: Cards, shop: Shop, on: dt.date) -> None:
    """Give each form that has a fee the results of its board on a day. Asks zoning once, where a rule is about land use."""

    @cache
    def land() -> PlaceLand:
        return land_at(paci_number=shop.paci_number, area=shop.area_id, block=shop.block, plot_number=shop.plot, day=on)

    for line, form in enumerate(cards.forms, 1):
        if isinstance(form, RequestedBoardForm) and form.fee is not None:
            form.results = results_of(form.board(line), form.limits, on, land)


def refusal(cards: Cards) -> Refused | None:
    """What stops the sending of checked boards: a sentence for each rule that one of them breaks; None where there is none."""
    found = [failure(line, one) for line, form in enumerate(cards.forms, 1) for one in form.results if one.stops]
    return Refused("against_rules", format_html_join(LINE, "{}", ((one,) for one in found))) if found else None

"""What a person can renew at once without an officer: health licences and boards of all their shops, each with its fee of today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from licensing.bulk import periods
from licensing.bulk.models import BatchKind
from licensing.bulk.periods import NewPeriod
from licensing.health import obligations, queries, renewability, rules
from licensing.health.states import RENEWAL
from licensing.signage.labels import formula
from licensing.signage.renewals import offers as boards
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.ui.texts import Text
from payments.services.basket import MAX_LINES
from shops.models import Shop
from shops.register import queries as registered

MOST_SHOPS = MAX_LINES  # whose licences are read for one page


@dataclass(frozen=True)
class BulkOffer:
    """One renewal that no officer decides, its fee in fils, the last day of what it renews and the new period that it gives."""

    kind: str
    shop: Shop
    fils: int
    until: dt.date
    periods: Sequence[NewPeriod]
    boards: Sequence[str] = ()  # public ids
    formulas: Sequence[Text] = ()  # how the fee of each board is made up

    @property
    def code(self) -> str:
        return f"{self.kind}:{self.shop.public_id}"


@dataclass(frozen=True)
class Stopped:
    """A health licence that cannot be renewed with the others, and why."""

    shop: Shop
    reason: Text


@dataclass(frozen=True)
class BulkOffers:
    ready: list[BulkOffer]  # the first to end first
    stopped: list[Stopped]
    under_way: list[Shop]  # with an open request on the health licence, of whomever
    is_cut: bool  # whether there are more than are listed


def of_user(user: User) -> BulkOffers:
    """What a user can renew now for the shops in which they may act, at most MAX_LINES renewals."""
    ready, stopped, under_way, is_cut = _licences(user)
    groups = boards.of_user(user)
    is_cut = is_cut or sum(len(group.boards) for group in groups) == boards.MOST_LISTED
    for group in groups:
        free = [one for one in group.ready if not one.left_open and one.previous.last_day is not None]
        if free and not group.is_reviewed:
            fils, until = sum(one.fils for one in free), min(one.previous.last_day for one in free if one.previous.last_day)
            made_up = [formula(one.fee) for one in free if one.fee is not None]
            new = periods.of_boards(one.board for one in free if one.board is not None)
            ready.append(BulkOffer(BatchKind.BOARDS, group.shop, fils, until, new, [one.previous.public_id for one in free], made_up))
    ready.sort(key=lambda one: (one.until, one.code))
    return BulkOffers(ready[:MAX_LINES], stopped, under_way, is_cut or len(ready) > MAX_LINES)


def _licences(user: User) -> tuple[list[BulkOffer], list[Stopped], list[Shop], bool]:
    shops = list(registered.with_names(registered.visible_to(user, RENEWAL).order_by("pk"))[: MOST_SHOPS + 1])
    is_cut, shops = len(shops) > MOST_SHOPS, shops[:MOST_SHOPS]
    today = clock.today()
    fees, validity = rulebook.edition("fees.health", today), rulebook.edition("limits.health", today).limits["validity_years"].value
    rows = renewability.of_shops(shops)
    under_way = [shop for shop in shops if rows[shop.pk].open_case is not None]
    due = [(shop, rows[shop.pk]) for shop in shops if rows[shop.pk].is_due and rows[shop.pk].open_case is None]
    ready, waiting = [], []
    for shop, row in due:
        if row.licence is None or not row.is_renewable:
            continue
        if not rules.may_renew(row.conditions):
            waiting.append((shop, row))
            continue
        years = rules.years_to_cover(row.licence.last_day, validity, today)
        fils = sum(line.fils for line in queries.fee_lines(fees, years, is_late=rules.is_late(row.conditions)))
        new = rules.new_period(row.licence.last_day, years)
        ready.append(BulkOffer(BatchKind.HEALTH, shop, fils, row.licence.last_day, [NewPeriod(new.first, new.last)]))
    reasons = obligations.reasons_of(user, waiting)
    return ready, [Stopped(shop, reasons.get(shop.pk, "")) for shop, _row in waiting], under_way, is_cut

"""Queries of the health certificates of workers. Rules: `limits.workers` of the rulebook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from licensing.models import WorkerCertificate
from municipality.accounts.requests import Visitor
from municipality.delegation import queries as delegation
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.ui.texts import Text
from shops.models import Shop
from shops.register import queries as registered

WORKERS = "licensing.workers"  # no case: one may act for another in it
LIMITS = "limits.workers"
LABELS: dict[str, Text] = {
    "ok": pgettext_lazy("certificate", "Valid"),
    "warn": pgettext_lazy("certificate", "Ends soon"),
    "bad": pgettext_lazy("certificate", "Ended"),
}

_STANDING = Coalesce("shop__merged_into", "shop")  # the shop that stands for the entry of a certificate
# Entered at the shop itself, or at an entry that was merged into one of the same holder: nobody reads the list of another employer.
_OF_HOLDER = (
    Q(shop__merged_into=None) | Q(shop__owner=F("shop__merged_into__owner")) | Q(shop__organisation=F("shop__merged_into__organisation"))
)


def limit(name: str) -> int:
    """A limit of today. Raises Refused where the rulebook has no edition."""
    return rulebook.edition(LIMITS, clock.today()).limits[name].value


def may_enter(user: Visitor, shops: Sequence[Shop]) -> set[int]:
    """Primary keys of those of the listed shops whose workers `user` may see and enter. A delegation must name this service."""
    keys = [shop.pk for shop in shops]
    if not delegation.grants(user):
        return set(keys)
    return set(registered.visible_to(user, WORKERS).filter(pk__in=keys).values_list("pk", flat=True))


def warn_days(*, is_shown: bool = False) -> int:
    """How many days before its end a certificate is due for renewal; 0 where the rulebook does not say.

    `is_shown`: for a list that decides nothing by it, up to a minute old.
    """
    try:
        return (rulebook.shown_edition if is_shown else rulebook.edition)(LIMITS, clock.today()).limits["warn_days"].value
    except Refused:
        return 0


@dataclass(frozen=True)
class ListedCertificate:
    """A certificate with its state of today."""

    row: WorkerCertificate
    state: str  # ok, warn or bad

    @property
    def label(self) -> Text:
        return LABELS[self.state]


def listed(row: WorkerCertificate) -> ListedCertificate:
    """One certificate with its state of today."""
    return ListedCertificate(row, row.state_on(clock.today(), warn_days()))


def rows_of(shop: Shop) -> QuerySet[WorkerCertificate]:
    """The certificates of a shop, also those entered at entries of its holder that were merged into it."""
    standing = shop.merged_into_id or shop.pk
    return WorkerCertificate.objects.filter(_OF_HOLDER, shop__in=Shop.objects.filter(Q(pk=standing) | Q(merged_into=standing)))


def of_shop(shop: Shop) -> list[ListedCertificate]:
    """`rows_of` a shop with their states of today, those that end first at the top; two queries."""
    today, days = clock.today(), warn_days()
    return [ListedCertificate(row, row.state_on(today, days)) for row in rows_of(shop)]


@dataclass(frozen=True)
class Light:
    """The certificates of a shop in one line: how many there are, have ended and end soon, and the nearest last day."""

    shop_id: int
    count: int
    ended: int
    ending: int
    until: dt.date

    @property
    def state(self) -> str:
        return "bad" if self.ended else "warn" if self.ending else "ok"

    @property
    def due(self) -> int:
        """How many workers need a new certificate."""
        return self.ended + self.ending


def lights(shops: Sequence[Shop] | QuerySet[Shop]) -> dict[int, Light]:
    """The light of each shop with certificates, as `rows_of` finds them, by primary key; one query."""
    last: dict[int, dict[str, dt.date]] = {}  # of each worker the newest: both entries of a merge may name one
    keys: Any = shops.values("pk") if isinstance(shops, QuerySet) else [shop.pk for shop in shops]
    merged = Shop.objects.filter(merged_into__in=keys)
    entries = Shop.objects.filter(pk__in=keys).values("pk").union(merged.values("pk"))  # each half by an index; OR would scan all
    rows = WorkerCertificate.objects.filter(_OF_HOLDER, shop__in=entries)
    for shop, worker, last_day in rows.values_list(_STANDING, "civil_id_digest", "last_day").order_by("last_day"):
        last.setdefault(shop, {})[worker] = last_day
    days = {shop: list(of_workers.values()) for shop, of_workers in last.items()}
    today = clock.today()
    soon = today + dt.timedelta(days=warn_days(is_shown=True)) if days else today
    return {
        shop: Light(shop, len(of_shop), sum(day < today for day in of_shop), sum(today <= day <= soon for day in of_shop), min(of_shop))
        for shop, of_shop in days.items()
    }


def to_remind(days: int) -> QuerySet[Any]:
    """Certificates of open shops that end within `days`, and about whose end nobody was told yet; `standing` is the shop's primary key."""
    today = clock.today()
    rows = WorkerCertificate.objects.filter(_OF_HOLDER, last_day__gte=today, last_day__lte=today + dt.timedelta(days=days))
    rows = rows.annotate(standing=_STANDING).filter(standing__in=registered.open_shops().values("pk"))
    newer = WorkerCertificate.objects.annotate(at=_STANDING).filter(
        _OF_HOLDER, at=OuterRef("standing"), civil_id_digest=OuterRef("civil_id_digest"), last_day__gt=OuterRef("last_day")
    )
    return rows.exclude(Exists(newer)).exclude(reminded_of__isnull=False, reminded_of=F("last_day"))

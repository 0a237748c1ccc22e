"""The open violations of the shops of a list, for the line of each shop and for what blocks it, in one query a request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db.models import Q

from municipality.kernel import request_cache
from shops.models import Shop
from violations.models import Violation
from violations.queries import COURT_FILS, OF_HOLDER, next_part_day
from violations.states import OPEN


class ListedViolation(NamedTuple):
    """What a list shows of a violation. `court_fils` is what the court set; `served` and `objected` are primary keys, or None.

    `part_until` is the last day of the next unpaid instalment of one that is paid in instalments.
    """

    pk: int
    public_id: str
    number: str | None
    warning_number: str | None
    state: str
    court_fils: int | None
    party: int | None
    party_digest: str
    shop: int | None
    served: int | None
    objected: int | None
    correct_until: dt.date | None
    settle_until: dt.date | None
    object_until: dt.date | None
    part_until: dt.date | None

    @property
    def reference(self) -> str:
        """The number by which the party knows it."""
        return self.number or self.warning_number or self.public_id


_COLUMNS = (
    *("pk", "public_id", "number", "warning_number", "state", COURT_FILS, "party", "party_digest", "shop"),
    *("service", "objection", "correct_until", "settle_until", "object_until"),
)


def open_violations(shops: Sequence[Shop]) -> list[ListedViolation]:
    """The open violations and warnings against the holders of shops, the oldest first; one query a request."""
    keys = tuple(shop.pk for shop in shops)
    return request_cache.get_or_set(("violations.of_shops", keys), lambda: _read(OF_HOLDER & Q(shop__in=keys, state__in=OPEN)))


def by_public_id(ids: Collection[str]) -> list[ListedViolation]:
    """Violations in any state; no query without ids."""
    return _read(Q(public_id__in=ids)) if ids else []


def _read(condition: Q) -> list[ListedViolation]:
    rows = Violation.objects.filter(condition).order_by("pk")
    return [ListedViolation(*row) for row in rows.values_list(*_COLUMNS, next_part_day())]

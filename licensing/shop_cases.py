"""The cases of licensing about the shops of a list, for all its panels in one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, Subquery

from licensing.health.states import RENEWAL
from licensing.signage.queries import licensed_on
from licensing.signage.states import BOARDS, BoardsState
from municipality.cases.models import Case
from municipality.kernel import clock, request_cache
from shops.models import Shop


def cases_of(shops: Sequence[Shop]) -> list[Any]:
    """Open renewals and requests for boards, and those of licensed boards, the newest last.

    `boards` is how many boards of a request are licensed today (None: none), `until` the first of their last days.
    """
    keys = [shop.key for shop in shops]
    valid = licensed_on(clock.today()).filter(request__case=OuterRef("pk"))
    by_request = valid.order_by().values("request")
    wanted = Q(service=RENEWAL, is_open=True) | Q(Q(is_open=True) | Q(state=BoardsState.ISSUED), service=BOARDS)
    rows = Case.objects.filter(wanted, subject__in=keys).annotate(
        boards=Subquery(by_request.annotate(count=Count("pk")).values("count")),
        until=Subquery(by_request.annotate(first=Min("last_day")).values("first")),
    )
    return request_cache.get_or_set(("licensing.shop_cases", tuple(keys)), lambda: list(rows.order_by("pk")))

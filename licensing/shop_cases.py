"""The cases of licensing about the shops of a list, for all its panels in one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, Subquery

from licensing.health.states import RENEWAL
from licensing.models import Board
from licensing.signage.states import BOARDS, BoardsState
from licensing.signage.validity import licensed_on
from municipality.cases.models import Case
from municipality.documents.states import DocumentState
from municipality.kernel import clock, request_cache
from shops.models import Shop


def cases_of(shops: Sequence[Shop]) -> list[Any]:
    """Open renewals and requests for boards, and those of licensed boards, the newest last.

    `boards` is how many boards of a request are licensed today (None: none), `until` the first of their last days, `suspended` how many
    are suspended.
    """
    today, keys = clock.today(), [shop.key for shop in shops]
    by_request = licensed_on(today).filter(request__case=OuterRef("pk")).order_by().values("request")
    ended = Board.objects.filter(request__case=OuterRef("pk"), last_day__gte=today, end=None).order_by().values("request")
    suspended = ended.filter(request__document__state=DocumentState.SUSPENDED)
    wanted = Q(service=RENEWAL, is_open=True) | Q(Q(is_open=True) | Q(state=BoardsState.ISSUED), service=BOARDS)
    rows = Case.objects.filter(wanted, subject__in=keys).annotate(
        boards=Subquery(by_request.annotate(count=Count("pk")).values("count")),
        suspended=Subquery(suspended.annotate(count=Count("pk")).values("count")),
        until=Subquery(by_request.annotate(first=Min("last_day")).values("first")),
    )
    return request_cache.get_or_set(("licensing.shop_cases", tuple(keys)), lambda: list(rows.order_by("pk")))

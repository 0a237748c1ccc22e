"""The cases of licensing about the shops of a list, for all its panels in one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, Subquery

from licensing.health.states import ACTS
from licensing.models import Board
from licensing.signage.renewals.offers import waiting
from licensing.signage.states import BOARDS, BoardsState
from licensing.signage.validity import licensed_on
from municipality.cases.models import Case
from municipality.documents.states import LIVE, DocumentState
from municipality.kernel import clock, request_cache
from shops.models import Shop


def cases_of(shops: Sequence[Shop]) -> list[Any]:
    """Open acts on licences and requests for boards, and those of licensed boards, the newest last.

    `boards` is how many boards of a request are licensed today (None: none), `until` the first last day of those not renewed yet,
    `suspended` how many are suspended; `ending` is how many wait for their renewal, `ends` the first of their last days.
    """
    keys = [shop.key for shop in shops]
    return request_cache.get_or_set(("licensing.shop_cases", tuple(keys)), lambda: _read(keys))


def _read(keys: Sequence[str]) -> list[Any]:
    today = clock.today()
    standing = Board.objects.filter(request__case=OuterRef("pk"), last_day__gte=today, end=None).order_by().values("request")
    suspended = standing.filter(request__document__state=DocumentState.SUSPENDED)
    is_renewed = Exists(Board.objects.filter(previous=OuterRef("pk"), first_day__isnull=False))
    lasting = standing.filter(~is_renewed, request__document__state__in=LIVE)
    licensed = licensed_on(today).filter(request__case=OuterRef("pk")).order_by().values("request")
    ending = waiting().filter(request__case=OuterRef("pk")).values("request")
    wanted = Q(service__in=ACTS, is_open=True) | Q(Q(is_open=True) | Q(state=BoardsState.ISSUED), service=BOARDS)
    rows = Case.objects.filter(wanted, subject__in=keys).annotate(
        boards=Subquery(licensed.annotate(count=Count("pk")).values("count")),
        suspended=Subquery(suspended.annotate(count=Count("pk")).values("count")),
        until=Subquery(lasting.annotate(first=Min("last_day")).values("first")),
        ending=Subquery(ending.annotate(count=Count("pk")).values("count")),
        ends=Subquery(ending.annotate(first=Min("last_day")).values("first")),
    )
    return list(rows.order_by("pk"))

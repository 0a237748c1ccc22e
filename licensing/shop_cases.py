"""The cases of licensing about the shops of a list, for all its panels in one query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat

from licensing.health.states import ACTS
from licensing.models import Board
from licensing.signage.renewals.offers import waiting
from licensing.signage.states import BOARDS, BoardsState
from licensing.signage.validity import licensed_on
from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES
from municipality.documents.states import LIVE, DocumentState
from municipality.kernel import clock, request_cache
from municipality.review.models import CorrectionRound
from payments import queries as payments
from shops.models import Shop


def cases_of(shops: Sequence[Shop]) -> list[Any]:
    """Open acts on licences and requests for boards, and those of licensed boards, the newest last.

    `boards` is how many boards of a request are licensed today (None: none), `until` the first last day of those not renewed yet,
    `suspended` how many are suspended; `ending` is how many wait for their renewal, `ends` the first of their last days. `answer_by` is
    until when corrections are to be answered, `is_at_bank` whether the bank has the payment.
    """
    keys = [shop.key for shop in shops]
    return request_cache.get_or_set(("licensing.shop_cases", tuple(keys)), lambda: _read(keys))


def last_days(listed: Sequence[Any]) -> dict[int, dt.date | None]:
    """Until when the applicants of cases of `cases_of` have to pay (None) or to answer corrections, by the primary key of the case.

    Only cases that wait for that; not those whose payment is with the bank.
    """
    asked = (case for case in listed if TIMELINES[case.service].next_actor.get(case.state) == "applicant")
    return {case.pk: case.answer_by for case in asked if not case.is_at_bank}


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
        answer_by=Subquery(CorrectionRound.objects.filter(answered_at=None, case=OuterRef("pk")).order_by("-pk").values("answer_by")[:1]),
        is_at_bank=payments.is_at_bank(Concat(Value("case:"), OuterRef("public_id"))),
    )
    return list(rows.order_by("pk"))

"""What licensing has about the shops of a list, for all its panels in one query: the open requests, and the boards in sums.

The sums are counted here and not by subqueries for each: with five of them the query took PostgreSQL 6 ms to plan. Cases and boards
are joined: a union of both needs a column of NULL for each of the other half and took Django twice as long to write.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import BooleanField, ExpressionWrapper, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from licensing.health.states import ACTS
from licensing.measures import queries as measures
from licensing.signage.renewals import offers
from licensing.signage.states import BOARDS, BoardsState
from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES
from municipality.documents.states import LIVE, DocumentState
from municipality.incidents import queries as incidents
from municipality.jobs import queries as jobs
from municipality.kernel import clock, request_cache
from municipality.ui.texts import Text
from payments import queries as payments
from shops.models import Shop

# The jobs that close what is not paid, whose days `licensing.deadlines` moves.
CLOSING = CLOSE_UNPAID, CLOSE_UNPAID_BOARDS = ("licensing.close_unpaid", "licensing.close_unpaid_boards")


class OpenCase(NamedTuple):
    """An open request. `answer_by` is until when corrections are to be answered, `closes_at` when a job closes it unpaid, and
    `is_at_bank` whether the bank has the payment.
    """

    pk: int
    public_id: str
    reference: str
    service: str
    subject: str
    state: str
    applicant_id: int
    organisation_id: int | None
    answer_by: dt.date | None
    closes_at: dt.datetime | None
    is_at_bank: bool

    @property
    def waits_for_applicant(self) -> bool:
        """Whether it is to be paid or corrected."""
        return TIMELINES[self.service].next_actor.get(self.state) == "applicant"

    @property
    def action(self) -> Text:
        """What its applicant does next, in the words of every page."""
        if not self.waits_for_applicant or self.is_at_bank:
            return _("See the state of the request")
        return _("Answer the corrections") if self.answer_by is not None else _("Pay the fee")


@dataclass(slots=True)
class BoardSums:
    """The boards of a shop: how many wait for their renewal (`ending`) and how many of these have not ended (`due`); of the others, how
    many are licensed today and how many are suspended.

    `until` is the first last day of those neither waiting nor renewed, `ends` that of those that wait.
    """

    licensed: int = 0
    suspended: int = 0
    until: dt.date | None = None
    ending: int = 0
    due: int = 0
    ends: dt.date | None = None


NO_BOARDS = BoardSums()


class ShopCases(NamedTuple):
    """The open acts on licences and requests for boards, the newest last; and the boards of each shop that has any, by its key."""

    open: list[OpenCase]
    boards: dict[str, BoardSums]


def cases_of(shops: Sequence[Shop]) -> ShopCases:
    """The open cases and the boards of shops; one query a request."""
    keys = [shop.key for shop in shops]
    return request_cache.get_or_set(("licensing.shop_cases", tuple(keys)), lambda: _read(keys))


def last_days(listed: Sequence[OpenCase]) -> dict[int, dt.date | None]:
    """Until when the applicants of open cases have to pay or to answer corrections, by the primary key of the case; None without an end.

    Only cases that wait for that; not those whose payment is with the bank.
    """
    waiting = [case for case in listed if case.waits_for_applicant and not case.is_at_bank]
    return {case.pk: case.answer_by or (clock.day_of(case.closes_at) if case.closes_at else None) for case in waiting}


class _BoardDays(NamedTuple):
    """What the sums need of a board. `is_asked`: its own request is open; `is_moved`: its renewal waits longer, as `in_period` says."""

    pk: int
    previous: int | None
    is_asked: bool
    first_day: dt.date | None
    last_day: dt.date | None
    end: int | None
    licence: str
    valid_from: dt.date | None
    is_moved: bool


_BOARD = "board_request__boards"
_CASE = (
    *("pk", "public_id", "reference", "service", "subject", "state", "applicant_id", "organisation_id"),
    *("open_round__answer_by", "closes_at", "is_at_bank"),
)
_COLUMNS = (
    *(f"{_BOARD}__pk", f"{_BOARD}__previous", "is_open", f"{_BOARD}__first_day", f"{_BOARD}__last_day", f"{_BOARD}__end"),
    *("board_request__document__state", "board_request__document__valid_from", "is_moved"),
)


def _read(keys: Collection[str]) -> ShopCases:
    """A row for each case, or for each of its boards. A case has at most one open round of corrections."""
    period = offers.period(offers.window(is_shown=True))
    rows = _rows(keys, period[0]).annotate(
        open_round=FilteredRelation("rounds", condition=Q(rounds__answered_at=None, rounds__closed_at=None)),
        closes_at=Subquery(jobs.to_come(CLOSING, [OuterRef("public_id")]).values("due_at")[:1]),
        is_at_bank=payments.is_at_bank(Concat(Value("case:"), OuterRef("public_id"))),
    )
    boards: dict[str, list[_BoardDays]] = {}
    open_cases: dict[int, OpenCase] = {}
    half = len(_CASE)
    for row in rows.values_list(*_CASE, *_COLUMNS):
        case, board = OpenCase(*row[:half]), _BoardDays(*row[half:])
        if board.is_asked:
            open_cases[case.pk] = case
        if board.pk is not None:
            boards.setdefault(case.subject, []).append(board)
    sums = {key: _sums(of_shop, *period) for key, of_shop in boards.items()}
    return ShopCases(sorted(open_cases.values()), sums)


def _rows(keys: Collection[str], first: dt.date) -> QuerySet[Case]:
    """The open cases, and those of licensed boards that did not end long ago; a renewal ends after the board that it renews."""
    today = clock.today()
    is_open, was_licensed = Q(is_open=True, service__in=[*ACTS, BOARDS]), Q(service=BOARDS, state=BoardsState.ISSUED)
    if incidents.may_have_moved(today) or measures.has_ended_lately():
        moved = incidents.moved_into(offers.BOARDS_DEADLINE, today)
        is_moved = Q(**{f"{_BOARD}__in": moved}) | Q(**{f"{_BOARD}__in": offers.kept_by_measure(is_shown=True)})
        rows = Case.objects.annotate(is_moved=ExpressionWrapper(is_moved, output_field=BooleanField()))
    else:
        rows = Case.objects.annotate(is_moved=Value(False))
        was_licensed &= Q(**{f"{_BOARD}__last_day__gte": min(first, today)})
    return rows.filter(is_open | was_licensed, subject__in=keys).order_by()


def _sums(boards: Sequence[_BoardDays], first: dt.date, last: dt.date) -> BoardSums:
    """By the rules of `licensed_on` and of `offers.waiting`, for licences that can be renewed if they end from `first` to `last`."""
    today, sums = clock.today(), BoardSums()
    renewed = {board.previous for board in boards if board.first_day is not None}
    asked = renewed | {board.previous for board in boards if board.is_asked}
    for board in boards:
        if board.first_day is None or board.last_day is None or board.end is not None:
            continue
        is_current = board.last_day >= today
        if board.licence == DocumentState.SUSPENDED:
            sums.suspended += is_current
        if board.licence not in LIVE:
            continue
        if board.pk not in asked and (first <= board.last_day <= last or board.is_moved):
            sums.ending += 1
            sums.due += is_current
            sums.ends = min(sums.ends or board.last_day, board.last_day)
        elif is_current:
            sums.licensed += board.first_day <= today and (board.valid_from is None or board.valid_from <= today)
            if board.pk not in renewed:
                sums.until = min(sums.until or board.last_day, board.last_day)
    return sums

"""Which boards are licensed, and for which days."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet

from licensing.models import Board
from municipality.documents.states import LIVE
from municipality.kernel.periods import add_months


def licensed_on(day: dt.date) -> QuerySet[Board]:
    """The boards that are licensed on a day: within their days, under a licence in force. `standing` calls those of today valid."""
    document = Q(request__document__valid_from=None) | Q(request__document__valid_from__lte=day)
    rows = Board.objects.filter(document, request__document__state__in=LIVE, first_day__lte=day, last_day__gte=day)
    return rows.filter(end=None)


def days_of(board: Board, earliest: dt.date) -> tuple[dt.date, dt.date]:
    """The first and last day of a board that is licensed from a day on; one that renews another begins after the end of that one.

    One that changes another begins at once and ends with the licence of that one.
    """
    previous = board.previous.last_day if board.previous is not None else None
    if board.months_left is not None and previous is not None:
        return min(earliest, previous), previous  # midnight may pass while it is prepared
    first = earliest if previous is None else max(earliest, previous + dt.timedelta(days=1))
    return first, add_months(first, board.months) - dt.timedelta(days=1)

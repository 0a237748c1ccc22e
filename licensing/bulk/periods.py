"""The period of the licence that a renewal gives, beside its fee."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from licensing.models import BatchLine, Board, Renewal
from licensing.signage.validity import days_of
from municipality.kernel import clock
from municipality.kernel.periods import add_months
from municipality.ui.plurals import counted


@dataclass(frozen=True)
class NewPeriod:
    """The first and the last day of a new licence, and how many things have it: a health licence, or boards."""

    first: dt.date
    last: dt.date
    count: int = 1

    @property
    def length(self) -> str:
        """`2 months`, `1 year`: empty for a period that is neither."""
        months = next((count for count in range(1, 121) if add_months(self.first, count) - dt.timedelta(days=1) == self.last), 0)
        years, rest = divmod(months, 12)
        return "" if not months else counted(months, "month") if rest else counted(years, "year")


def of_boards(boards: Iterable[Board]) -> list[NewPeriod]:
    """The periods of boards that renew others, the first to begin first; licensed today where they are not licensed yet."""
    days = ((board.first_day, board.last_day) if board.first_day and board.last_day else days_of(board, clock.today()) for board in boards)
    return [NewPeriod(first, last, count) for (first, last), count in sorted(Counter(days).items())]


def of_lines(lines: Sequence[BatchLine]) -> dict[int, list[NewPeriod]]:
    """The periods of requests that are open or issued, by the primary key of the request; two queries."""
    cases = [line.case_id for line in lines]
    found = {row.case_id: [NewPeriod(row.first_day, row.last_day)] for row in Renewal.objects.filter(case__in=cases)}
    boards: dict[int, list[Board]] = {}
    for board in Board.objects.filter(request__case__in=cases).select_related("previous", "request"):
        boards.setdefault(board.request.case_id, []).append(board)
    return found | {case: of_boards(rows) for case, rows in boards.items()}

"""How long a new licence is valid and what is paid for it, as pure functions of rulebook values."""

from __future__ import annotations

import datetime as dt

from municipality.kernel.periods import Period, add_years


def period(first: dt.date, years: int, commercial_end: dt.date | None) -> Period:
    """The period of a licence from its first day: so many years, or to the end of the commercial licence where one is given.

    Raises ValueError for a commercial licence that ended before the first day.
    """
    return Period(first, commercial_end if commercial_end is not None else add_years(first, years) - dt.timedelta(days=1))


def years_to_pay(span: Period, begun_days: int) -> int:
    """The years whose fee is due: the whole ones, and one more where at least `begun_days` of it are in the period. At least 1."""
    whole = 0
    while add_years(span.first, whole + 1) - dt.timedelta(days=1) <= span.last:
        whole += 1
    rest = (span.last - add_years(span.first, whole)).days + 1
    return max(whole + (rest >= begun_days > 0), 1)

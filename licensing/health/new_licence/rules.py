"""How long a new licence is valid, as a pure function of rulebook values."""

from __future__ import annotations

import datetime as dt

from municipality.kernel.periods import Period, add_years


def period(first: dt.date, years: int, commercial_end: dt.date | None) -> Period:
    """The period of a licence from its first day: so many years, or to the end of the commercial licence where one is given.

    Raises ValueError for a commercial licence that ended before the first day.
    """
    return Period(first, commercial_end if commercial_end is not None else add_years(first, years) - dt.timedelta(days=1))

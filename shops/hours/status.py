"""Whether a shop is open at a moment by its stated hours. The week of a day holds from midnight to midnight, also at the edges of
Ramadan.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from municipality.kernel import clock
from municipality.rulebook.queries import is_ramadan
from shops.hours import filters
from shops.models.hours import StatedHours
from shops.models.week import DAY, Week, parse

MAX_DAYS = 8  # days: a whole week after today
QUARTER = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class OpeningStatus:
    """Open or closed at a moment; `until` is the next change, None if there is none within a week."""

    is_open: bool
    at: dt.datetime
    until: dt.datetime | None


def weekday_of(day: dt.date) -> int:
    """0, Sunday, to 6, Saturday."""
    return day.isoweekday() % 7


def quarter_of(instant: dt.datetime) -> int:
    """The quarter of its Kuwait day in which an instant lies."""
    local = instant.astimezone(clock.KUWAIT)
    return local.hour * 4 + local.minute // 15


def week_on(stated: StatedHours, day: dt.date) -> Week:
    """The week that holds on a day."""
    return parse(stated.ramadan_id if stated.ramadan_id and is_ramadan(day) else stated.week_id)


def opening_status(stated: StatedHours, at: dt.datetime | None = None) -> OpeningStatus:
    """The status of a shop by its hours, at an instant (default: now)."""
    at = at or clock.now()
    today, quarter = clock.day_of(at), quarter_of(at)
    is_open = bool(_covered(stated, today) >> quarter & 1)
    for offset in range(MAX_DAYS):
        day = today + dt.timedelta(days=offset)
        covered = _covered(stated, day) >> quarter
        # The lowest bit that differs from now; after the last quarter of the day there is always an unset one.
        changed = ~covered if is_open else covered
        quarters = (changed & -changed).bit_length() - 1
        if 0 <= quarters < DAY - quarter:
            return OpeningStatus(is_open, at, clock.start_of(day) + (quarter + quarters) * QUARTER)
        quarter = 0
    return OpeningStatus(is_open, at, None)


def _covered(stated: StatedHours, day: dt.date) -> int:
    return week_on(stated, day).covered[weekday_of(day)]


def open_now_filters() -> list[str]:
    """The filter words of the search of which every shop that is open now has one."""
    at = clock.now()
    today = clock.day_of(at)
    return filters.at(weekday_of(today), quarter_of(at), is_ramadan=is_ramadan(today))


def cache_seconds(max_seconds: int, at: dt.datetime | None = None) -> int:
    """For how many seconds a status may be cached: until the end of the quarter of an hour, at least 1, at most `max_seconds`."""
    at = at or clock.now()
    elapsed = at.timestamp() % QUARTER.total_seconds()
    return max(1, min(max_seconds, int(QUARTER.total_seconds() - elapsed)))

"""What the stated hours of a shop say of a moment. The table of a day holds from midnight to midnight, also on the edges of Ramadan."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from municipality.kernel import clock
from municipality.rulebook.queries import is_ramadan
from shops.hours import filters
from shops.models.hours import StatedHours
from shops.models.week import DAY, Week, parse

LOOKED_AHEAD = 8  # days: a whole week behind today
QUARTER = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class OpeningStatus:
    """Open or closed at a moment; `until` is the instant at which that changes, None where it does not within a week."""

    is_open: bool
    at: dt.datetime
    until: dt.datetime | None


def weekday_of(day: dt.date) -> int:
    """0, Sunday, to 6, Saturday."""
    return day.isoweekday() % 7


def quarter_of(instant: dt.datetime) -> int:
    """In which quarter of its Kuwait day an instant lies."""
    local = instant.astimezone(clock.KUWAIT)
    return local.hour * 4 + local.minute // 15


def week_on(stated: StatedHours, day: dt.date) -> Week:
    """The table that holds on a day."""
    return parse(stated.ramadan_id if stated.ramadan_id and is_ramadan(day) else stated.week_id)


def standing(stated: StatedHours, at: dt.datetime | None = None) -> OpeningStatus:
    """How a shop stands by its hours, now or at an instant."""
    at = at or clock.now()
    today, quarter = clock.day_of(at), quarter_of(at)
    is_open = bool(_covered(stated, today) >> quarter & 1)
    for ahead in range(LOOKED_AHEAD):
        day = today + dt.timedelta(days=ahead)
        covered = _covered(stated, day) >> quarter
        # The lowest bit that is not as now; behind the last quarter of the day there is always one that is not set.
        changed = ~covered if is_open else covered
        away = (changed & -changed).bit_length() - 1
        if 0 <= away < DAY - quarter:
            return OpeningStatus(is_open, at, clock.start_of(day) + (quarter + away) * QUARTER)
        quarter = 0
    return OpeningStatus(is_open, at, None)


def _covered(stated: StatedHours, day: dt.date) -> int:
    return week_on(stated, day).covered[weekday_of(day)]


def words_now(at: dt.datetime | None = None) -> list[str]:
    """The filter words of the search, of which every shop that is open now has one."""
    at = at or clock.now()
    today = clock.day_of(at)
    return filters.at(weekday_of(today), quarter_of(at), is_ramadan=is_ramadan(today))


def seconds_left(most: int, at: dt.datetime | None = None) -> int:
    """How long what was said of a moment may be kept: until the quarter of an hour is over, at most so many seconds, at least one."""
    at = at or clock.now()
    gone = at.timestamp() % QUARTER.total_seconds()
    return max(1, min(most, int(QUARTER.total_seconds() - gone)))

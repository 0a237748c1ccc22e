"""The working time of an office as pure functions over a calendar: days are days of Kuwait, instants aware, results UTC.

A *promise* of n working days ends at the closing hour of the n-th working day after the day on which it was given, whatever the
hour (`promise_ends`). Its *clock* counts working minutes: `promised_minutes` from the instant it was given until that end. Pauses
stop the clock, so that a paused promise ends when its minutes are used up (`share_reached_at`). After a new edition of the calendar
both are counted again from the instant the promise was given. Kuwait is UTC+3 all year, so a day has 1,440 minutes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from municipality.kernel.clock import KUWAIT, day_of
from municipality.kernel.periods import Period

DAY_MINUTES = 24 * 60
FULL_SHARE = 1000  # per mille
_ZERO = dt.timedelta()

Pause = tuple[dt.datetime, dt.datetime | None]  # from, until; None for one that has not ended


@dataclass(frozen=True)
class Hours:
    """Working hours of some weekdays (ISO 8601: 1 is Monday, 7 is Sunday), in minutes of the day; without a period the ordinary ones."""

    weekdays: frozenset[int]
    opens: int
    closes: int
    period: Period | None = None

    def __post_init__(self) -> None:
        if not self.weekdays <= frozenset(range(1, 8)):
            raise ValueError("weekdays are 1, Monday, to 7, Sunday")
        if not 0 <= self.opens < self.closes < DAY_MINUTES:
            raise ValueError("an office opens before it closes, before midnight")


@dataclass(frozen=True)
class Calendar:
    """The working hours of every day.

    `hours` without a period are the ordinary week; several of one weekday are shifts. On a day within a period only the hours
    of that period count (of the shortest one, then of the one that begins last), even if the day is otherwise closed. On a holiday
    no hours count. Raises ValueError for a week without work and for shifts that overlap.
    """

    hours: tuple[Hours, ...]
    holidays: tuple[Period, ...] = ()
    edition: str = ""  # `calendar v2`, for records; empty for a calendar that was never published
    _known: dict[dt.date, tuple[tuple[int, int], ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordinary = [h for h in self.hours if h.period is None]
        if not any(h.weekdays for h in ordinary):
            raise ValueError("a week has at least one working day")
        for period in {h.period for h in self.hours}:
            for weekday in range(1, 8):
                _without_overlap([h for h in self.hours if h.period == period and weekday in h.weekdays])

    def spans(self, day: dt.date) -> tuple[tuple[int, int], ...]:
        """Opening and closing minutes of each shift of a day, in order; empty for a day without work."""
        spans = self._known.get(day)
        if spans is None:
            spans = self._known[day] = self._spans(day)
        return spans

    def _spans(self, day: dt.date) -> tuple[tuple[int, int], ...]:
        if any(period.contains(day) for period in self.holidays):
            return ()
        periods = [h.period for h in self.hours if h.period is not None and h.period.contains(day)]
        governing = min(periods, key=lambda p: (p.last - p.first, -p.first.toordinal()), default=None)
        hours = [h for h in self.hours if h.period == governing and day.isoweekday() in h.weekdays]
        return tuple(sorted((h.opens, h.closes) for h in hours))


def _without_overlap(shifts: list[Hours]) -> None:
    ordered = sorted(shifts, key=lambda h: h.opens)
    if any(later.opens < earlier.closes for earlier, later in pairwise(ordered)):
        raise ValueError("shifts of one day do not overlap")


# --- Days ----------------------------------------------------------------------------------------------------------------


def is_working_day(calendar: Calendar, day: dt.date) -> bool:
    """Whether the day has working hours."""
    return bool(calendar.spans(day))


def day_minutes(calendar: Calendar, day: dt.date) -> int:
    """Working minutes of a day; 0 on a day without work."""
    return sum(closes - opens for opens, closes in calendar.spans(day))


def add_working_days(calendar: Calendar, day: dt.date, count: int) -> dt.date:
    """The `count`-th working day after `day`; `day` itself for 0. Raises ValueError for a negative count."""
    if count < 0:
        raise ValueError("working days are added, not taken away")
    while count > 0:
        day += dt.timedelta(days=1)
        count -= is_working_day(calendar, day)
    return day


def working_days_between(calendar: Calendar, a: dt.date, b: dt.date) -> int:
    """The number of working days after `a` up to and including `b`; negative if `b` is the earlier one."""
    if b < a:
        return -working_days_between(calendar, b, a)
    return sum(is_working_day(calendar, a + dt.timedelta(days=n)) for n in range(1, (b - a).days + 1))


# --- Instants ------------------------------------------------------------------------------------------------------------


def add_working_time(calendar: Calendar, instant: dt.datetime, work: dt.timedelta) -> dt.datetime:
    """The instant at which `work` that begins at `instant` is done, never outside hours. Raises ValueError without a time zone.

    Work that fills a shift ends at its closing hour. Zero work ends at the instant itself, outside hours at the next opening.
    """
    start = _aware(instant)
    for opens, closes in _shifts_from(calendar, day_of(start)):
        begins = max(start, opens)
        if begins <= closes and work <= closes - begins:
            return begins + work
        if begins < closes:
            work -= closes - begins
    raise AssertionError("a calendar has a working week")


def working_time_between(calendar: Calendar, a: dt.datetime, b: dt.datetime) -> dt.timedelta:
    """Working time between two instants; negative if `b` is the earlier one. Raises ValueError for an instant without a time zone."""
    start, end = _aware(a), _aware(b)
    if end < start:
        return -working_time_between(calendar, end, start)
    total, day, last = _ZERO, day_of(start), day_of(end)
    while day <= last:
        for opens, closes in _shifts(calendar, day):
            total += max(_ZERO, min(end, closes) - max(start, opens))
        day += dt.timedelta(days=1)
    return total


def working_minutes_between(calendar: Calendar, a: dt.datetime, b: dt.datetime) -> int:
    """Complete working minutes between two instants; negative if `b` is the earlier one."""
    time = working_time_between(calendar, a, b)
    minutes = abs(time) // dt.timedelta(minutes=1)
    return minutes if time >= _ZERO else -minutes


# --- Promises ------------------------------------------------------------------------------------------------------------


def promise_ends(calendar: Calendar, given_at: dt.datetime, days: int) -> dt.datetime:
    """The end of a promise of `days` working days: the closing hour of the last of them; for 0 days the first one after `given_at`.

    Raises ValueError for negative `days`.
    """
    start = _aware(given_at)
    day = add_working_days(calendar, day_of(start), days)
    while not (shifts := _shifts(calendar, day)) or shifts[-1][1] <= start:
        day += dt.timedelta(days=1)
    return shifts[-1][1]


def promised_minutes(calendar: Calendar, given_at: dt.datetime, days: int) -> int:
    """The working minutes from `given_at` until the end of a promise of `days` working days."""
    return working_minutes_between(calendar, given_at, promise_ends(calendar, given_at, days))


def used_share(calendar: Calendar, start: dt.datetime, now: dt.datetime, promised: int, paused: Collection[Pause] = ()) -> int:
    """The used share of `promised` working minutes at `now`, in per mille, rounded down: 1000 is all of them; 0 before `start`.

    Working time inside `paused` does not count; pauses may overlap. Raises ValueError if `promised` is not positive.
    """
    if promised <= 0:
        raise ValueError("a promise has minutes")
    used = working_time_between(calendar, start, max(_aware(now), _aware(start)))
    used -= _paused_time(calendar, _merged(paused), _aware(start), _aware(now))
    return max(_ZERO, used) * FULL_SHARE // dt.timedelta(minutes=promised)


def share_reached_at(
    calendar: Calendar, start: dt.datetime, promised: int, per_mille: int = FULL_SHARE, paused: Collection[Pause] = ()
) -> dt.datetime | None:
    """The first instant at which `used_share` is `per_mille`; None if a pause without end comes before it.

    For 1000 it is the end of the promise: without pauses that of `promise_ends`.
    """
    if promised <= 0:
        raise ValueError("a promise has minutes")
    remaining = -(-dt.timedelta(minutes=promised) * per_mille // FULL_SHARE)  # rounded up to a microsecond
    since = _aware(start)
    for begins, ends in _merged(paused):
        if ends is not None and ends <= since:
            continue
        worked = working_time_between(calendar, since, max(since, begins))
        if remaining <= worked:
            break
        if ends is None:
            return None
        remaining -= worked
        since = ends
    return add_working_time(calendar, since, remaining)


def _paused_time(calendar: Calendar, paused: list[Pause], start: dt.datetime, now: dt.datetime) -> dt.timedelta:
    total = _ZERO
    for begins, ends in paused:
        since, until = max(begins, start), now if ends is None else min(ends, now)
        if since < until:
            total += working_time_between(calendar, since, until)
    return total


def _merged(paused: Collection[Pause]) -> list[Pause]:
    """Pauses in order, with those that touch or overlap merged."""
    merged: list[Pause] = []
    for begins, ends in sorted(((_aware(a), b and _aware(b)) for a, b in paused), key=lambda pause: pause[0]):
        if ends is not None and ends <= begins:
            continue
        if merged and (merged[-1][1] is None or begins <= merged[-1][1]):
            first, last = merged[-1]
            merged[-1] = (first, None if last is None or ends is None else max(last, ends))
        else:
            merged.append((begins, ends))
    return merged


def _aware(instant: dt.datetime) -> dt.datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return instant.astimezone(dt.UTC)


def _shifts(calendar: Calendar, day: dt.date) -> list[tuple[dt.datetime, dt.datetime]]:
    spans = calendar.spans(day)
    if not spans:
        return []
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=KUWAIT).astimezone(dt.UTC)
    return [(midnight + dt.timedelta(minutes=opens), midnight + dt.timedelta(minutes=closes)) for opens, closes in spans]


def _shifts_from(calendar: Calendar, day: dt.date) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    while True:
        yield from _shifts(calendar, day)
        day += dt.timedelta(days=1)

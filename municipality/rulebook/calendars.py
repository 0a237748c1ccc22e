"""Calendars: the working time of an edition for `kernel.worktime`, its years for pages, and Ramadan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from hijridate import Gregorian, Hijri

from municipality.kernel.periods import Period
from municipality.kernel.worktime import Calendar, Hours, day_minutes, is_working_day
from municipality.rulebook.models import HolidayRule, HoursRule, RuleSet

SUBJECT = "calendar"
RAMADAN = 9  # the month of the Hijri year
ONE_DAY = dt.timedelta(days=1)


def read(ruleset: RuleSet) -> Calendar:
    """The calendar of an edition. Raises ValueError where its hours have no working week (`kernel.worktime.Calendar`)."""
    hours = tuple(
        Hours(
            frozenset(int(digit) for digit in row.weekdays),
            row.opens,
            row.closes,
            Period(row.first_day, row.last_day) if row.first_day and row.last_day else None,
        )
        for row in ruleset.hours.all()
    )
    return Calendar(hours, tuple(Period(row.first_day, row.last_day) for row in ruleset.holidays.all()), str(ruleset))


@dataclass(frozen=True)
class Month:
    """One month, with its working time and the rules that change it."""

    first_day: dt.date
    working_days: int
    minutes: int
    holidays: list[HolidayRule]
    hours: list[HoursRule]

    @property
    def time(self) -> str:
        """Working time as `147:00`, hours and minutes."""
        return clock_text(self.minutes)


def clock_text(minutes: int) -> str:
    """Minutes as hours and minutes: `07:00` for 420."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def years(ruleset: RuleSet) -> list[tuple[int, list[Month]]]:
    """The years that rows of the edition name, month by month. Raises ValueError as `read` does."""
    calendar = read(ruleset)
    holidays, hours = list(ruleset.holidays.all()), [row for row in ruleset.hours.all() if row.first_day]
    numbers = {day.year for row in holidays for day in (row.first_day, row.last_day)}
    numbers |= {day.year for row in hours for day in (row.first_day, row.last_day) if day}
    return [(year, [_month(calendar, dt.date(year, n, 1), holidays, hours) for n in range(1, 13)]) for year in sorted(numbers)]


def _month(calendar: Calendar, first: dt.date, holidays: list[HolidayRule], hours: list[HoursRule]) -> Month:
    last = (first + dt.timedelta(days=31)).replace(day=1) - ONE_DAY
    days = list(_days(first, last))
    return Month(
        first,
        sum(is_working_day(calendar, day) for day in days),
        sum(day_minutes(calendar, day) for day in days),
        [row for row in holidays if row.first_day <= last and row.last_day >= first],
        [row for row in hours if row.first_day and row.last_day and row.first_day <= last and row.last_day >= first],
    )


@dataclass(frozen=True)
class WorkingTimeChange:
    """Consecutive days whose working time changes in the same way."""

    period: Period
    before: int  # minutes
    after: int

    @property
    def times(self) -> tuple[str, str]:
        return clock_text(self.before), clock_text(self.after)


def changes(before: Calendar, after: Calendar) -> list[WorkingTimeChange]:
    """What a new calendar changes, within the days that either calendar names."""
    periods = [p for c in (before, after) for p in (*c.holidays, *(h.period for h in c.hours)) if p is not None]
    if not periods:
        return []
    days = _days(min(p.first for p in periods), max(p.last for p in periods))
    result = []
    for (old, new), group in groupby(days, key=lambda day: (day_minutes(before, day), day_minutes(after, day))):
        row = list(group)
        if old != new:
            result.append(WorkingTimeChange(Period(row[0], row[-1]), old, new))
    return result


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += ONE_DAY


# --- Ramadan -------------------------------------------------------------------------------------------------------------


def estimated_ramadan(day: dt.date) -> Period | None:
    """Ramadan of the Hijri year of a day by the Umm al-Qura calendar; None outside its years (1343 to 1500 AH)."""
    try:
        year = Gregorian(day.year, day.month, day.day).to_hijri().year
        first = Hijri(year, RAMADAN, 1)
        begins = first.to_gregorian()
        return Period(dt.date(*begins.datetuple()), dt.date(*begins.datetuple()) + (first.month_length() - 1) * ONE_DAY)
    except OverflowError:
        return None


def announced_ramadan(calendar: Calendar, estimate: Period) -> Period | None:
    """The period of a calendar's hours that shares more than half of its days with the estimate of Ramadan."""
    for period in sorted({hours.period for hours in calendar.hours if hours.period is not None}, key=lambda period: period.first):
        shared = (min(period.last, estimate.last) - max(period.first, estimate.first)).days + 1
        if 2 * shared > max((period.last - period.first).days, (estimate.last - estimate.first).days) + 1:
            return period
    return None

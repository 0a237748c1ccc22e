"""A calendar of Kuwait for 2026 and 2027, and a table of dated cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

from municipality.kernel.clock import KUWAIT
from municipality.kernel.periods import Period
from municipality.kernel.worktime import (
    Calendar,
    Hours,
    add_working_days,
    add_working_time,
    day_minutes,
    promise_ends,
    promised_minutes,
    working_days_between,
    working_minutes_between,
)

SUNDAY_TO_THURSDAY = frozenset({7, 1, 2, 3, 4})
ORDINARY = Hours(SUNDAY_TO_THURSDAY, 7 * 60, 14 * 60)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def kuwait(text: str) -> dt.datetime:
    """An instant by the clock on a wall in Kuwait."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=KUWAIT).astimezone(dt.UTC)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def days(first: str, last: str = "") -> Period:
    return Period(day(first), day(last or first))


RAMADAN = tuple(
    Hours(SUNDAY_TO_THURSDAY, 8 * 60 + 30, 13 * 60, days(*month)) for month in (("2026-02-18", "2026-03-19"), ("2027-02-08", "2027-03-08"))
)
HOLIDAYS = (
    days("2026-01-01"),
    days("2026-01-16"),
    days("2026-02-25", "2026-02-26"),
    days("2026-03-20", "2026-03-22"),
    days("2026-05-26", "2026-05-29"),
    days("2026-06-16"),
    days("2026-08-25"),
    days("2027-01-01"),
    days("2027-01-05"),
    days("2027-02-25", "2027-02-26"),
    days("2027-03-09", "2027-03-11"),
    days("2027-05-15", "2027-05-18"),
    days("2027-06-06"),
    days("2027-08-14"),
    days("2027-12-25"),
)
CALENDAR = Calendar((ORDINARY, *RAMADAN), HOLIDAYS)
SAME = object()


class Case(NamedTuple):
    """What is asked of a calendar, its answer, and that of a calendar without holidays and Ramadan."""

    name: str
    ask: Callable[[Calendar], Any]
    answer: Any
    bare: Any = SAME


def after(start: str, count: int) -> Callable[[Calendar], Any]:
    return lambda c: add_working_days(c, day(start), count)


def add_working_minutes(calendar: Calendar, instant: dt.datetime, minutes: int) -> dt.datetime:
    return add_working_time(calendar, instant, dt.timedelta(minutes=minutes))


def done(start: str, minutes: int) -> Callable[[Calendar], Any]:
    return lambda c: add_working_minutes(c, kuwait(start), minutes)


def between(a: str, b: str) -> Callable[[Calendar], Any]:
    return lambda c: working_minutes_between(c, kuwait(a), kuwait(b))


def promise(given_at: str, count: int) -> Callable[[Calendar], Any]:
    return lambda c: promise_ends(c, kuwait(given_at), count)


def length(of: str) -> Callable[[Calendar], Any]:
    return lambda c: day_minutes(c, day(of))


TABLE = [
    # The week.
    Case("from a Tuesday over the weekend", after("2026-11-24", 3), day("2026-11-29")),
    Case("from a Thursday", after("2026-11-26", 1), day("2026-11-29")),
    Case("from a Friday", after("2026-11-27", 1), day("2026-11-29")),
    Case("from a Saturday", after("2026-11-28", 1), day("2026-11-29")),
    Case("five days are a week", after("2026-11-24", 5), day("2026-12-01")),
    Case("no days on a working day", after("2026-11-24", 0), day("2026-11-24")),
    Case("no days on a Friday", after("2026-11-27", 0), day("2026-11-27")),
    # Holidays of 2026.
    Case("New Year on a Thursday", after("2025-12-31", 1), day("2026-01-04"), day("2026-01-01")),
    Case("a holiday on a Friday moves nothing", after("2026-01-15", 1), day("2026-01-18")),
    Case("National and Liberation Day, back on 1 March", after("2026-02-24", 1), day("2026-03-01"), day("2026-02-25")),
    Case("Eid al-Fitr, three days, two of them a weekend", after("2026-03-19", 1), day("2026-03-23"), day("2026-03-22")),
    Case("three days over Eid al-Fitr", after("2026-03-19", 3), day("2026-03-25"), day("2026-03-24")),
    Case("Arafah and Eid al-Adha", after("2026-05-25", 1), day("2026-05-31"), day("2026-05-26")),
    Case("five days over Eid al-Adha", after("2026-05-25", 5), day("2026-06-04"), day("2026-06-01")),
    Case("Hijri New Year", after("2026-06-15", 1), day("2026-06-17"), day("2026-06-16")),
    Case("the Prophet's birthday", after("2026-08-24", 1), day("2026-08-26"), day("2026-08-25")),
    # Holidays of 2027.
    Case("New Year on a Friday moves nothing", after("2026-12-31", 1), day("2027-01-03")),
    Case("Isra and Miraj on a Tuesday", after("2027-01-04", 1), day("2027-01-06"), day("2027-01-05")),
    Case("National Day on a Thursday, Liberation Day on a Friday", after("2027-02-24", 1), day("2027-02-28"), day("2027-02-25")),
    Case("Eid al-Fitr from Tuesday to Thursday", after("2027-03-08", 1), day("2027-03-14"), day("2027-03-09")),
    Case("Eid al-Adha after Arafah on a Saturday", after("2027-05-13", 1), day("2027-05-19"), day("2027-05-16")),
    Case("Hijri New Year on a Sunday", after("2027-06-03", 1), day("2027-06-07"), day("2027-06-06")),
    Case("the Prophet's birthday on a Saturday moves nothing", after("2027-08-12", 1), day("2027-08-15")),
    Case("working days of 2026", lambda c: working_days_between(c, day("2025-12-31"), day("2026-12-31")), 252, 261),
    Case("working days of 2027", lambda c: working_days_between(c, day("2026-12-31"), day("2027-12-31")), 251, 260),
    # Hours of a day.
    Case("an ordinary day", length("2026-11-24"), 420),
    Case("the day before Ramadan", length("2026-02-17"), 420),
    Case("the first day of Ramadan", length("2026-02-18"), 270, 420),
    Case("the last day of Ramadan", length("2026-03-19"), 270, 420),
    Case("the first day after Ramadan and Eid", length("2026-03-23"), 420),
    Case("the first day of Ramadan 2027", length("2027-02-08"), 270, 420),
    Case("a Friday in Ramadan", length("2026-02-27"), 0),
    Case("National Day, in Ramadan", length("2026-02-25"), 0, 420),
    Case("Eid on a Sunday", length("2026-03-22"), 0, 420),
    # Minutes.
    Case("within hours", done("2026-11-24 09:00", 60), kuwait("2026-11-24 10:00")),
    Case("up to closing, not the next morning", done("2026-11-24 13:00", 60), kuwait("2026-11-24 14:00")),
    Case("one minute past closing", done("2026-11-24 13:00", 61), kuwait("2026-11-25 07:01")),
    Case("before opening", done("2026-11-24 05:00", 30), kuwait("2026-11-24 07:30")),
    Case("after closing", done("2026-11-24 20:00", 30), kuwait("2026-11-25 07:30")),
    Case("from Thursday into Sunday", done("2026-11-26 13:30", 60), kuwait("2026-11-29 07:30")),
    Case("a whole day from a Friday", done("2026-11-27 10:00", 420), kuwait("2026-11-29 14:00")),
    Case("nothing within hours", done("2026-11-24 09:17", 0), kuwait("2026-11-24 09:17")),
    Case("nothing at closing", done("2026-11-24 14:00", 0), kuwait("2026-11-24 14:00")),
    Case("nothing on a Friday", done("2026-11-27 10:00", 0), kuwait("2026-11-29 07:00")),
    Case("into the first day of Ramadan", done("2026-02-17 13:00", 61), kuwait("2026-02-18 08:31"), kuwait("2026-02-18 07:01")),
    Case("within Ramadan", done("2026-02-23 12:00", 120), kuwait("2026-02-24 09:30"), kuwait("2026-02-23 14:00")),
    Case("over National and Liberation Day", done("2026-02-24 12:30", 60), kuwait("2026-03-01 09:00"), kuwait("2026-02-24 13:30")),
    Case("over Eid al-Fitr out of Ramadan", done("2026-03-19 12:30", 60), kuwait("2026-03-23 07:30"), kuwait("2026-03-19 13:30")),
    Case("over Eid al-Adha", done("2026-05-25 13:30", 60), kuwait("2026-05-31 07:30"), kuwait("2026-05-26 07:30")),
    Case("a night holds no minute", between("2026-11-24 14:00", "2026-11-25 07:00"), 0),
    Case("a weekend holds no minute", between("2026-11-26 14:00", "2026-11-29 07:00"), 0),
    Case("into Ramadan", between("2026-02-17 13:00", "2026-02-18 09:00"), 90, 180),
    Case("across Eid al-Fitr", between("2026-03-19 12:00", "2026-03-23 08:00"), 120, 600),
    Case("backwards", between("2026-11-25 08:00", "2026-11-24 13:00"), -120),
    # A day of Kuwait begins at 21:00 UTC.
    Case("01:00 in Kuwait, the day before in UTC", lambda c: add_working_minutes(c, utc("2026-11-24 22:00"), 30), utc("2026-11-25 04:30")),
    Case("a minute before midnight", lambda c: promise_ends(c, utc("2026-11-23 20:59"), 1), kuwait("2026-11-24 14:00")),
    Case("midnight in Kuwait", lambda c: promise_ends(c, utc("2026-11-23 21:00"), 1), kuwait("2026-11-25 14:00")),
    # Promises.
    Case("three working days", promise("2026-11-24 09:00", 3), kuwait("2026-11-29 14:00")),
    Case("three working days, given after closing", promise("2026-11-24 23:00", 3), kuwait("2026-11-29 14:00")),
    Case("given at a weekend", promise("2026-11-27 23:00", 1), kuwait("2026-11-29 14:00")),
    Case("no working day, in the morning", promise("2026-11-24 09:00", 0), kuwait("2026-11-24 14:00")),
    Case("no working day, at closing", promise("2026-11-24 14:00", 0), kuwait("2026-11-25 14:00")),
    Case("in Ramadan over two holidays", promise("2026-02-22 10:00", 3), kuwait("2026-03-01 13:00"), kuwait("2026-02-25 14:00")),
    Case("and its clock", lambda c: promised_minutes(c, kuwait("2026-02-22 10:00"), 3), 180 + 3 * 270, 240 + 3 * 420),
    Case("over Eid al-Adha 2027", promise("2027-05-13 12:00", 2), kuwait("2027-05-20 14:00"), kuwait("2027-05-17 14:00")),
]

"""The working time of Kuwait: a table of dated cases, laws that hold for every instant, and what a bare calendar gets wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from municipality.kernel import worktime
from municipality.kernel.clock import KUWAIT, day_of
from municipality.kernel.periods import Period
from municipality.kernel.worktime import (
    Calendar,
    Hours,
    add_working_days,
    add_working_minutes,
    day_minutes,
    is_working_day,
    next_opening,
    promise_ends,
    promised_minutes,
    share_reached_at,
    used_share,
    working_days_between,
    working_minutes_between,
    working_time_between,
)

SUNDAY_TO_THURSDAY = frozenset({7, 1, 2, 3, 4})
ORDINARY = Hours(SUNDAY_TO_THURSDAY, 7 * 60, 14 * 60)
MINUTE = dt.timedelta(minutes=1)


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
BARE = Calendar((ORDINARY,))
SAME = object()


class Case(NamedTuple):
    """What is asked of a calendar, its answer, and that of a calendar without holidays and Ramadan."""

    name: str
    ask: Callable[[Calendar], Any]
    answer: Any
    bare: Any = SAME


def after(start: str, count: int) -> Callable[[Calendar], Any]:
    return lambda c: add_working_days(c, day(start), count)


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
    Case(
        "opening after Eid", lambda c: next_opening(c, kuwait("2026-03-21 12:00")), kuwait("2026-03-23 07:00"), kuwait("2026-03-22 07:00")
    ),
    Case("opening at closing", lambda c: next_opening(c, kuwait("2026-11-24 14:00")), kuwait("2026-11-25 07:00")),
    Case("opening at opening", lambda c: next_opening(c, kuwait("2026-11-24 07:00")), kuwait("2026-11-24 07:00")),
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


def test_the_table_is_long_enough() -> None:
    assert len({case.name for case in TABLE}) == len(TABLE) >= 40


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_every_dated_case_of_the_table_comes_out_as_counted_by_hand(case: Case) -> None:
    assert case.ask(CALENDAR) == case.answer


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_without_holidays_and_ramadan_just_those_cases_come_out_wrong_that_meet_them(case: Case) -> None:
    found = case.ask(BARE)
    assert found == (case.answer if case.bare is SAME else case.bare)
    assert (found == case.answer) is (case.bare is SAME)


# A holiday announced late.

LATE = replace(CALENDAR, holidays=(*HOLIDAYS, days("2026-11-25", "2026-11-26")), edition="calendar v2")


def test_a_holiday_announced_late_moves_what_runs_over_it() -> None:
    given_at = kuwait("2026-11-24 09:00")
    assert promise_ends(CALENDAR, given_at, 3) == kuwait("2026-11-29 14:00")
    assert promise_ends(LATE, given_at, 3) == kuwait("2026-12-01 14:00")
    assert add_working_minutes(CALENDAR, given_at, 360) == kuwait("2026-11-25 08:00")
    assert add_working_minutes(LATE, given_at, 360) == kuwait("2026-11-29 08:00")


def test_a_holiday_announced_late_leaves_what_ended_before_it() -> None:
    given_at = kuwait("2026-11-22 09:00")
    assert promise_ends(CALENDAR, given_at, 2) == promise_ends(LATE, given_at, 2) == kuwait("2026-11-24 14:00")


def test_a_late_holiday_gives_a_promise_no_more_and_no_fewer_minutes() -> None:
    given_at = kuwait("2026-11-24 09:00")
    assert promised_minutes(CALENDAR, given_at, 3) == promised_minutes(LATE, given_at, 3) == 300 + 3 * 420


# Other hours.


def test_a_working_saturday_and_a_short_day_within_ramadan_are_periods_of_their_own() -> None:
    saturday = Hours(frozenset({6}), 8 * 60, 12 * 60, days("2026-02-28"))
    short = Hours(frozenset({1}), 9 * 60, 10 * 60, days("2026-03-02"))
    calendar = replace(CALENDAR, hours=(*CALENDAR.hours, saturday, short))
    assert [day_minutes(calendar, day(f"2026-{d}")) for d in ("02-28", "03-01", "03-02", "03-03")] == [240, 270, 60, 270]
    assert day_minutes(CALENDAR, day("2026-02-28")) == 0


def test_a_period_without_a_weekday_closes_it() -> None:
    calendar = replace(BARE, hours=(ORDINARY, Hours(frozenset({7}), 540, 600, days("2026-11-22", "2026-11-26"))))
    assert [day_minutes(calendar, day("2026-11-22") + dt.timedelta(days=n)) for n in range(9)] == [60, 0, 0, 0, 0, 0, 0, 420, 420]


def test_a_second_shift_is_working_time_and_the_break_is_not() -> None:
    calendar = Calendar((ORDINARY, Hours(SUNDAY_TO_THURSDAY, 16 * 60, 18 * 60)))
    assert day_minutes(calendar, day("2026-11-24")) == 540
    assert add_working_minutes(calendar, kuwait("2026-11-24 13:30"), 60) == kuwait("2026-11-24 16:30")
    assert next_opening(calendar, kuwait("2026-11-24 15:00")) == kuwait("2026-11-24 16:00")
    assert promise_ends(calendar, kuwait("2026-11-24 15:00"), 1) == kuwait("2026-11-25 18:00")
    assert working_minutes_between(calendar, kuwait("2026-11-24 13:00"), kuwait("2026-11-24 17:00")) == 120


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((), "working day"),
        (RAMADAN, "working day"),
        ((ORDINARY, Hours(frozenset({1}), 13 * 60, 18 * 60)), "overlap"),
        ((ORDINARY, RAMADAN[0], replace(RAMADAN[0], opens=0)), "overlap"),
    ],
)
def test_an_impossible_calendar_is_refused(rows: tuple[Hours, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Calendar(rows)


@pytest.mark.parametrize(
    ("weekdays", "opens", "closes"), [({0}, 1, 2), ({8}, 1, 2), ({1}, 2, 2), ({1}, 3, 2), ({1}, -1, 2), ({1}, 1, 1440)]
)
def test_impossible_hours_are_refused(weekdays: set[int], opens: int, closes: int) -> None:
    with pytest.raises(ValueError, match=r"weekdays|opens"):
        Hours(frozenset(weekdays), opens, closes)


def test_instants_need_a_zone_and_amounts_a_sign() -> None:
    naive, aware = dt.datetime(2026, 11, 24, 9), kuwait("2026-11-24 09:00")
    for ask in (
        lambda: add_working_minutes(CALENDAR, naive, 1),
        lambda: working_minutes_between(CALENDAR, naive, aware),
        lambda: working_minutes_between(CALENDAR, aware, naive),
        lambda: next_opening(CALENDAR, naive),
        lambda: promise_ends(CALENDAR, naive, 1),
        lambda: used_share(CALENDAR, aware, naive, 60),
        lambda: share_reached_at(CALENDAR, naive, 60),
    ):
        with pytest.raises(ValueError, match="zone"):
            ask()
    with pytest.raises(ValueError, match="added"):
        add_working_minutes(CALENDAR, aware, -1)
    with pytest.raises(ValueError, match="added"):
        add_working_days(CALENDAR, aware.date(), -1)
    for nothing in (0, -1):
        with pytest.raises(ValueError, match="minutes"):
            used_share(CALENDAR, aware, aware, nothing)
        with pytest.raises(ValueError, match="minutes"):
            share_reached_at(CALENDAR, aware, nothing)


# Shares.

GIVEN = kuwait("2026-11-24 09:00")  # three working days: 300 + 3 * 420 = 1560 minutes
PROMISED = 1560


@pytest.mark.parametrize(
    ("now", "paused", "share"),
    [
        ("2026-11-24 08:00", [], 0),
        ("2026-11-24 09:00", [], 0),
        ("2026-11-24 09:13", [], 8),  # 13 of 1560 are 8.33
        ("2026-11-25 14:00", [], 461),
        ("2026-11-28 12:00", [], 730),  # a weekend uses nothing
        ("2026-11-29 13:59", [], 999),
        ("2026-11-29 14:00", [], 1000),
        ("2026-11-30 13:30", [], 1250),
        ("2026-12-01 13:00", [], 1500),
        ("2026-11-29 14:00", [("2026-11-25 07:00", "2026-11-25 14:00")], 730),
        ("2026-11-29 14:00", [("2026-11-25 07:00", "2026-11-25 12:00"), ("2026-11-25 09:00", "2026-11-25 14:00")], 730),  # counted once
        ("2026-11-29 14:00", [("2026-11-25 14:00", "2026-11-26 07:00")], 1000),  # a pause over night
        ("2026-11-29 14:00", [("2026-11-25 07:00", None)], 192),
        ("2027-06-01 14:00", [("2026-11-25 07:00", None), ("2026-12-01 07:00", "2026-12-02 07:00")], 192),
        ("2026-11-24 14:00", [("2026-11-25 07:00", "2026-11-29 07:00")], 192),  # a pause to come
        ("2026-11-24 14:00", [("2026-11-20 07:00", "2026-11-24 12:00")], 76),  # one that began before
    ],
)
def test_used_share_in_per_mille(now: str, paused: list[tuple[str, str | None]], share: int) -> None:
    spans = [(kuwait(a), kuwait(b) if b else None) for a, b in paused]
    assert used_share(CALENDAR, GIVEN, kuwait(now), PROMISED, spans) == share


def test_the_escalations_of_a_promise_fall_on_their_minutes() -> None:
    assert promised_minutes(CALENDAR, GIVEN, 3) == PROMISED
    at = [share_reached_at(CALENDAR, GIVEN, PROMISED, level) for level in (1000, 1250, 1500)]
    assert at == [kuwait("2026-11-29 14:00"), kuwait("2026-11-30 13:30"), kuwait("2026-12-01 13:00")]


def test_a_pause_moves_the_end_by_its_working_time_and_an_open_one_holds_it() -> None:
    answered = (kuwait("2026-11-25 09:00"), kuwait("2026-11-29 10:00"))  # 300 + 420 + 180
    assert share_reached_at(CALENDAR, GIVEN, PROMISED, paused=[answered]) == add_working_minutes(CALENDAR, GIVEN, PROMISED + 900)
    assert share_reached_at(CALENDAR, GIVEN, PROMISED, paused=[(answered[0], None)]) is None
    late = kuwait("2026-12-10 09:00")
    assert share_reached_at(CALENDAR, GIVEN, PROMISED, paused=[(late, None)]) == kuwait("2026-11-29 14:00")


# Laws.

instants = st.datetimes(dt.datetime(2025, 11, 1), dt.datetime(2027, 12, 1), timezones=st.just(dt.UTC))
minutes = st.integers(0, 20_000)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """The one of Kuwait, or an odd one with two shifts, another week and holidays anywhere."""
    if draw(st.booleans()):
        return CALENDAR
    weekdays = st.frozensets(st.integers(1, 7), min_size=1)
    a, b, c, d = sorted(draw(st.lists(st.integers(0, 1439), min_size=4, max_size=4, unique=True)))
    week = draw(weekdays)
    first = draw(st.dates(day("2025-12-01"), day("2027-10-01")))
    month = Hours(draw(weekdays), a, d, Period(first, first + dt.timedelta(days=draw(st.integers(0, 40)))))
    begin_and_length = st.tuples(st.dates(first, day("2027-12-01")), st.integers(0, 9))
    closed = [Period(f, f + dt.timedelta(days=n)) for f, n in draw(st.lists(begin_and_length))]
    return Calendar((Hours(week, a, b), Hours(week, c, d), month), tuple(closed))


def is_open(calendar: Calendar, instant: dt.datetime) -> bool:
    """Within hours, the closing hour included."""
    local = instant.astimezone(KUWAIT)
    into = local - local.replace(hour=0, minute=0, second=0, microsecond=0)
    return any(opens * MINUTE <= into <= closes * MINUTE for opens, closes in calendar.spans(local.date()))


@given(calendars(), instants, minutes)
def test_adding_minutes_and_counting_them_are_inverse(calendar: Calendar, start: dt.datetime, count: int) -> None:
    end = add_working_minutes(calendar, start, count)
    assert working_time_between(calendar, start, end) == count * MINUTE
    assert working_minutes_between(calendar, end, start) == -count


@given(calendars(), instants, minutes)
def test_work_never_ends_in_closed_time_nor_in_another_zone(calendar: Calendar, start: dt.datetime, count: int) -> None:
    end = add_working_minutes(calendar, start, count)
    assert end >= start
    assert end.tzinfo is dt.UTC
    assert is_open(calendar, end)


@given(calendars(), instants, minutes, minutes)
def test_two_pieces_of_work_end_with_their_sum(calendar: Calendar, start: dt.datetime, one: int, two: int) -> None:
    assert add_working_minutes(calendar, add_working_minutes(calendar, start, one), two) == add_working_minutes(calendar, start, one + two)


@given(calendars(), instants, instants, minutes, minutes)
def test_later_work_and_more_work_never_end_earlier(calendar: Calendar, a: dt.datetime, b: dt.datetime, one: int, two: int) -> None:
    (a, b), (one, two) = sorted((a, b)), sorted((one, two))
    assert add_working_minutes(calendar, a, one) <= add_working_minutes(calendar, b, one)
    assert add_working_minutes(calendar, a, one) <= add_working_minutes(calendar, a, two)


@given(calendars(), instants, st.integers(0, 3 * 1440))
def test_counting_agrees_with_looking_at_every_minute(calendar: Calendar, start: dt.datetime, span: int) -> None:
    start = start.replace(second=0, microsecond=0)
    seen = 0
    for n in range(span):
        local = (start + n * MINUTE).astimezone(KUWAIT)
        of_day = local.hour * 60 + local.minute
        seen += any(opens <= of_day < closes for opens, closes in calendar.spans(local.date()))
    assert working_minutes_between(calendar, start, start + span * MINUTE) == seen


@given(calendars(), instants, instants, instants)
def test_time_adds_up(calendar: Calendar, a: dt.datetime, b: dt.datetime, c: dt.datetime) -> None:
    whole = working_time_between(calendar, a, c)
    assert working_time_between(calendar, a, b) + working_time_between(calendar, b, c) == whole


@given(calendars(), instants)
def test_an_opening_is_the_first_one(calendar: Calendar, start: dt.datetime) -> None:
    opening = next_opening(calendar, start)
    assert is_open(calendar, opening)
    assert working_time_between(calendar, start, opening) == dt.timedelta()
    assert working_minutes_between(calendar, opening, opening + MINUTE) in (0, 1)
    assert working_time_between(calendar, opening, opening + MINUTE) > dt.timedelta()
    assert next_opening(calendar, opening) == opening


@given(calendars(), st.dates(day("2025-11-01"), day("2027-11-01")), st.integers(1, 60), st.integers(0, 60))
def test_days_are_inverse_and_end_on_working_days(calendar: Calendar, start: dt.date, count: int, more: int) -> None:
    end = add_working_days(calendar, start, count)
    assert working_days_between(calendar, start, end) == count
    assert working_days_between(calendar, end, start) == -count
    assert is_working_day(calendar, end)
    assert add_working_days(calendar, end, more) == add_working_days(calendar, start, count + more)


@given(calendars(), instants, st.integers(0, 15))
def test_the_clock_of_a_promise_is_full_at_its_end(calendar: Calendar, given_at: dt.datetime, count: int) -> None:
    given_at = given_at.replace(second=0, microsecond=0)
    end, clock = promise_ends(calendar, given_at, count), promised_minutes(calendar, given_at, count)
    assert end > given_at
    assert (clock > 0) is (working_time_between(calendar, given_at, end) > dt.timedelta())
    midnight = dt.datetime.combine(day_of(end), dt.time(), KUWAIT)
    assert end == midnight + calendar.spans(day_of(end))[-1][1] * MINUTE
    assert add_working_minutes(calendar, given_at, clock) == end
    assert used_share(calendar, given_at, end, clock) == worktime.WHOLE
    assert share_reached_at(calendar, given_at, clock) == end


pauses = st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 5_000)), max_size=4)


@given(calendars(), instants, st.integers(1, 5_000), st.sampled_from([0, 1, 333, 1000, 1250, 1500]), pauses)
def test_the_instant_of_a_share_is_the_first_with_it(
    calendar: Calendar, start: dt.datetime, promised: int, level: int, gaps: list[tuple[int, int]]
) -> None:
    paused = [(start + a * MINUTE, start + (a + n) * MINUTE) for a, n in gaps]
    at = share_reached_at(calendar, start, promised, level, paused)
    assert at is not None
    assert used_share(calendar, start, at, promised, paused) == level
    if level:
        assert used_share(calendar, start, at - dt.timedelta(microseconds=1), promised, paused) < level


@given(calendars(), instants, instants, st.integers(1, 5_000), pauses)
def test_a_pause_never_raises_the_share_and_time_never_lowers_it(
    calendar: Calendar, start: dt.datetime, now: dt.datetime, promised: int, gaps: list[tuple[int, int]]
) -> None:
    paused = [(start + a * MINUTE, start + (a + n) * MINUTE) for a, n in gaps]
    share = used_share(calendar, start, now, promised, paused)
    assert 0 <= share <= used_share(calendar, start, now, promised)
    assert share <= used_share(calendar, start, now + dt.timedelta(hours=30), promised, paused)

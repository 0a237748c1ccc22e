"""The working time of Kuwait: a table of dated cases, laws that hold for every instant, and what a bare calendar gets wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

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
    day_minutes,
    is_working_day,
    promise_ends,
    promised_minutes,
    share_reached_at,
    used_share,
    working_days_between,
    working_minutes_between,
    working_time_between,
)
from tests.municipality.kernel.working_time import (
    CALENDAR,
    HOLIDAYS,
    ORDINARY,
    RAMADAN,
    SAME,
    SUNDAY_TO_THURSDAY,
    TABLE,
    Case,
    add_working_minutes,
    day,
    days,
    kuwait,
)

MINUTE = dt.timedelta(minutes=1)


BARE = Calendar((ORDINARY,))


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
        lambda: promise_ends(CALENDAR, naive, 1),
        lambda: used_share(CALENDAR, aware, naive, 60),
        lambda: share_reached_at(CALENDAR, naive, 60),
    ):
        with pytest.raises(ValueError, match="zone"):
            ask()
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
    assert used_share(calendar, given_at, end, clock) == worktime.FULL_SHARE
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

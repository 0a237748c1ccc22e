"""A week as plain values: its text comes back, its words say of every moment what its spans say, what cannot be is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shops.hours import filters
from shops.models.week import DAY, Day, InvalidWeek, Week, parse
from tests.shops.hours.conftest import NIGHTS, SPLIT

NINE, ONE, FOUR, TEN = 36, 52, 64, 88


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    """Any week that may be stated."""
    days: list[Day] = []
    for _number in range(7):
        times = sorted(draw(st.sets(st.integers(0, DAY + 24), max_size=4)))
        spans = [(a, b) for a, b in zip(times[::2], times[1::2], strict=False) if a < DAY and b - times[0] <= DAY]
        days.append(tuple(spans) if draw(st.booleans()) or not days else days[-1])
    for number in range(7):  # what would reach into the next opening goes
        tomorrow = days[(number + 1) % 7]
        if days[number] and tomorrow and days[number][-1][1] - DAY > tomorrow[0][0]:
            days[number] = tuple((a, min(b, DAY)) for a, b in days[number] if a < DAY)
    return Week(tuple(days))


def is_open(week: Week, weekday: int, quarter: int) -> bool:
    """By the spans alone, of this day and of the night before."""
    today, night = week.days[weekday], week.days[weekday - 1]
    return any(a <= quarter < b for a, b in today) or any(a <= quarter + DAY < b for a, b in night)


@given(weeks())
def test_the_text_of_a_week_is_read_back_as_the_same_week(week: Week) -> None:
    assert parse(week.text) == week and len(week.text) <= 200


@given(weeks(), st.integers(0, 6), st.integers(0, DAY - 1), st.booleans())
def test_a_shop_has_a_word_of_a_moment_exactly_when_it_is_open(week: Week, weekday: int, quarter: int, is_ramadan: bool) -> None:
    asked = set(filters.at(weekday, quarter, is_ramadan=is_ramadan))
    assert bool(asked & set(filters.of_shop(week.text, None))) == is_open(week, weekday, quarter)
    closed = Week(((),) * 7).text
    assert bool(asked & set(filters.of_shop(week.text, closed))) == (is_open(week, weekday, quarter) and not is_ramadan)
    assert bool(asked & set(filters.of_shop(closed, week.text))) == (is_open(week, weekday, quarter) and is_ramadan)


@pytest.mark.parametrize(
    ("text", "count"),
    [(SPLIT, 6), (NIGHTS, 40), ("24/7", 2), ("Mo-Su 10:00-22:00", 4), ("Sa-Th 08:00-20:00; Fr off", 4)],
)
def test_a_shop_has_few_words_and_a_moment_a_bounded_number(text: str, count: int) -> None:
    assert parse(text).text == text and len(filters.of_shop(text, None)) <= count
    assert max(len(filters.at(day, 40, is_ramadan=False)) for day in range(7)) == 56


def test_a_shop_without_hours_has_no_word() -> None:
    assert filters.of_shop(None, None) == ()


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (((NINE, ONE), (FOUR, TEN), (90, 92)), "spans"),
        (((NINE, NINE),), "times"),
        (((DAY, DAY + 4),), "times"),
        (((-1, 4),), "times"),
        (((FOUR, TEN), (NINE, ONE)), "order"),
        (((NINE, ONE), (ONE, TEN)), "order"),
        (((NINE, NINE + DAY + 1),), "longer_than_a_day"),
        (((NINE, ONE), (FOUR, NINE + DAY + 1)), "longer_than_a_day"),
    ],
)
def test_a_day_that_cannot_be_is_refused(day: Day, code: str) -> None:
    with pytest.raises(InvalidWeek) as refused:
        Week((day, *((),) * 6))
    assert (refused.value.weekday, refused.value.code) == (0, code)


def test_a_night_does_not_reach_into_the_next_opening() -> None:
    late, early = ((TEN, DAY + 32),), ((28, ONE),)
    with pytest.raises(InvalidWeek) as refused:
        Week((late, early, *((),) * 5))
    assert (refused.value.weekday, refused.value.code) == (1, "night")
    Week((late, (), *((),) * 5))  # the next day is closed
    Week((late, ((32, ONE),), *((),) * 5))  # it goes on where the night ends


@pytest.mark.parametrize("text", ["", "x", "Su 09:00-10:00", "Mo-Su 9-10", "Mo-Su 09:00-10:00,11:00-12:00,13:00-14:00"])
def test_another_text_is_no_week(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is for the log
        parse(text)

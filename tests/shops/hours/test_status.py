"""Open or closed at a moment, and until when: around midnight, on Fridays, on the edges of Ramadan; in both languages."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from municipality.kernel import clock
from municipality.kernel.periods import Period
from municipality.kernel.worktime import Calendar, Hours
from municipality.rulebook import calendars, queries
from shops.hours import labels, status
from shops.models.hours import StatedHours
from shops.models.week import parse
from tests.shops.hours.conftest import NIGHTS, SPLIT

SUNDAY = dt.date(2026, 11, 22)
RAMADAN = "Mo-Su 20:00-02:00"
FIRST, LAST = dt.date(2027, 2, 8), dt.date(2027, 3, 8)  # of Ramadan 1448 by Umm al-Qura


def at(days: int, time: str, first: dt.date = SUNDAY) -> dt.datetime:
    """An instant: so many days behind the first one, at a time of Kuwait."""
    return dt.datetime.combine(first + dt.timedelta(days=days), dt.time.fromisoformat(time), clock.KUWAIT)


def said(week: str, days: int, time: str, language: str = "en", ramadan: str | None = None, first: dt.date = SUNDAY) -> str:
    with translation.override(language):
        return labels.tag_of(status.opening_status(StatedHours(week_id=week, ramadan_id=ramadan), at(days, time, first)))[1]


@pytest.mark.parametrize(
    ("week", "days", "time", "english", "arabic"),
    [
        (SPLIT, 0, "08:59:59", "Closed now · opens at 09:00", "مغلق الآن · يفتح في 09:00"),
        (SPLIT, 0, "09:00", "Open now · until 13:00", "مفتوح الآن · حتى 13:00"),
        (SPLIT, 0, "12:59:59", "Open now · until 13:00", "مفتوح الآن · حتى 13:00"),
        (SPLIT, 0, "13:00", "Closed now · opens at 16:00", "مغلق الآن · يفتح في 16:00"),
        (SPLIT, 0, "22:00", "Closed now · opens tomorrow at 09:00", "مغلق الآن · يفتح غداً في 09:00"),
        (SPLIT, 4, "23:00", "Closed now · opens tomorrow at 16:00", "مغلق الآن · يفتح غداً في 16:00"),  # Thursday night
        (SPLIT, 5, "10:00", "Closed now · opens at 16:00", "مغلق الآن · يفتح في 16:00"),  # Friday
        (NIGHTS, 0, "23:59:59", "Open now · until 02:00", "مفتوح الآن · حتى 02:00"),
        (NIGHTS, 1, "00:00", "Open now · until 02:00", "مفتوح الآن · حتى 02:00"),
        (NIGHTS, 1, "02:00", "Closed now · opens at 18:00", "مغلق الآن · يفتح في 18:00"),
        (NIGHTS, 6, "03:15", "Open now · until 03:30", "مفتوح الآن · حتى 03:30"),  # what Friday leaves over
        (NIGHTS, 6, "03:30", "Closed now · opens tomorrow at 18:00", "مغلق الآن · يفتح غداً في 18:00"),
        ("Mo 09:00-10:00; Tu-Su off", 2, "09:00", "Closed now · opens on Monday at 09:00", "مغلق الآن · يفتح يوم الاثنين في 09:00"),
        ("Mo 09:00-10:00; Tu-Su off", 1, "10:00", "Closed now · opens on Monday at 09:00", "مغلق الآن · يفتح يوم الاثنين في 09:00"),
        ("24/7", 3, "03:00", "Open now · day and night", "مفتوح الآن · على مدار الساعة"),
        ("Fr off; Sa-Th 00:00-24:00", 2, "10:00", "Open now · until Friday at 00:00", "مفتوح الآن · حتى الجمعة في 00:00"),
        ("Fr off; Sa-Th 00:00-24:00", 4, "23:00", "Open now · until 00:00", "مفتوح الآن · حتى 00:00"),
        ("Mo-Su off", 3, "03:00", "Closed now", "مغلق الآن"),
    ],
)
def test_what_a_shop_says_of_a_moment(week: str, days: int, time: str, english: str, arabic: str) -> None:
    assert said(week, days, time) == english and said(week, days, time, "ar") == arabic


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "time", "english"),
    [
        (-1, "15:00", "Closed now · opens at 16:00"),
        (-1, "22:30", "Closed now · opens tomorrow at 00:00"),  # the table of Ramadan holds from midnight on
        (0, "00:30", "Open now · until 02:00"),
        (0, "10:00", "Closed now · opens at 20:00"),
        (28, "23:00", "Open now · until 00:00"),  # with its last day the table ends
        (29, "00:30", "Closed now · opens at 09:00"),
    ],
)
def test_the_table_of_ramadan_holds_from_its_first_midnight_to_its_last(days: int, time: str, english: str) -> None:
    assert FIRST + dt.timedelta(days=28) == LAST
    assert said(SPLIT, days, time, ramadan=RAMADAN, first=FIRST) == english
    other = said(SPLIT, days, time, first=FIRST)
    assert (other == english) == (days == 29 or (days, time) == (-1, "15:00"))


def test_ramadan_is_as_announced_and_else_as_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = Hours(frozenset({7, 1, 2, 3, 4}), 420, 840)
    later = Period(FIRST + dt.timedelta(days=1), LAST + dt.timedelta(days=1))
    summer = Hours(frozenset({7}), 360, 720, Period(dt.date(2027, 6, 1), dt.date(2027, 8, 31)))
    asked: list[int] = []

    def announced(period: Period | None) -> None:
        hours = (ordinary, summer, Hours(frozenset({7}), 510, 780, period)) if period else (ordinary, summer)
        monkeypatch.setattr(queries, "calendar", lambda: asked.append(1) or Calendar(hours))

    announced(later)
    assert not queries.is_ramadan(FIRST) and queries.is_ramadan(later.last)
    announced(None)
    assert queries.is_ramadan(FIRST) and not queries.is_ramadan(later.last)
    del asked[:]
    assert queries.is_ramadan(FIRST + dt.timedelta(days=14)) and not queries.is_ramadan(dt.date(2027, 7, 1)) and asked == []
    assert calendars.estimated_ramadan(dt.date(2190, 1, 1)) is None and not queries.is_ramadan(dt.date(2190, 1, 1))


@pytest.mark.django_db
def test_without_a_published_calendar_the_computed_month_holds() -> None:
    assert queries.is_ramadan(FIRST) and not queries.is_ramadan(FIRST - dt.timedelta(days=1))


def test_the_table_begins_with_sunday_and_marks_today() -> None:
    stated = StatedHours(week_id=SPLIT, stated_at=at(0, "09:00"))
    with clock.at(at(5, "00:30")), translation.override("en"):
        table = labels.table_of(stated)
    assert [line.is_today for line in table.lines] == [False] * 5 + [True, False]
    assert table.lines[0].name == labels.WEEKDAYS[0] and table.other == () and not table.is_ramadan
    assert table.lines[0].times == "<bdi>09:00–13:00</bdi><br><bdi>16:00–22:00</bdi>"
    with translation.override("ar"):
        assert labels.times(parse(SPLIT).days[0]).startswith("<bdi>من 09:00 إلى 13:00</bdi>")
    with translation.override("en"):
        assert labels.times(parse(NIGHTS).days[6]) == "Closed that day" and labels.times(parse("24/7").days[0]) == "24 hours"


def test_what_is_said_of_a_moment_is_kept_no_longer_than_its_quarter_of_an_hour() -> None:
    assert [status.cache_seconds(60, at(0, time)) for time in ("10:00", "10:14:15", "10:14:59.5")] == [60, 45, 1]


@pytest.mark.django_db
def test_in_ramadan_its_table_comes_first_and_today_is_marked_in_it() -> None:
    stated = StatedHours(week_id=SPLIT, ramadan_id=RAMADAN, stated_at=at(0, "09:00"))
    for days, is_ramadan in ((-30, False), (10, True)):
        with clock.at(at(days, "12:00", FIRST)):
            table = labels.table_of(stated)
        assert table.is_ramadan is is_ramadan and [line.is_today for line in table.other] == [False] * 7
        assert sum(line.is_today for line in table.lines) == 1 and ("20:00" in table.lines[0].times) is is_ramadan

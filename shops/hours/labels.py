"""Opening hours as text: the current state in one line, and the week as a table."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.rulebook.queries import is_ramadan
from shops.hours.status import OpeningStatus, weekday_of
from shops.models.hours import StatedHours
from shops.models.week import WHOLE_DAY, Day, clock_text, parse

WEEKDAYS = (_("Sunday"), _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"))
ONE_DAY = dt.timedelta(days=1)


def tag_of(status: OpeningStatus) -> tuple[str, str]:
    """State and text of a tag: `Open now · until 22:00`, `Closed now · opens tomorrow at 09:00`."""
    if status.until is None:
        return ("ok", gettext("Open now · day and night")) if status.is_open else ("wait", gettext("Closed now"))
    until = status.until.astimezone(clock.KUWAIT)
    values = {"time": f"{until:%H:%M}", "day": formats.date_format(until.date(), "l")}
    if status.is_open:
        if status.until - status.at < ONE_DAY:
            return "ok", gettext("Open now · until %(time)s") % values
        return "ok", gettext("Open now · until %(day)s at %(time)s") % values
    days = (until.date() - clock.day_of(status.at)).days
    if days == 0:
        return "wait", gettext("Closed now · opens at %(time)s") % values
    if days == 1:
        return "wait", gettext("Closed now · opens tomorrow at %(time)s") % values
    return "wait", gettext("Closed now · opens on %(day)s at %(time)s") % values


@dataclass(frozen=True)
class DayLine:
    """One day of a table."""

    name: Any
    times: Any
    is_today: bool


@dataclass(frozen=True)
class Table:
    """The hours of a shop for its page: the week that holds today, and the other one, if any."""

    lines: tuple[DayLine, ...]
    other: tuple[DayLine, ...]
    is_ramadan: bool  # whether `lines` are those of Ramadan
    stated_at: dt.datetime


def table_of(stated: StatedHours) -> Table:
    """The weeks of a shop, from Sunday on, with today marked in the one that holds."""
    week, today = _lines(stated.week_id), clock.today()
    if not stated.ramadan_id:
        return Table(_today(week, today), (), is_ramadan=False, stated_at=stated.stated_at)
    ramadan = _lines(stated.ramadan_id)
    if is_ramadan(today):
        return Table(_today(ramadan, today), week, is_ramadan=True, stated_at=stated.stated_at)
    return Table(_today(week, today), ramadan, is_ramadan=False, stated_at=stated.stated_at)


def _lines(text: str) -> tuple[DayLine, ...]:
    return tuple(DayLine(name, times(day), is_today=False) for name, day in zip(WEEKDAYS, parse(text).days, strict=True))


def _today(lines: tuple[DayLine, ...], today: dt.date) -> tuple[DayLine, ...]:
    return tuple(replace(line, is_today=number == weekday_of(today)) for number, line in enumerate(lines))


def times(day: Day) -> SafeString:
    """`09:00–13:00` and, on a line of its own, `16:00–22:00`, in Arabic in words, which read the right way round; `Closed`, `24 hours`."""
    if not day:
        return format_html("{}", _("Closed that day"))
    if day == WHOLE_DAY:
        return format_html("{}", _("24 hours"))
    spans = [(gettext("{}–{}").format(clock_text(opens), clock_text(closes)),) for opens, closes in day]
    return format_html_join(mark_safe("<br>"), "<bdi>{}</bdi>", spans)

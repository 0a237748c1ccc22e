"""How opening hours read: the state of this moment in one line, and the seven days as a table."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.rulebook.queries import is_ramadan
from shops.hours.models import StatedHours
from shops.hours.moment import Standing, weekday_of
from shops.hours.week import WHOLE_DAY, Day, clock_text, parse

WEEKDAYS = (_("Sunday"), _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"))
ONE_DAY = dt.timedelta(days=1)


def tag_of(standing: Standing) -> tuple[str, str]:
    """State and words of a tag: `Open now · until 22:00`, `Closed now · opens tomorrow at 09:00`."""
    if standing.until is None:
        return ("ok", gettext("Open now · day and night")) if standing.is_open else ("wait", gettext("Closed now"))
    until = standing.until.astimezone(clock.KUWAIT)
    said = {"time": f"{until:%H:%M}", "day": formats.date_format(until.date(), "l")}
    if standing.is_open:
        if standing.until - standing.at < ONE_DAY:
            return "ok", gettext("Open now · until %(time)s") % said
        return "ok", gettext("Open now · until %(day)s at %(time)s") % said
    away = (until.date() - clock.day_of(standing.at)).days
    if away == 0:
        return "wait", gettext("Closed now · opens at %(time)s") % said
    if away == 1:
        return "wait", gettext("Closed now · opens tomorrow at %(time)s") % said
    return "wait", gettext("Closed now · opens on %(day)s at %(time)s") % said


@dataclass(frozen=True)
class DayLine:
    """One line of the table; `ramadan` is empty where the shop states no hours of its own for it."""

    name: Any
    times: Any
    ramadan: Any
    is_today: bool


@dataclass(frozen=True)
class Table:
    """The hours of a shop for its page."""

    lines: tuple[DayLine, ...]
    has_ramadan: bool
    is_ramadan: bool  # the other column holds today
    stated_at: dt.datetime


def table_of(stated: StatedHours) -> Table:
    """Seven days from Sunday on, with today marked."""
    week, ramadan, today = parse(stated.week_id), parse(stated.ramadan_id) if stated.ramadan_id else None, clock.today()
    lines = tuple(
        DayLine(name, times(week.days[n]), times(ramadan.days[n]) if ramadan else "", n == weekday_of(today))
        for n, name in enumerate(WEEKDAYS)
    )
    return Table(lines, ramadan is not None, ramadan is not None and is_ramadan(today), stated.stated_at)


def times(day: Day) -> SafeString:
    """`09:00–13:00 · 16:00–22:00`, each in its own direction; `Closed`, `24 hours`."""
    if not day:
        return format_html("{}", _("Closed that day"))
    if day == WHOLE_DAY:
        return format_html("{}", _("24 hours"))
    spans = [(f"{clock_text(opens)}–{clock_text(closes)}",) for opens, closes in day]
    return format_html_join(" · ", '<bdi dir="ltr">{}</bdi>', spans)

"""Formatting of days and instants. Days are Gregorian; the Hijri day (Umm al-Qura) is only additional information."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.utils import formats
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from hijridate import Gregorian

from municipality.kernel import clock

_HIJRI_MONTHS_EN = (
    "Muharram",
    "Safar",
    "Rabi I",
    "Rabi II",
    "Jumada I",
    "Jumada II",
    "Rajab",
    "Shaban",
    "Ramadan",
    "Shawwal",
    "Dhu al-Qadah",
    "Dhu al-Hijjah",
)


def as_day(value: dt.date) -> dt.date:
    """The Kuwait day of a date or of an aware instant."""
    return clock.day_of(value) if isinstance(value, dt.datetime) else value


def day_text(value: dt.date, *, weekday: bool = False) -> str:
    """`24 November 2026`, optionally with the weekday before it, with no-break spaces."""
    return _day_text(as_day(value), weekday, get_language())


@lru_cache(maxsize=2048)
def _day_text(day: dt.date, weekday: bool, _language: str | None) -> str:
    return formats.date_format(day, "l j\u00a0F\u00a0Y" if weekday else "j\u00a0F\u00a0Y")


def hijri_text(value: dt.date, language: str | None = None) -> str:
    """`14 Jumada II 1448 AH`, `14 جمادى الآخرة 1448 هـ`; empty outside the table's years (1343 to 1500 AH).

    In the active language unless one is given.
    """
    day = as_day(value)
    try:
        hijri = Gregorian(day.year, day.month, day.day).to_hijri()
    except OverflowError:
        return ""
    if (language or get_language()) == "ar":
        return f"{hijri.day}\u00a0{hijri.month_name('ar')}\u00a0{hijri.year}\u00a0هـ"
    return f"{hijri.day}\u00a0{_HIJRI_MONTHS_EN[hijri.month - 1]}\u00a0{hijri.year}\u00a0AH"


def day_html(value: dt.date, *, weekday: bool = False) -> SafeString:
    return _day_html(as_day(value), weekday, get_language())


@lru_cache(maxsize=2048)
def _day_html(day: dt.date, weekday: bool, language: str | None) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), _day_text(day, weekday, language))


def day_hijri_html(value: dt.date, *, weekday: bool = False) -> SafeString:
    hijri = hijri_text(value)
    day = day_html(value, weekday=weekday)
    if not hijri:
        return day
    beside = gettext("(%(hijri)s)") % {"hijri": hijri}
    return format_html('{} <span class="kp-soft">{}</span>', day, beside)


def moment_html(value: dt.datetime, *, weekday: bool = False) -> SafeString:
    """Day and time of an aware instant, in Kuwait time."""
    local = value.astimezone(clock.KUWAIT)
    before, after = _around_time(local.date(), weekday, get_language())
    iso = local.isoformat(timespec="minutes")
    return SafeString(f'<time datetime="{iso}">{before}<bdi dir="ltr">{local.hour:02}:{local.minute:02}</bdi>{after}</time>')


@lru_cache(maxsize=2048)
def _around_time(day: dt.date, weekday: bool, _language: str | None) -> tuple[str, str]:
    """The parts of the sentence of a day and a time before and after the time."""
    sentence = gettext("%(day)s at %(time)s")
    before, after = (sentence % {"day": day_text(day, weekday=weekday), "time": "\x00"}).split("\x00")
    return escape(before), escape(after)

"""Counted nouns. Arabic has six plural forms and its case follows the sentence, so each phrase is a message of its own."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import ngettext

_Phrase = Callable[[int], str]


def _days(n: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", n)


def _working_days(n: int) -> str:
    return ngettext("%(count)s working day", "%(count)s working days", n)


def _hours(n: int) -> str:
    return ngettext("%(count)s hour", "%(count)s hours", n)


def _minutes(n: int) -> str:
    return ngettext("%(count)s minute", "%(count)s minutes", n)


def _months(n: int) -> str:
    return ngettext("%(count)s month", "%(count)s months", n)


def _years(n: int) -> str:
    return ngettext("%(count)s year", "%(count)s years", n)


def _shops(n: int) -> str:
    return ngettext("%(count)s shop", "%(count)s shops", n)


def _requests(n: int) -> str:
    return ngettext("%(count)s request", "%(count)s requests", n)


def _messages(n: int) -> str:
    return ngettext("%(count)s message", "%(count)s messages", n)


def _corrections(n: int) -> str:
    return ngettext("%(count)s thing needs a correction", "%(count)s things need a correction", n)


def _obstacles(n: int) -> str:
    return ngettext("%(count)s obstacle", "%(count)s obstacles", n)


def _within_days(n: int) -> str:
    return ngettext("within %(count)s day", "within %(count)s days", n)


def _within_working_days(n: int) -> str:
    return ngettext("within %(count)s working day", "within %(count)s working days", n)


def _within_hours(n: int) -> str:
    return ngettext("within %(count)s hour", "within %(count)s hours", n)


def _within_minutes(n: int) -> str:
    return ngettext("within %(count)s minute", "within %(count)s minutes", n)


COUNTED: dict[str, _Phrase] = {
    "day": _days,
    "working_day": _working_days,
    "hour": _hours,
    "minute": _minutes,
    "month": _months,
    "year": _years,
    "shop": _shops,
    "request": _requests,
    "message": _messages,
    "correction": _corrections,
    "obstacle": _obstacles,
}
WITHIN: dict[str, _Phrase] = {
    "day": _within_days,
    "working_day": _within_working_days,
    "hour": _within_hours,
    "minute": _within_minutes,
}


def counted(number: int, noun: str) -> str:
    """`3 days`, `يومان`: `number` of `noun` standing alone. Raises KeyError for a noun that is not in COUNTED."""
    return COUNTED[noun](number) % {"count": f"{number:,}"}


def within(number: int, noun: str) -> str:
    """`within 2 hours`, `خلال ساعتين`. Raises KeyError for a noun that is not in WITHIN."""
    return WITHIN[noun](number) % {"count": f"{number:,}"}


def within_span(minutes: int) -> str:
    """`within 40 minutes`, `within 6 hours`, `within 3 days`: a span in the unit people would use, rounded up."""
    if minutes < 60:
        return within(max(1, minutes), "minute")
    if minutes < 48 * 60:
        return within(-(-minutes // 60), "hour")
    return within(-(-minutes // 1440), "day")

"""Counted nouns. Arabic has six plural forms and grammatical cases, so each phrase is a message of its own."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext, ngettext

_Phrase = Callable[[int], str]


COUNTED: dict[str, _Phrase] = {
    "day": lambda n: ngettext("%(count)s day", "%(count)s days", n),
    "working_day": lambda n: ngettext("%(count)s working day", "%(count)s working days", n),
    "hour": lambda n: ngettext("%(count)s hour", "%(count)s hours", n),
    "minute": lambda n: ngettext("%(count)s minute", "%(count)s minutes", n),
    "month": lambda n: ngettext("%(count)s month", "%(count)s months", n),
    "year": lambda n: ngettext("%(count)s year", "%(count)s years", n),
    "shop": lambda n: ngettext("%(count)s shop", "%(count)s shops", n),
    "request": lambda n: ngettext("%(count)s request", "%(count)s requests", n),
    "message": lambda n: ngettext("%(count)s message", "%(count)s messages", n),
    "correction": lambda n: ngettext("%(count)s thing needs a correction", "%(count)s things need a correction", n),
    "bill": lambda n: ngettext("%(count)s bill", "%(count)s bills", n),
    "item": lambda n: ngettext("%(count)s item", "%(count)s items", n),
    "piece": lambda n: ngettext("%(count)s piece", "%(count)s pieces", n),
    "worker": lambda n: ngettext("%(count)s worker", "%(count)s workers", n),
    "obstacle": lambda n: ngettext("%(count)s obstacle", "%(count)s obstacles", n),
    "block": lambda n: ngettext("%(count)s block", "%(count)s blocks", n),
    "board": lambda n: ngettext("%(count)s board", "%(count)s boards", n),
    "renewal": lambda n: ngettext("%(count)s renewal", "%(count)s renewals", n),
    "face": lambda n: ngettext("%(count)s face", "%(count)s faces", n),
    "report": lambda n: ngettext("%(count)s report", "%(count)s reports", n),
    "file": lambda n: ngettext("%(count)s file", "%(count)s files", n),
    "plot": lambda n: ngettext("%(count)s plot", "%(count)s plots", n),
    "instalment": lambda n: ngettext("%(count)s instalment", "%(count)s instalments", n),
}
WITHIN: dict[str, _Phrase] = {
    "day": lambda n: ngettext("within %(count)s day", "within %(count)s days", n),
    "working_day": lambda n: ngettext("within %(count)s working day", "within %(count)s working days", n),
    "hour": lambda n: ngettext("within %(count)s hour", "within %(count)s hours", n),
    "minute": lambda n: ngettext("within %(count)s minute", "within %(count)s minutes", n),
}


def counted(number: int, noun: str) -> str:
    """`3 days`, `يومان`: a number of a noun of COUNTED. Raises KeyError for another noun."""
    return COUNTED[noun](number) % {"count": f"{number:,}"}


def within(number: int, noun: str) -> str:
    """`within 2 hours`, `خلال ساعتين`: a number of a noun of WITHIN. Raises KeyError for another noun."""
    return WITHIN[noun](number) % {"count": f"{number:,}"}


def span(minutes: int) -> str:
    """`40 minutes`, `10 hours`, `10 hours and 5 minutes`: a length of time."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return counted(rest, "minute")
    if not rest:
        return counted(hours, "hour")
    return gettext("%(hours)s and %(minutes)s") % {"hours": counted(hours, "hour"), "minutes": counted(rest, "minute")}


def within_span(minutes: int) -> str:
    """`within 40 minutes`, `within 6 hours`, `within 3 days`: `minutes` in a suitable unit, rounded up."""
    if minutes < 60:
        return within(max(1, minutes), "minute")
    if minutes < 48 * 60:
        return within(-(-minutes // 60), "hour")
    return within(-(-minutes // 1440), "day")

"""The service catalogue, filled by the apps that offer the services."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from municipality.kernel.errors import Refused
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text


@dataclass(frozen=True)
class FeeLine:
    """One fee on a service card, with its article."""

    label_ar: str
    label_en: str
    fils: int
    article_ar: str
    article_en: str


@dataclass(frozen=True)
class ProcessingTimes:
    """How long studied requests took, in whole working days."""

    count: int
    half: int  # median
    ninety: int  # ninetieth percentile
    late: int  # per cent


@dataclass(frozen=True)
class ServiceEntry:
    """One municipal service; one that is not open has no `start`.

    `fees(today)` returns the fees of the rulebook, `promise(today)` the promised working days or None, `times()` how long the decided
    requests really took.
    """

    code: str
    icon: str
    name: Text
    summary: Text
    needs: Text
    order: int
    start: str = ""  # URL name
    workflow: str = ""
    fees: Callable[[dt.date], list[FeeLine]] | None = None
    promise: Callable[[dt.date], int | None] | None = None  # of requests that somebody studies
    times: Callable[[], ProcessingTimes | None] | None = None  # of requests that somebody studied
    at_once: Text = ""  # how long requests take that nobody studies, where there are such
    meanwhile: Text = ""  # where to go until it opens
    preview: tuple[str, Text] | None = None  # URL name and label of a page that is open before the service
    cost: Text = ""  # of a service without fees

    @property
    def opens_on(self) -> dt.date | None:
        """The announced day of its opening in the portal (setting SERVICE_OPENING_DAYS)."""
        day: dt.date | None = settings.SERVICE_OPENING_DAYS.get(self.code)
        return day

    @property
    def is_open(self) -> bool:
        return bool(self.start)


@dataclass(frozen=True)
class Terms:
    """The fees and promised working days of a service. `are_known` is False while no edition of its rules is in force."""

    fees: list[FeeLine]
    promise_days: int | None
    are_known: bool = True


def terms(entry: ServiceEntry, today: dt.date) -> Terms:
    """The terms of a service on a day; a missing edition does not raise, so that the home page is always there."""
    try:
        return Terms(entry.fees(today) if entry.fees else [], entry.promise(today) if entry.promise else None)
    except Refused as refusal:
        if refusal.code != "no_edition":
            raise
        return Terms([], None, are_known=False)


# By the code of the service.
CATALOGUE: Registry[ServiceEntry] = Registry()


def services() -> list[ServiceEntry]:
    """All services in the order of the home page."""
    return sorted(CATALOGUE.values(), key=lambda e: e.order)

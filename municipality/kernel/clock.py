"""The one clock. Instants are aware UTC datetimes; days are days of Asia/Kuwait (UTC+3, no DST)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

KUWAIT = ZoneInfo("Asia/Kuwait")
_travelled: ContextVar[dt.datetime | None] = ContextVar("travelled", default=None)


def now() -> dt.datetime:
    """The present instant, aware, in UTC; the travelled one inside `at`."""
    return _travelled.get() or dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """Today's date in Kuwait."""
    return now().astimezone(KUWAIT).date()


def day_of(instant: dt.datetime) -> dt.date:
    """The Kuwait day on which an instant falls."""
    return instant.astimezone(KUWAIT).date()


def start_of(day: dt.date) -> dt.datetime:
    """The instant, in UTC, at which a day of Kuwait begins."""
    return dt.datetime.combine(day, dt.time.min, KUWAIT).astimezone(dt.UTC)


@contextmanager
def at(instant: dt.datetime) -> Iterator[None]:
    """Let `now` answer `instant` inside the block. Used to tell demo stories that lie in the past, and by tests."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    token = _travelled.set(instant.astimezone(dt.UTC))
    try:
        yield
    finally:
        _travelled.reset(token)

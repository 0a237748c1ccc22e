"""The one clock. Instants are aware UTC datetimes; days are days of Asia/Kuwait (UTC+3, no DST).

On PostgreSQL the database's clock decides: each process compares its own with it whenever it opens a connection
(municipality/jobs/clocks.py) and counts on from there by its monotonic clock, which nobody can set.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

KUWAIT = ZoneInfo("Asia/Kuwait")
TRUSTED = dt.timedelta(seconds=1)  # two right clocks of one network differ by less
_compared: tuple[dt.datetime, float] | None = None  # an instant, and what the monotonic clock of this process said then
_travelled: ContextVar[dt.datetime | None] = ContextVar("travelled", default=None)
_offset = dt.timedelta()  # from the machine's clock; tests alone set one


def now() -> dt.datetime:
    """The present instant, aware, in UTC; the travelled one inside `at`."""
    return _travelled.get() or from_machine(_counted())


def _own() -> dt.datetime:
    """What this machine's clock says."""
    return dt.datetime.now(dt.UTC)


def _counted() -> dt.datetime:
    if _compared is None:
        return _own()
    instant, then = _compared
    return instant + dt.timedelta(seconds=time.monotonic() - then)


def compare(database: dt.datetime) -> None:
    """Take over what the database's clock says now, unless this machine's agrees with it."""
    global _compared
    then, own = time.monotonic(), _own()
    _compared = (own if abs(own - database) < TRUSTED else database), then


def apart() -> dt.timedelta:
    """How far this machine's clock is ahead of the database's; zero until it was compared."""
    return _own() - _counted()


def today() -> dt.date:
    """Today's date in Kuwait."""
    return now().astimezone(KUWAIT).date()


def day_of(instant: dt.datetime) -> dt.date:
    """The Kuwait day on which an instant falls."""
    return instant.astimezone(KUWAIT).date()


def start_of(day: dt.date) -> dt.datetime:
    """The instant, in UTC, at which a day of Kuwait begins."""
    return dt.datetime.combine(day, dt.time.min, KUWAIT).astimezone(dt.UTC)


def from_machine(instant: dt.datetime) -> dt.datetime:
    """What this clock shows when the machine's shows `instant`: that of files, of the database, of rows that Django itself writes."""
    return instant + _offset


def to_machine(instant: dt.datetime) -> dt.datetime:
    """What the machine's clock shows when this one shows `instant`."""
    return instant - _offset


def set_apart(offset: dt.timedelta) -> None:
    """Let the clock of this process differ from the machine's. Only settings of tests call this: a test run begins at a fixed instant."""
    global _offset
    _offset = offset


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

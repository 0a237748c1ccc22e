"""The clock of the portal. Instants are aware UTC datetimes; days are days of Asia/Kuwait (UTC+3, no DST).

On PostgreSQL the database's clock decides: each process compares its own with it whenever it opens a connection
(municipality/jobs/clocks.py) and adds what its monotonic clock, which cannot be set, has counted since.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

KUWAIT = ZoneInfo("Asia/Kuwait")
TRUSTED_SKEW = dt.timedelta(seconds=1)  # two right clocks of one network differ by less
_reference: tuple[dt.datetime, float] | None = None  # an instant, and the monotonic clock of this process at that instant
_override: ContextVar[dt.datetime | None] = ContextVar("clock_override", default=None)
_offset = dt.timedelta()  # from the machine's clock; set by tests only


def now() -> dt.datetime:
    """The present instant, aware, in UTC; inside `at`, the instant given there."""
    return _override.get() or from_machine(_database_now())


def _machine_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _database_now() -> dt.datetime:
    if _reference is None:
        return _machine_now()
    instant, monotonic = _reference
    return instant + dt.timedelta(seconds=time.monotonic() - monotonic)


def compare(database: dt.datetime) -> None:
    """Count from `database`, the present instant by the database's clock, unless this machine's clock agrees with it."""
    global _reference
    monotonic, machine = time.monotonic(), _machine_now()
    _reference = (machine if abs(machine - database) < TRUSTED_SKEW else database), monotonic


def skew() -> dt.timedelta:
    """How far this machine's clock is ahead of the database's; zero before the first comparison."""
    return _machine_now() - _database_now()


def today() -> dt.date:
    """Today's date in Kuwait."""
    return now().astimezone(KUWAIT).date()


def day_of(instant: dt.datetime) -> dt.date:
    """The Kuwait day on which an instant falls."""
    return instant.astimezone(KUWAIT).date()


def start_of(day: dt.date) -> dt.datetime:
    """The instant, in UTC, at which a day of Kuwait begins."""
    return dt.datetime.combine(day, dt.time.min, KUWAIT).astimezone(dt.UTC)


def end_of(day: dt.date) -> dt.datetime:
    """The last instant, in UTC, of a day of Kuwait: a time that is given in days ends with its last one."""
    return start_of(day + dt.timedelta(days=1)) - dt.timedelta.resolution


def from_machine(instant: dt.datetime) -> dt.datetime:
    """The instant by this clock when the machine's clock, which files, the database and Django's own rows use, shows `instant`."""
    return instant + _offset


def to_machine(instant: dt.datetime) -> dt.datetime:
    """The instant by the machine's clock when this clock shows `instant`."""
    return instant - _offset


def set_offset(offset: dt.timedelta) -> None:
    """Let the clock of this process differ from the machine's. For the settings of tests: a test run begins at a fixed instant."""
    global _offset
    _offset = offset


@contextmanager
def at(instant: dt.datetime) -> Iterator[None]:
    """Let `now` return `instant` inside the block. For past rows of the demo, and for tests."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    token = _override.set(instant.astimezone(dt.UTC))
    try:
        yield
    finally:
        _override.reset(token)

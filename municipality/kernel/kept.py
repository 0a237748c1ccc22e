"""What a process has read and keeps for some seconds: for facts that every page asks for and that change by the hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Generic, TypeVar

from municipality.kernel import clock

T = TypeVar("T")


class Kept(Generic[T]):
    """Calls `read` at most once in `seconds` and hands out what it gave. Each process has its own: a dead cache changes nothing.

    `seconds` is asked every time; at 0 nothing is kept. What was read is shared by all threads: nobody changes it.
    """

    def __init__(self, read: Callable[[], T], seconds: Callable[[], float]) -> None:
        self._read, self._seconds = read, seconds
        self._has: tuple[dt.datetime, T] | None = None

    def __call__(self) -> T:
        now, has = clock.now(), self._has
        if has is None or not dt.timedelta() <= now - has[0] < dt.timedelta(seconds=self._seconds()):
            has = self._has = now, self._read()
        return has[1]

    def forget(self) -> None:
        """Read again at the next call."""
        self._has = None

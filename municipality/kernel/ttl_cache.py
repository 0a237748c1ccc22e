"""A cache with a lifetime in each process: for lists that many pages need and that change about every hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Generic, TypeVar

from municipality.kernel import clock

T = TypeVar("T")


class TTLCache(Generic[T]):
    """A function without arguments whose result is cached for `lifetime()` seconds; 0 caches nothing.

    `lifetime` is called at every call. All threads share the result and must not change it; two may call `read` at the same time.
    """

    def __init__(self, read: Callable[[], T], lifetime: Callable[[], float]) -> None:
        self._read, self._lifetime = read, lifetime
        self._entry: tuple[dt.datetime, T] | None = None

    def __call__(self) -> T:
        now, entry = clock.now(), self._entry
        if entry is None or not dt.timedelta() <= now - entry[0] < dt.timedelta(seconds=self._lifetime()):
            entry = self._entry = now, self._read()
        return entry[1]

    def cache_clear(self) -> None:
        """Call `read` again at the next call."""
        self._entry = None


def ttl_cache(lifetime: Callable[[], float]) -> Callable[[Callable[[], T]], TTLCache[T]]:
    """Decorator: `@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)`."""
    return lambda read: TTLCache(read, lifetime)

"""A cache for the duration of one request, for what a page needs several times. Outside a request nothing is cached."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")
_entries: ContextVar[dict[Hashable, Any] | None] = ContextVar("request_cache", default=None)
_outer_blocks: ContextVar[int] = ContextVar("request_cache_outer_blocks", default=0)


@contextmanager
def activate() -> Iterator[None]:
    """Use an empty cache inside the block, as `RequestCacheMiddleware` does for every request."""
    entries, outer_blocks = _entries.set({}), _outer_blocks.set(len(connection.atomic_blocks))
    try:
        yield
    finally:
        _entries.reset(entries)
        _outer_blocks.reset(outer_blocks)


def get_or_set(key: Hashable, read: Callable[[], T]) -> T:
    """The cached result of `read` under `key`; calls `read` if there is none.

    Inside a transaction `read` is called every time, since a transaction must decide by what it reads itself.
    """
    entries = _usable()
    if entries is None:
        return read()
    if key not in entries:
        entries[key] = read()
    entry: T = entries[key]
    return entry


def keeps() -> bool:
    """Whether `get_or_set` keeps what it reads: in a request, and not inside a transaction."""
    return _usable() is not None


def clear() -> None:
    """Empty the cache of this request: before a page is built after a failed write."""
    if (entries := _entries.get()) is not None:
        entries.clear()


def _usable() -> dict[Hashable, Any] | None:
    return None if _in_transaction() else _entries.get()


def _in_transaction() -> bool:
    """Whether an `atomic` block was entered since the cache was activated; one around the whole request, as in a test case, is none."""
    return len(connection.atomic_blocks) > _outer_blocks.get()

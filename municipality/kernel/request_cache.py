"""A cache for the duration of one request, for what a page needs several times. Outside a request nothing is cached."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")
_entries: ContextVar[dict[Hashable, Any] | None] = ContextVar("request_cache", default=None)


@contextmanager
def activate() -> Iterator[None]:
    """Use an empty cache inside the block, as `RequestCacheMiddleware` does for every request."""
    token = _entries.set({})
    try:
        yield
    finally:
        _entries.reset(token)


def get_or_set(key: Hashable, read: Callable[[], T]) -> T:
    """The cached result of `read` under `key`; calls `read` if there is none.

    Inside a transaction `read` is called every time, since a transaction must decide by what it reads itself.
    """
    entries = _entries.get()
    if entries is None or _in_transaction():
        return read()
    if key not in entries:
        entries[key] = read()
    entry: T = entries[key]
    return entry


def clear() -> None:
    """Empty the cache of this request: before a page is built after a failed write."""
    if (entries := _entries.get()) is not None:
        entries.clear()


def _in_transaction() -> bool:
    """Whether a transaction is open, not counting the one around a test case (as Django's `atomic(durable=True)` does)."""
    blocks: list[Any] = connection.atomic_blocks
    return bool(blocks) and not blocks[-1]._from_testcase

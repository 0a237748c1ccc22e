"""One cache for each request: what a page asks for several times is read once. Outside a request nothing is cached."""

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
    """Inside the block `get_or_set` caches, beginning empty. `RequestCacheMiddleware` puts it round every request."""
    token = _entries.set({})
    try:
        yield
    finally:
        _entries.reset(token)


def get_or_set(key: Hashable, read: Callable[[], T]) -> T:
    """What `read` returned the first time in this request.

    Inside a transaction `read` is called every time: what a transaction decides, it decides by what it read itself.
    """
    entries = _entries.get()
    if entries is None or _in_transaction():
        return read()
    if key not in entries:
        entries[key] = read()
    found: T = entries[key]
    return found


def clear() -> None:
    """Forget what this request has read, before a page is built after a write that failed."""
    if (entries := _entries.get()) is not None:
        entries.clear()


def _in_transaction() -> bool:
    """Whether a transaction is open; the one around a test case does not count, as for Django's `atomic(durable=True)`."""
    blocks: list[Any] = connection.atomic_blocks
    return bool(blocks) and not blocks[-1]._from_testcase

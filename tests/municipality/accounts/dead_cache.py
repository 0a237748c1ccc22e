"""A cache server that is down."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.cache.backends.base import BaseCache


class DeadCache(BaseCache):
    """Every call fails, as Redis does when it is away."""

    def __init__(self, *args: Any) -> None:
        super().__init__({})

    def _fail(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ConnectionError("the cache is away")

    add = get = set = touch = delete = clear = _fail

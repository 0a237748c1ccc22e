"""What somebody else commits between two statements of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def acting_before(statement: str, act: Callable[[], Any]) -> Iterator[None]:
    """Carry out `act` once, before the first statement of the block with this text. Raises AssertionError where none has it."""
    done: list[str] = []

    def execute(run: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if statement in sql and not done:
            done.append(sql)
            act()
        return run(sql, *arguments)

    with connection.execute_wrapper(execute):
        yield
    assert done, f"no statement has {statement}"

"""Handlers and schedules, declared in each app's `tasks.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

QUEUES = ("urgent", "documents", "messages", "bulk")
# Seconds after a job's limit at which Celery ends its process, if the job did not end when the limit interrupted it.
END_AFTER = 15
Handler = Callable[..., Any]


@dataclass(frozen=True)
class Kind:
    name: str
    handler: Handler
    queue: str
    time_limit: int  # seconds
    given_up: Handler | None = None


@dataclass(frozen=True)
class Schedule:
    name: str
    seconds: int


KINDS: dict[str, Kind] = {}
SCHEDULES: dict[str, Schedule] = {}


def job(name: str, *, queue: str = "urgent", time_limit: int = 60, given_up: Handler | None = None) -> Callable[[Handler], Handler]:
    """Declare the handler of a kind. It takes ids by keyword, returns at once if the work is done already.

    `time_limit` is in seconds. `given_up` takes the same ids; it is called, in the transaction that gives the job up, when no
    further try follows, so that what waited for the job does not wait for ever.
    """
    if queue not in QUEUES:
        raise ValueError(f"no such queue: {queue}")

    def declare(handler: Handler) -> Handler:
        if name in KINDS and KINDS[name].handler.__qualname__ != handler.__qualname__:
            raise ValueError(f"job {name} is declared twice")
        KINDS[name] = Kind(name, handler, queue, time_limit, given_up)
        return handler

    return declare


def every(name: str, *, seconds: int, queue: str = "bulk", time_limit: int = 60) -> Callable[[Handler], Handler]:
    """Declare a handler without ids that runs once in each slot of `seconds`, whatever number of beats there are."""

    def declare(handler: Handler) -> Handler:
        SCHEDULES[name] = Schedule(name, seconds)
        return job(name, queue=queue, time_limit=time_limit)(handler)

    return declare

"""The handlers and schedules that apps declare in their `tasks.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

QUEUES = ("urgent", "documents", "messages", "bulk")
# Seconds after a job's limit at which Celery ends its process, if the job did not end when the limit interrupted it.
END_AFTER = 15
Handler = Callable[..., Any]


@dataclass(frozen=True)
class JobKind:
    name: str
    handler: Handler
    queue: str
    time_limit: int  # seconds
    given_up: Handler | None = None
    at_once: bool = True


@dataclass(frozen=True)
class Schedule:
    name: str
    seconds: int


JOB_KINDS: dict[str, JobKind] = {}
SCHEDULES: dict[str, Schedule] = {}


def job(
    name: str, *, queue: str = "urgent", time_limit: int = 60, given_up: Handler | None = None, at_once: bool = True
) -> Callable[[Handler], Handler]:
    """Decorator: declare the handler of a kind. It takes ids by keyword and must do nothing if the work is done already.
    A service function that is the whole handler is declared by `job(name)(function)`.

    `time_limit` is in seconds. `given_up` takes the same ids; it is called in the transaction in which the job becomes dead. Without
    `at_once` the next tick, within a second, dispatches the job instead of the request that enqueues it, for work nobody waits for.
    """
    if queue not in QUEUES:
        raise ValueError(f"no such queue: {queue}")

    def declare(handler: Handler) -> Handler:
        if name in JOB_KINDS and JOB_KINDS[name].handler.__qualname__ != handler.__qualname__:
            raise ValueError(f"job {name} is declared twice")
        JOB_KINDS[name] = JobKind(name, handler, queue, time_limit, given_up, at_once)
        return handler

    return declare


def every(name: str, *, seconds: int, queue: str = "bulk", time_limit: int = 60) -> Callable[[Handler], Handler]:
    """Decorator: declare a handler without arguments that runs once in each slot of `seconds`, however many beats run."""

    def declare(handler: Handler) -> Handler:
        SCHEDULES[name] = Schedule(name, seconds)
        return job(name, queue=queue, time_limit=time_limit)(handler)

    return declare

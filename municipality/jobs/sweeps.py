"""Periodic work on many rows, each of which stands alone: what fails is told, and holds nothing else up."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection, transaction

from municipality.jobs.errors import SomeFailed

log = logging.getLogger(__name__)
K = TypeVar("K")
# What failed in the job that runs here: a sentence each, and the trace of the first. None outside a job.
_failures: ContextVar[list[str] | None] = ContextVar("jobs_failures", default=None)


def for_each(what: str, keys: Iterable[K], work: Callable[[K], int]) -> int:
    """Call `work` for every key, each time in a transaction of its own. Returns the sum of what the calls returned; True counts one.

    A call that raises is taken back alone: it is logged, and the job in which this runs fails when its handler has ended, so that
    staff find it among the failed jobs and it is tried again. `what` names the work there, as `violations.lapse`. Raises what ends
    the whole run: the job's own limit of time, and a connection to the database that is lost.
    """
    done = 0
    for key in keys:
        try:
            with transaction.atomic():
                done += int(work(key))
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            if isinstance(error, InterfaceError | OperationalError) and not connection.is_usable():
                raise
            log.exception("%s of %s failed; the others go on", what, key)
            _note(f"{what} of {key}: {type(error).__name__}: {error}")
    return done


def _note(sentence: str) -> None:
    failures = _failures.get()
    if failures is not None:
        failures.append(sentence if failures else f"{traceback.format_exc()}\n{sentence}")


@contextmanager
def collect_failures() -> Iterator[None]:
    """The run of one job: raises SomeFailed at its end where `each` met failures within."""
    failures: list[str] = []
    token = _failures.set(failures)
    try:
        yield
    finally:
        _failures.reset(token)
    if failures:
        raise SomeFailed("\n".join([*failures, f"{len(failures)} failed, the others are done"]))

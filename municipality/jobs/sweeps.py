"""Periodic work on many rows, each in its own transaction: a row that fails does not affect the others."""

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
# Descriptions of the failures in the present job, the first with its traceback. None outside a job.
_failures: ContextVar[list[str] | None] = ContextVar("jobs_failures", default=None)


def for_each(what: str, keys: Iterable[K], work: Callable[[K], int]) -> int:
    """Call `work` for every key, each time in its own transaction. Returns the sum of the results; True counts 1.

    A call that raises is rolled back alone and logged; the present job then fails when its handler has ended (`collect_failures`), so
    that it is visible to staff and tried again. `what` names the work in log and job, such as `violations.lapse`. Raises what ends the
    whole run: SoftTimeLimitExceeded of the job, and errors of a lost database connection.
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
    """Context of one job: raises SomeFailed at its end if `for_each` had failures inside."""
    failures: list[str] = []
    token = _failures.set(failures)
    try:
        yield
    finally:
        _failures.reset(token)
    if failures:
        raise SomeFailed("\n".join([*failures, f"{len(failures)} failed, the others are done"]))

"""The time a job may take, kept in every kind of worker: processes, threads, and the command that runs jobs by hand."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded

from municipality.jobs.errors import TooLong

# Seconds after the limit: a process worker is first interrupted by signal (a wait inside C hears nothing else), then ended.
SIGNAL_AFTER, END_AFTER = 2, 15
OVER = (TooLong, SoftTimeLimitExceeded)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Run the block for at most `seconds`; then TooLong is raised in it, at its next step of Python.

    A wait inside C (a socket, a sleep) ends first. In a process worker Celery's own limits, set beside this one by `tasks.ring`,
    cut such a wait short as well; in a thread nothing can, so whoever waits there needs a timeout of its own.
    """
    target = ctypes.c_ulong(threading.get_ident())
    lock = threading.Lock()
    ended = False

    def strike() -> None:
        with lock:
            if not ended:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(target, ctypes.py_object(TooLong))

    timer = threading.Timer(seconds, strike)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:  # a strike that is felt here still leaves as TooLong; one that was not felt yet is taken back
        with lock:
            ended = True
        ctypes.pythonapi.PyThreadState_SetAsyncExc(target, None)
        timer.cancel()

"""Requests that a live server answers in threads of its own: a page that a test has left may still be sending, and writing."""

from __future__ import annotations

import threading
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started

PATIENCE = 60  # seconds
_running = 0
_changed = threading.Condition()


def wait_until_over() -> None:
    """Wait until the live server answers no request. Raises TimeoutError after a minute."""
    with _changed:
        if not _changed.wait_for(lambda: _running == 0, PATIENCE):
            raise TimeoutError(f"{_running} requests of a live server do not end")


def _count(number: int, sender: Any) -> None:
    global _running
    # Not Django's test client, nor what calls the application in the test's own thread and may leave its answer open.
    in_server = threading.current_thread() is not threading.main_thread()
    if in_server and isinstance(sender, type) and issubclass(sender, WSGIHandler):
        with _changed:
            _running += number
            _changed.notify_all()


def _started(sender: Any, **values: Any) -> None:
    _count(1, sender)


def _finished(sender: Any, **values: Any) -> None:
    _count(-1, sender)


request_started.connect(_started)
request_finished.connect(_finished)

"""The same moment in several threads, each with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import QuerySet


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act returned or raised, begun at the same instant."""
    start, ends = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int) -> None:
        try:
            start.wait()
            ends[number] = acts[number]()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            ends[number] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=copy_context().run, args=(run, number)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


PATIENCE = 2.0  # seconds in which the second worker comes to the same lines, if nothing keeps it away


class Race:
    """The first worker stops inside its batch until the second one is there too, or has had its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any, point: str) -> None:
        self.inside, self.other, self.errors = threading.Event(), threading.Event(), [""] * 2
        self.met = False
        inner: Callable[[str], None] = module.failpoint

        def stop(name: str) -> None:
            if name == point and not self.inside.is_set():
                self.inside.set()
                self.met = self.other.wait(PATIENCE)
            elif name == point:
                self.other.set()
            inner(name)

        monkeypatch.setattr(module, "failpoint", stop)

    def run(self, work: Callable[[], object]) -> list[str]:
        """Both do the work, the second one while the first is inside. Returns how each failed, empty where it did not."""

        def act(number: int) -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - told to the test
                self.errors[number] = f"{type(error).__name__}: {error}"
            finally:
                connections.close_all()

        first, second = (threading.Thread(target=act, args=(number,)) for number in (0, 1))
        first.start()
        assert self.inside.wait(20)
        second.start()
        for thread in (first, second):
            thread.join(30)
            assert not thread.is_alive()
        return self.errors


def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)

"""Two workers at one file at the same moment, on two connections: each line is read once and taken once.

A sheet may well have two jobs at once: one that was stopped goes on by a job of its own, and a lease that ran out belongs to somebody
else while the old worker still writes. The red control takes the lock of the file away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.db.models import QuerySet

from municipality.audit.models import AuditEvent
from municipality.imports import services
from municipality.imports.models import ImportFile
from tests.municipality.imports.conftest import Example

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LINES = 6
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


def batch(file: ImportFile) -> bool:
    """Half of the file, and a promise of the rest."""
    return services.take(file_id=file.pk, size=LINES // 2, seconds=0)


def lines(example: Example) -> list[list[int]]:
    """First and last line of each batch in the record."""
    rows = AuditEvent.objects.filter(action=f"{example.kind}.taken").order_by("data__first_line")
    return [[act.data["first_line"], act.data["last_line"]] for act in rows]


def test_two_workers_take_each_line_once(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    file = example.released(example.sheet(*range(LINES)))
    race = Race(monkeypatch, services, "import.taken")
    assert race.run(lambda: batch(file)) == ["", ""] and not race.met
    file.refresh_from_db()
    assert (example.made(), file.added, file.left_out, file.confirmed) == (LINES, LINES, 0, 0)
    assert lines(example) == [[2, 4], [5, 7]], "the second worker went on behind the first"


def test_without_the_lock_of_the_file_a_batch_is_taken_up_twice(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control: the second worker comes to the same lines, and only unique keys stop it."""
    file = example.released(example.sheet(*range(LINES)))
    race = Race(monkeypatch, services, "import.taken")
    without_lock(monkeypatch)
    [refused] = filter(None, race.run(lambda: batch(file)))
    assert refused.startswith("IntegrityError")
    assert example.made() == LINES // 2 and lines(example) == [[2, 4]], "the lines behind were taken by nobody"


def test_two_workers_read_each_line_once(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    file = example.load(example.sheet(*range(LINES)))
    race = Race(monkeypatch, services, "import.checked")
    assert race.run(lambda: services.check(file_id=file.pk)) == ["", ""] and not race.met
    file.refresh_from_db()
    assert (file.read, file.to_add, services.rows(file).count()) == (LINES, LINES, LINES)
    assert AuditEvent.objects.filter(action=f"{example.kind}.checked").count() == 1


def test_without_the_lock_the_database_itself_refuses_to_keep_a_line_twice(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control: the second reader comes to the same lines, and only their unique key stops it."""
    file = example.load(example.sheet(*range(LINES)))
    race = Race(monkeypatch, services, "import.checked")
    without_lock(monkeypatch)
    errors = race.run(lambda: services.check(file_id=file.pk))
    assert sorted(map(bool, errors)) == [False, True] and services.rows(file).count() == LINES

"""Two workers at one file at the same moment, on two connections: each line is read once and taken once.

A sheet may well have two jobs at once: one that was stopped goes on by a job of its own, and a lease that ran out belongs to somebody
else while the old worker still writes. The red control takes the lock of the file away.
"""

from __future__ import annotations

import pytest

from municipality.audit.models import AuditEvent
from municipality.imports import services
from municipality.imports.models import ImportFile
from tests.municipality.imports.conftest import Example
from tests.threads import Race, without_lock

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LINES = 6


def batch(file: ImportFile) -> bool:
    """Half of the file, and a promise of the rest."""
    return services.apply_released(file_id=file.pk, size=LINES // 2, seconds=0)


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
    first = example.first
    assert lines(example) == [[first, first + 2], [first + 3, first + 5]], "the second worker went on behind the first"


def test_without_the_lock_of_the_file_a_batch_is_taken_up_twice(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control: the second worker comes to the same lines, and only unique keys stop it."""
    file = example.released(example.sheet(*range(LINES)))
    race = Race(monkeypatch, services, "import.taken")
    without_lock(monkeypatch)
    [refused] = filter(None, race.run(lambda: batch(file)))
    assert refused.startswith("IntegrityError")
    assert example.made() == LINES // 2 and lines(example) == [[example.first, example.first + 2]], "the lines behind were taken by nobody"


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

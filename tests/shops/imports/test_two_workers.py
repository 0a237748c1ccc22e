"""Two workers at one sheet of the register at the same moment, on two connections: each line is read once and taken once.

A sheet may well have two jobs at once: one that was stopped goes on by a job of its own, and a lease that ran out belongs to somebody
else while the old worker still writes. The red control takes the lock of the file away.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.db.models import QuerySet

from municipality.audit.models import Act
from shops.imports import applying, services
from shops.models import RegisterChange, RegisterFile, RegisterRow, Shop, ShopEvent
from tests.shops.imports.sheets import sheet

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
SHOPS = 6
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


def loaded(make_shop: Callable[..., Shop], clerk: Any) -> RegisterFile:
    """A sheet in which known shops move to another street."""
    known = [make_shop() for _ in range(SHOPS)]
    lines = [
        {"commercial_license_no": shop.commercial_license_no, "street": "77", "name_ar": shop.name_ar, "name_en": shop.name_en}
        for shop in known
    ]
    return services.load(content=sheet(*lines), name="register.csv", loaded_by=clerk)


def released(make_shop: Callable[..., Shop], clerk: Any, keeper: Any) -> RegisterFile:
    file = loaded(make_shop, clerk)
    services.check(file_id=file.pk)
    services.release(file=file, released_by=keeper)
    return file


def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)


def batch(file: RegisterFile) -> bool:
    """Half of the sheet, and a promise of the rest."""
    return services.take(file_id=file.pk, size=SHOPS // 2, seconds=0)


def told() -> list[int]:
    """How often the sheet moved each shop that it moved, by its events; the changes say the same."""
    events = Counter(ShopEvent.objects.filter(kind="moved").values_list("shop", flat=True))
    assert events == Counter(RegisterChange.objects.filter(name="address").values_list("shop", flat=True))
    return sorted(events.values())


def lines() -> list[list[int]]:
    """First and last line of each batch in the record."""
    rows = Act.objects.filter(action="register.taken").order_by("data__first_line")
    return [[act.data["first_line"], act.data["last_line"]] for act in rows]


def test_two_workers_take_each_line_once(make_shop: Callable[..., Shop], clerk: Any, keeper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = released(make_shop, clerk, keeper)
    race = Race(monkeypatch, applying, "register.written")
    assert race.run(lambda: batch(file)) == ["", ""] and not race.met
    assert told() == [1] * SHOPS and RegisterFile.objects.get().left_out == 0
    assert lines() == [[2, 4], [5, 7]], "the second worker went on behind the first"


def test_without_the_lock_of_the_file_a_batch_is_taken_up_twice(
    make_shop: Callable[..., Shop], clerk: Any, keeper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control: the second worker comes to the same lines, and only the unique key of changes stops it."""
    file = released(make_shop, clerk, keeper)
    race = Race(monkeypatch, applying, "register.written")
    without_lock(monkeypatch)
    [refused] = filter(None, race.run(lambda: batch(file)))
    assert "shops_change_once" in refused
    assert told() == [1] * (SHOPS // 2) and lines() == [[2, 4]], "the lines behind were taken by nobody"


def test_two_workers_read_each_line_once(make_shop: Callable[..., Shop], clerk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = loaded(make_shop, clerk)
    race = Race(monkeypatch, services, "register.checked")
    assert race.run(lambda: services.check(file_id=file.pk)) == ["", ""] and not race.met
    row = RegisterFile.objects.get()
    assert (row.read, row.to_change, RegisterRow.objects.count()) == (SHOPS, SHOPS, SHOPS)
    assert Act.objects.filter(action="register.checked").count() == 1


def test_without_the_lock_the_database_itself_refuses_to_keep_a_line_twice(
    make_shop: Callable[..., Shop], clerk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control: the second reader comes to the same lines, and only their unique key stops it."""
    file = loaded(make_shop, clerk)
    race = Race(monkeypatch, services, "register.checked")
    without_lock(monkeypatch)
    errors = race.run(lambda: services.check(file_id=file.pk))
    assert sorted(map(bool, errors)) == [False, True] and RegisterRow.objects.count() == SHOPS

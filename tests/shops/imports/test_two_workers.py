"""Two workers at one sheet of the register on two connections: what known shops leave behind is written once (the rest is in
tests/municipality/imports). The red control takes the lock of the file away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from municipality.imports import services
from municipality.imports.models import ImportFile
from shops.imports import writer
from shops.models import RegisterChange, Shop, ShopEvent
from tests.shops.imports.sheets import sheet
from tests.threads import Race, without_lock

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
SHOPS = 6


def loaded(make_shop: Callable[..., Shop], clerk: Any) -> ImportFile:
    """A sheet in which known shops move to another street."""
    known = [make_shop() for _ in range(SHOPS)]
    lines = [
        {"commercial_license_no": shop.commercial_license_no, "street": "77", "name_ar": shop.name_ar, "name_en": shop.name_en}
        for shop in known
    ]
    return services.load("register", content=sheet(*lines), name="register.csv", loaded_by=clerk)


def released(make_shop: Callable[..., Shop], clerk: Any, keeper: Any) -> ImportFile:
    file = loaded(make_shop, clerk)
    services.check(file_id=file.pk)
    services.release(file=file, released_by=keeper)
    return file


def batch(file: ImportFile) -> bool:
    """Half of the sheet, and a promise of the rest."""
    return services.apply_released(file_id=file.pk, size=SHOPS // 2, seconds=0)


def told() -> list[int]:
    """How often the sheet moved each shop that it moved, by its events; the changes say the same."""
    events = Counter(ShopEvent.objects.filter(kind="moved").values_list("shop", flat=True))
    assert events == Counter(RegisterChange.objects.filter(name="address").values_list("shop", flat=True))
    return sorted(events.values())


def lines() -> list[list[int]]:
    """First and last line of each batch in the record."""
    rows = AuditEvent.objects.filter(action="register.taken").order_by("data__first_line")
    return [[act.data["first_line"], act.data["last_line"]] for act in rows]


def test_two_workers_take_each_line_once(make_shop: Callable[..., Shop], clerk: Any, keeper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = released(make_shop, clerk, keeper)
    race = Race(monkeypatch, writer, "register.written")
    assert race.run(lambda: batch(file)) == ["", ""] and not race.met
    assert told() == [1] * SHOPS and ImportFile.objects.get().left_out == 0
    assert lines() == [[2, 4], [5, 7]], "the second worker went on behind the first"


def test_without_the_lock_of_the_file_a_batch_is_taken_up_twice(
    make_shop: Callable[..., Shop], clerk: Any, keeper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control: the second worker comes to the same lines, and only the unique key of changes stops it."""
    file = released(make_shop, clerk, keeper)
    race = Race(monkeypatch, writer, "register.written")
    without_lock(monkeypatch)
    [refused] = filter(None, race.run(lambda: batch(file)))
    assert "shops_change_once" in refused
    assert told() == [1] * (SHOPS // 2) and lines() == [[2, 4]], "the lines behind were taken by nobody"

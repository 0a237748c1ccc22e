"""What apps tell the apps below them."""

from __future__ import annotations

import pytest

from municipality.kernel.registry import Registry


def test_entries_stand_in_the_order_of_registration_and_once() -> None:
    entries: Registry[int] = Registry()
    entries.register("b", 2)
    entries.register("a", 1)
    entries.register("b", 2)  # an app that is made ready twice says the same again
    assert list(entries.items()) == [("b", 2), ("a", 1)]


def test_a_name_that_another_entry_has_is_refused() -> None:
    entries: Registry[int] = Registry()
    entries.register("a", 1)
    with pytest.raises(ValueError, match="a is registered already"):
        entries.register("a", 2)
    assert entries["a"] == 1


def test_an_incomplete_entry_is_refused() -> None:
    def check(name: str, entry: int) -> None:
        if entry < 0:
            raise ValueError(f"{name} is below zero")

    entries: Registry[int] = Registry(check)
    with pytest.raises(ValueError, match="below zero"):
        entries.register("a", -1)
    assert "a" not in entries

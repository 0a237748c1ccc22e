"""Registries: what an app tells the apps below it, which do not import it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Registry(dict[str, T]):
    """Entries by name, in the order in which the apps registered them in `AppConfig.ready`.

    `check`, if given, takes the name and the entry and raises ValueError for an incomplete entry.
    """

    def __init__(self, check: Callable[[str, T], None] | None = None) -> None:
        super().__init__()
        self._check = check

    def register(self, name: str, entry: T) -> None:
        """Add an entry. Raises ValueError if another entry has the name, and what `check` raises."""
        if self._check is not None:
            self._check(name, entry)
        if self.setdefault(name, entry) != entry:
            raise ValueError(f"{name} is registered already")

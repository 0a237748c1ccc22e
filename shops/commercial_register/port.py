"""What the portal asks of the commercial register, whatever it speaks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

CODE = "moci"  # of the feed, and the source of facts


class RegisterAway(Exception):
    """No good answer; `code` is one of `models.OutageCode`. Nothing is known and nothing may be written."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


class CursorTooOld(Exception):
    """The register keeps no changes from so far back: everything must be read from the beginning."""


@dataclass(frozen=True)
class Page:
    """Changes in the order of the register, as it wrote them; `cursor` stands behind the last, `asked_at` is when it was asked for."""

    entries: tuple[dict[str, Any], ...]
    cursor: str
    has_more: bool
    asked_at: dt.datetime


class CommercialRegister(Protocol):
    """Says what changed, and what stands on one licence."""

    def changes(self, after: str, limit: int) -> Page:
        """The changes behind a cursor; behind the empty one every licence there is. Raises RegisterAway, CursorTooOld."""
        ...

    def licence(self, number: str) -> dict[str, Any] | None:
        """One licence as it stands now; None where the register does not know it. Raises RegisterAway."""
        ...


def is_connected() -> bool:
    """Whether an address is set."""
    return bool(settings.MOCI_URL)


def register() -> CommercialRegister:
    """The adapter that MOCI_ADAPTER names."""
    adapter: CommercialRegister = import_string(settings.MOCI_ADAPTER)()
    return adapter

"""The interface of the commercial register, whatever its protocol."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

CODE = "moci"  # of the feed, and `Shop.facts_source`


class RegisterAway(Exception):
    """No valid answer; `code` is one of `models.OutageCode`. Nothing may be written."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


class CursorTooOld(Exception):
    """The register no longer has changes from that far back: read everything from the beginning."""


@dataclass(frozen=True)
class Page:
    """Changes as delivered, in order; `cursor` is after the last one, `asked_at` the time of the request."""

    entries: tuple[dict[str, Any], ...]
    cursor: str
    has_more: bool
    asked_at: dt.datetime


class CommercialRegister(Protocol):
    """Delivers changes, and single licences."""

    def changes(self, after: str, limit: int) -> Page:
        """The changes after a cursor; all licences after "". Raises RegisterAway, CursorTooOld."""
        ...

    def licence(self, number: str) -> dict[str, Any] | None:
        """The current entry of a licence; None if unknown. Raises RegisterAway."""
        ...


def is_connected() -> bool:
    """Whether MOCI_URL is set."""
    return bool(settings.MOCI_URL)


def register() -> CommercialRegister:
    """The adapter that MOCI_ADAPTER names."""
    adapter: CommercialRegister = import_string(settings.MOCI_ADAPTER)()
    return adapter

"""What services above the register tell it: the licence of each shop, what of it is open, and which findings stand on its page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shops.models import LicenceState, Shop


@dataclass(frozen=True)
class LicenceFact:
    """The present licence of a shop: its number, its state without regard to the day, and its last day."""

    number: str
    state: LicenceState
    end: dt.date | None


# Each is asked for many shops (by primary key) at once.
LICENCES: list[Callable[[Sequence[int]], dict[int, LicenceFact]]] = []

# Sentences about what is open of a shop in a service above, and must end before another entry may stand for it.
MATTERS: list[Callable[[Shop], list[Any]]] = []


def licences_of(shops: Sequence[int]) -> dict[int, LicenceFact]:
    """The present licence of each shop that has one."""
    found: dict[int, LicenceFact] = {}
    for provider in LICENCES:
        found |= provider(shops)
    return found


@dataclass(frozen=True)
class FindingFact:
    """A finding that stands on the page of a shop (by primary key), with the day on which it was made."""

    key: str
    shop: int
    name_ar: str
    name_en: str
    on: dt.date
    standing: Any  # in words


# Kind of subject → the finding with an id, or None where none is published (any more).
FINDINGS: dict[str, Callable[[str], FindingFact | None]] = {}


def finding_of(key: str) -> FindingFact | None:
    """A published finding by its subject key."""
    kind, _colon, public_id = key.partition(":")
    ask = FINDINGS.get(kind)
    return ask(public_id) if ask else None

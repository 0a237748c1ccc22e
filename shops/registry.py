"""Registries for the services above: licences, open matters and findings of a shop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from municipality.kernel.registry import Registry
from shops.models import LicenceState, Shop


@dataclass(frozen=True)
class LicenceFact:
    """The current licence of a shop: its number, its state without regard to the day, its last day, and the numbers of those before it."""

    number: str
    state: LicenceState
    end: dt.date | None
    before: tuple[str, ...] = ()


# Each takes many shops (primary keys).
LICENCES: Registry[Callable[[Sequence[int]], dict[int, LicenceFact]]] = Registry()

# Each returns texts about open matters of a shop, which forbid that it is merged into another one.
OPEN_MATTERS: Registry[Callable[[Shop], list[Any]]] = Registry()

# Each returns texts about what has not ended of a shop and follows it to another holder, such as an unpaid violation.
FOLLOWING: Registry[Callable[[Shop], list[Any]]] = Registry()

# Each gives the primary keys of those shops about which something may still become payable (an objection under study, a way to the court):
# until that has ended, their licence does not pass to another holder, whom it would follow with the shop.
OPEN_SUMS: Registry[Callable[[Sequence[Shop]], set[int]]] = Registry()


def licences_of(shops: Sequence[int]) -> dict[int, LicenceFact]:
    """The current licence of each shop that has one."""
    facts: dict[int, LicenceFact] = {}
    for provider in LICENCES.values():
        facts |= provider(shops)
    return facts


def with_open_sums(shops: Sequence[Shop]) -> set[int]:
    """Primary keys of those of some shops about which something may still become payable."""
    return {pk for provider in OPEN_SUMS.values() for pk in provider(shops)}


@dataclass(frozen=True)
class FindingFact:
    """A published finding with its day, and the shop (by primary key) whose holder may reply to it."""

    key: str
    shop: int
    name_ar: str
    name_en: str
    on: dt.date
    standing: Any  # text of its status


# Kind of subject → a function from public id to the finding, or None where it is not published.
FINDINGS: Registry[Callable[[str], FindingFact | None]] = Registry()


def finding_of(key: str) -> FindingFact | None:
    """The published finding with a subject key."""
    kind, _colon, public_id = key.partition(":")
    find = FINDINGS.get(kind)
    return find(public_id) if find else None

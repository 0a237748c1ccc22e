"""What services above the register tell it: licences, what is open of a shop, findings on its page, and sets of the open data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from municipality.kernel.registry import Registry
from shops.models import LicenceState, Shop


@dataclass(frozen=True)
class LicenceFact:
    """The present licence of a shop: its number, its state without regard to the day, and its last day."""

    number: str
    state: LicenceState
    end: dt.date | None


# Each is asked for many shops (by primary key) at once.
LICENCES: Registry[Callable[[Sequence[int]], dict[int, LicenceFact]]] = Registry()

# Sentences about what is open of a shop in a service above, and must end before another entry may stand for it.
MATTERS: Registry[Callable[[Shop], list[Any]]] = Registry()


def licences_of(shops: Sequence[int]) -> dict[int, LicenceFact]:
    """The present licence of each shop that has one."""
    found: dict[int, LicenceFact] = {}
    for provider in LICENCES.values():
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
FINDINGS: Registry[Callable[[str], FindingFact | None]] = Registry()


def finding_of(key: str) -> FindingFact | None:
    """A published finding by its subject key."""
    kind, _colon, public_id = key.partition(":")
    ask = FINDINGS.get(kind)
    return ask(public_id) if ask else None


@dataclass(frozen=True)
class Field:
    """One column of the open data. `kind` is text, integer, number, day or choice; `source` is where a set of one query reads it."""

    name: str
    kind: str
    label: Any
    note: Any
    source: str = ""
    may_be_null: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenSet:
    """One set of the open data: what it is called, its columns, and its rows.

    The first column, `id`, tells a row from another. `rows(day)` gives values in the order of the columns, days as ISO 8601, and holds
    no more than a chunk of them; it is read in one transaction. A set with `latitude` and `longitude` is also written as GeoJSON.
    """

    key: str  # begins the names of its files
    title: Any
    about: Any
    counted: Any  # what a row is, in the plural
    keywords: tuple[Any, ...]
    theme: str  # code of the data themes of the European Union
    columns: tuple[Field, ...]
    rows: Callable[[dt.date], Iterator[Sequence[Any]]]
    has_changes: bool = False  # the feed of changes tells of its rows

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that make sense for it."""
        has_place = {"latitude", "longitude"} <= set(self.names)
        return ("csv", "jsonl", "geojson") if has_place else ("csv", "jsonl")


# By key, in the order of the page.
OPEN_SETS: Registry[OpenSet] = Registry()

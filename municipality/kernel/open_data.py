"""The datasets of the open data, which every service registers; `shops.open_data` writes and describes their files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from municipality.kernel.registry import Registry


@dataclass(frozen=True)
class DatasetField:
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
    """One dataset of the open data: its title, its columns, and its rows.

    The first column, `id`, identifies a row. `rows(day)` yields values in the order of the columns, days as ISO 8601, and holds at
    most a chunk of them in memory; it is read in one transaction.
    A set with `latitude` and `longitude` is also written as GeoJSON; one with `outline`, the text of a geometry of GeoJSON or None,
    with that geometry.
    """

    key: str  # prefix of the names of its files
    title: Any
    about: Any
    counted: Any  # name of the rows, in the plural
    keywords: tuple[Any, ...]
    theme: str  # code of the data themes of the European Union
    columns: tuple[DatasetField, ...]
    rows: Callable[[dt.date], Iterator[Sequence[Any]]]
    has_changes: bool = False  # whether the feed of changes covers its rows

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def formats(self) -> tuple[str, ...]:
        """The file formats of the set."""
        has_place = {"latitude", "longitude"} <= set(self.names)
        return ("csv", "jsonl", "geojson") if has_place or self.has_outline else ("csv", "jsonl")

    @property
    def has_outline(self) -> bool:
        return "outline" in self.names


# By key, in the order of the page.
OPEN_SETS: Registry[OpenSet] = Registry()

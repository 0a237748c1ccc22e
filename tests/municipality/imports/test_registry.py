"""Kinds are registered once, and a reader of another source takes the place of the sheet's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from municipality.imports import services
from municipality.imports.registry import IMPORT_KINDS, Row
from municipality.kernel import sheets
from tests.municipality.imports.conftest import Example

pytestmark = pytest.mark.django_db


def test_every_kind_has_a_sentence_for_each_problem_of_the_platform_and_columns_that_its_reader_knows() -> None:
    for kind in IMPORT_KINDS.values():
        assert {"twice_in_file"} <= kind.problems.keys()
        assert {kind.key, *kind.reader.needed, *kind.pages.notes} <= kind.reader.columns.keys()
        assert set(kind.applies) <= set(kind.pages.labels)


class JsonReader:
    """Lines of JSON, each an object with the columns of a sheet."""

    media, accept, max_bytes, needed = "application/json", ".json", 100_000, ()

    def __init__(self, columns: Any) -> None:
        self.columns = columns
        self.skipped: list[int] = []

    def inspect(self, content: bytes) -> tuple[str, int]:
        return "utf-8", len(content.splitlines())

    def rows(self, content: bytes, skip: int = 0) -> Iterator[Row]:
        self.skipped.append(skip)
        return islice(((number, json.loads(line), False) for number, line in enumerate(content.splitlines(), 1)), skip, None)


@pytest.mark.parametrize("example", ["paper", "register"], indirect=True)  # those of sheets
def test_another_reader_yields_numbered_rows_and_goes_on_behind_those_that_were_read(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = IMPORT_KINDS[example.kind]
    layout: Any = kind.reader
    lines = [cells for _line, cells, _extra in layout.rows(example.sheet(1, 2, 3))]
    reader = JsonReader(layout.columns)
    monkeypatch.setitem(IMPORT_KINDS, example.kind, replace(kind, reader=reader))
    assert isinstance(layout, sheets.Layout)
    file = example.read("\n".join(map(json.dumps, lines)).encode())
    assert (file.lines, file.to_add) == (3, 3)
    file = example.load(("\n".join(map(json.dumps, lines)) + "\n").encode())
    reader.skipped.clear()
    while services.check(file_id=file.pk, size=2, seconds=0):
        pass
    assert reader.skipped == [0, 2] and list(services.rows(file).order_by("line").values_list("line", flat=True)) == [1, 2, 3]

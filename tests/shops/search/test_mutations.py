"""The judged queries are what the frozen seeds make: nobody bent one of them to suit the search."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.shops.search import mutations

HERE = Path(__file__).parent


@pytest.mark.parametrize(("name", "seed"), [("judged.csv", mutations.FIRST), ("judged_second.csv", mutations.SECOND)])
def test_the_queries_of_a_file_are_those_of_its_seed(name: str, seed: str) -> None:
    with (HERE / name).open(encoding="utf8", newline="") as lines:
        kept = [mutations.Query(row["kind"], row["text"], int(row["number"])) for row in csv.DictReader(lines)]
    assert kept == mutations.queries(seed)
    assert len(kept) >= 300


def test_a_larger_register_begins_with_the_same_shops() -> None:
    few, many = list(mutations.judged_register(50)), list(mutations.judged_register(80))
    assert many[:50] == few

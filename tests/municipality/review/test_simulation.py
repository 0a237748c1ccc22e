"""Reliability goal A6: a thousand cases and thirty officers, and not one case out of turn; and what an unfair queue looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.models import QuerySet

from municipality.accounts.models import User
from municipality.kernel import guards
from municipality.review import invariants, out_of_turn, queries, replay
from municipality.review.models import Assignment, QueueEntry
from tests.conftest import Clock
from tests.municipality.review import permits, simulation
from tests.municipality.review.permits import furnish

CASES, OFFICERS = 1000, 30
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def branches(db: None, frozen_clock: Clock) -> Iterator[list[simulation.Branch]]:
    with permits.offered():
        office = furnish()
        giver: User = office.supervisor
        yield [simulation.furnish(code, OFFICERS // 3, seed, giver=giver) for seed, code in enumerate(("KU", "JA", "FA"), 1)]


def test_a_thousand_cases_and_thirty_officers_without_an_inversion(branches: list[simulation.Branch], frozen_clock: Clock) -> None:
    happened: Counter[str] = Counter()
    for branch in branches:
        happened += simulation.run(branch, CASES // len(branches) + 1)
        frozen_clock.set(branch.now)
    for what in ("given back", "absences", "crashes", "asked", "answered", "overrides", "signed", "accepted"):
        assert happened[what], (what, happened)
    assert Assignment.objects.count() > CASES
    assert list(out_of_turn.inversions()) == []
    assert [line for line in invariants.findings() if "moved up" not in line] == []
    assert any(row.overtaken for row in replay.assignments() if row.overridden)
    left = QueueEntry.objects.filter(state="left").count()
    assert left >= 0.95 * CASES, QueueEntry.objects.order_by().values_list("state").distinct()


def test_assignment_by_lot_shows_hundreds_of_inversions(branches: list[simulation.Branch], monkeypatch: pytest.MonkeyPatch) -> None:
    """Red control: the same queue without its guards, and with an assignment of any case."""
    fair = queries.assignable

    def by_lot(officer: User) -> QuerySet[QueueEntry]:
        return fair(officer).order_by("?")

    connection.check_constraints()
    guards.remove(connection)
    monkeypatch.setattr(queries, "assignable", by_lot)
    simulation.run(branches[0], 150)
    found = list(out_of_turn.inversions())
    passed = sum(len(row.overtaken) for row in replay.assignments() if not row.overridden)
    assert len(found) > 50 and passed > 500, (len(found), passed)
    assert any("without an override" in line for line in invariants.findings())

"""The last days of reporters before the rulebook has an edition about reports."""

from __future__ import annotations

import datetime as dt

import pytest

from municipality.incidents import relief
from municipality.incidents.models import Incident
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.places.seeds import load_places
from reports import deadlines, queries
from tests.conftest import Clock
from tests.factories import report_steps, reports
from tests.factories.incidents import IncidentFactory
from tests.factories.inspections import inspector
from tests.factories.rulebook import publish_rulebook

pytestmark = pytest.mark.django_db


def results(first: dt.date, last: dt.date) -> list[int]:
    return [found.thing for found in deadlines.KINDS[deadlines.SOLVED].due(first, last)]


def test_before_the_first_edition_no_result_is_to_be_judged_and_an_incident_goes_on(
    frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of deadline is asked when an incident ends: one that refused would keep the others from moving."""
    load_places()
    publish_rulebook("limits.incidents")
    with pytest.raises(Refused, match="no_edition"):
        queries.limits()
    assert results(clock.today(), clock.today() + dt.timedelta(days=99)) == []
    first, second = IncidentFactory(), IncidentFactory()
    relief.relieve(first.pk)
    assert Incident.objects.get(pk=first.pk).relieved_at is not None
    unguarded = deadlines.Deadlines("", lambda *_days: iter([queries.limits()]), lambda *_moved: True, lambda moved: [])  # type: ignore[arg-type]
    monkeypatch.setitem(relief.DEADLINES, deadlines.SOLVED, unguarded)
    with pytest.raises(Refused, match="no_edition"):
        relief.relieve(second.pk)
    assert Incident.objects.get(pk=second.pk).relieved_at is None, "without the guard no deadline of anybody moves"


@pytest.mark.usefixtures("rules")
def test_with_an_edition_a_result_is_to_be_judged_until_its_last_day() -> None:
    inspector("first", "HA")
    report_steps.closed(reports.assigned())
    last = clock.today() + dt.timedelta(days=queries.limits()["solved_days"])
    assert len(results(last, last)) == 1
    assert results(last + dt.timedelta(days=1), last + dt.timedelta(days=9)) == results(clock.today(), last - dt.timedelta(days=1)) == []

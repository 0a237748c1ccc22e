"""What the pages of the desk ask of the database: at most fifteen times, and as often for many cases as for few."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.kernel import clock
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services import desk, staff
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import BOARD, CONFLICTS, NEXT, OWN, PEOPLE, SIGN, case_url
from tests.municipality.review.permits import Office

pytestmark = pytest.mark.django_db


def _costs(office: Office, client: Client, supervisor: Client, cases: int) -> dict[str, int]:
    """Statements of each page of the desk with so many more cases: all but the last wait for their applicant."""
    for _ in range(cases + 4):
        permits.sent(office.applicant)
    for _ in range(cases):
        client.post(NEXT)
        row = Assignment.objects.get(officer=office.officer, on_desk=True)
        desk.ask_corrections(assignment=row, items=[desk.CorrectionRequest("file_expired", "lease")])
    permits.answer(QueueEntry.objects.get(pk=row.place_id), lease=f"sha-{row.pk}")
    client.post(NEXT)
    row = Assignment.objects.get(officer=office.officer, on_desk=True)
    desk_acts.checked(row)
    case = row.place.case
    asked = {
        **{f"officer {url}": (client, url) for url in ("/admin/", OWN)},
        **{f"supervisor {url}": (supervisor, url) for url in ("/admin/", PEOPLE, CONFLICTS, BOARD)},
        "officer, a case": (client, case_url(case)),
        "supervisor, a case": (supervisor, case_url(case)),
    }
    costs = {name: _cost(who, url) for name, (who, url) in asked.items()}
    desk.propose_refusal(assignment=desk_acts.checked(row), code="layout_changed")
    return costs | {"to sign": _cost(supervisor, SIGN), "officer, a proposed case": _cost(client, case_url(case))}


def test_pages_of_the_desk_ask_the_database_at_most_fifteen_times_however_many_cases_there_are(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.warm(monkeypatch)
    client, supervisor = signed_in(office.officer), signed_in(office.supervisor)
    few = _costs(office, client, supervisor, 2)
    many = _costs(office, client, supervisor, 14)
    assert Assignment.objects.filter(officer=office.officer, ended_at__isnull=True).count() == 16
    assert many == few
    assert max(many.values()) <= 15, many


def test_absences_that_have_begun_are_asked_about_once_for_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    serving.warm(monkeypatch)
    client, today, costs = signed_in(office.supervisor), clock.today(), []
    for days in range(3):
        until = today + dt.timedelta(days=days)
        staff.enter_absence(officer=office.supervisor, kind="sick", first_day=today, last_day=until, entered_by=office.supervisor)
        costs.append((_cost(client, OWN), _cost(client, PEOPLE)))
    assert len(set(costs)) == 1, costs


def _cost(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    counted = [q["sql"] for q in asked.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    if len(counted) > 15:
        print(url, *counted, sep="\n")
    return len(counted)

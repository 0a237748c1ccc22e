"""The reports of the benchmark are like those that the portal received."""

from __future__ import annotations

import pytest

from municipality.places import seeds as places
from reports.models import Report, ReportEvent
from reports.open311 import request_list
from reports.open311.parameters import read_list
from tests.factories import inspections
from tests.factories.rulebook import publish_rulebook
from tools.benchmarks import report_rows, reports
from tools.benchmarks.client import Ask

pytestmark = [pytest.mark.django_db, pytest.mark.guards]


def test_copies_are_whole_reports() -> None:
    from django.http import QueryDict

    places.load_places()
    publish_rulebook()
    inspections.inspector("mine", "HA")
    assert report_rows.copy(30) == 29 and Report.objects.count() == 30
    assert Report.objects.values("latitude", "longitude").distinct().count() == 30
    assert ReportEvent.objects.filter(subject__last_event__isnull=False).count() == 30
    found, _more = request_list.find(read_list(QueryDict("updated_after=2020-01-01"), set()))
    assert len(request_list.documents(found, extended=True)) == 30


def test_a_photo_has_about_the_size_asked_for() -> None:
    photo = reports._photo(30_000)
    assert 30_000 <= len(photo) < 60_000 and photo[:2] == b"\xff\xd8"
    sent = reports.Posted("/x", {}, None, reports._body("key", 1, photo)).raw("portal")
    assert isinstance(reports.Posted("/x"), Ask) and photo in sent and sent.startswith(b"POST /x HTTP/1.1\r\n")

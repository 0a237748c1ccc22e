"""The same report of another system at the same instant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.uploads.models import Upload
from reports.models import Report, ReportPhoto
from reports.open311 import keys, sending
from tests.factories import report_photos
from tests.factories.accounts import StaffFactory
from tests.published_rules import publish_rules
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("device", ["", "&device_id=x"])
def test_it_is_stored_once_with_one_photo_and_everybody_is_told_its_number(settings: Any, tmp_path: Path, device: str) -> None:
    settings.VAR_DIR = tmp_path
    publish_rules()
    _row, key = keys.make(name="Ahmadi", contact="-", per_hour=1000, by=StaffFactory(groups=["operator"]))
    form = QueryDict(f"api_key={key}&service_code=waste&lat=29.3328&long=48.0283&description=x{device}")
    photo = report_photos.camera(1)

    def send() -> Any:
        return sending.receive(QueryDict(), form, MultiValueDict({"media": [report_photos.file(photo)]}))

    ends = at_once(*[send] * 8)
    assert all(isinstance(end, tuple) for end in ends), ends
    assert len({received.report.pk for received, _notices in ends}) == sum(received.is_new for received, _notices in ends) == 1
    assert Report.objects.count() == ReportPhoto.objects.count() == Upload.objects.count() == 1
    assert Job.objects.filter(kind__in=["reports.assign", "reports.public_copy", "uploads.inspect"]).count() == 3
    assert AuditEvent.objects.filter(action="report.received").count() == 1

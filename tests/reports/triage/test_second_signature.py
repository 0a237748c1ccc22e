"""What is said of a result that a photo alone does not prove: before it is sent, when it is refused, and to who signs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.places.models import Area
from reports.intake.services import ReportPlace
from reports.models import Closure, Report, ReportPhoto
from tests.browsers import signed_in
from tests.factories import reports

pytestmark = pytest.mark.django_db
HERE = {"latitude": "29.3328", "longitude": "48.0283"}
TICKED = re.compile(r'<input[^>]* name="asks_signature"[^>]* checked')
NO_PLACE = "ليس للبلاغ موقع دقيق على الخريطة"


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture
def nowhere(inspectors: list[User], told: Any, store: Path) -> Report:
    """A report of an area, without a place on the map."""
    return reports.assigned(place=ReportPlace(source="address", area=Area.objects.get(name_en="Hawalli"), block="3", street="12"))


def url(row: Report) -> str:
    return f"/admin/eye/{row.public_id}/"


def closing(row: Report, photo: bytes = b"", **more: str) -> dict[str, Any]:
    now = clock.now().isoformat()
    sent = {"step": "close", "client_key": str(uuid4()), "seen_at": now, "written_at": now, "report": row.public_id, "code": "fixed"}
    files = {"photo": SimpleUploadedFile("after.jpg", b"\xff\xd8\xff" + photo, "image/jpeg"), "photo_at": now} if photo else {}
    return {**sent, **HERE, **files, **more}


def test_a_report_without_a_place_says_before_the_photo_that_another_person_signs(row: Report, nowhere: Report) -> None:
    page = signed_in(nowhere.inspector).get(url(nowhere)).content.decode()
    assert TICKED.search(page) and page.index(NO_PLACE) < page.index('id="close_photo"')
    page = signed_in(row.inspector).get(url(row)).content.decode()
    assert not TICKED.search(page) and NO_PLACE not in page and "لازمة، ما لم يُطلب توقيع شخص آخر" in page


def test_no_photo_is_asked_for_where_none_can_help_and_the_same_one_is_taken_with_a_signature(nowhere: Report) -> None:
    client = signed_in(nowhere.inspector)
    for photo in (b"", b"the same"):
        refused = client.post(url(nowhere), closing(nowhere, photo))
        page = refused.content.decode()
        assert refused.status_code == 409 and f"{NO_PLACE}، فلا تكفي صورة وحدها لإقفاله. يُختار" in page
        assert "صورة جديدة" not in page and not nowhere.photos.exists()
    assert client.post(url(nowhere), closing(nowhere, b"the same", asks_signature="on")).status_code == 302
    assert Report.objects.get(pk=nowhere.pk).state == "countersign" and Closure.objects.get().photo is not None


def test_a_refused_photo_is_taken_with_a_signature_under_the_same_key(row: Report) -> None:
    """As the device sends it, whose form keeps the photo."""
    client, sent = signed_in(row.inspector), closing(row, b"far away", latitude="29.3428")
    refused = client.post("/admin/eye/sync/", sent)
    assert refused.status_code == 409 and "أو اختيار طلب توقيع شخص آخر مع الصورة نفسها" in refused.json()["sentence"]
    sent["photo"].seek(0)
    assert client.post("/admin/eye/sync/", {**sent, "asks_signature": "on"}).status_code == 201
    assert Report.objects.get(pk=row.pk).state == "countersign"


def test_without_a_photo_it_says_that_none_was_sent(row: Report) -> None:
    refused = signed_in(row.inspector).post(url(row), closing(row))
    assert refused.status_code == 409 and "لم تُرفق صورة. تلزم صورة من الموقع، أو اختيار طلب توقيع شخص آخر." in refused.content.decode()


@pytest.mark.parametrize(
    ("photo", "more", "why"),
    [
        (b"", {}, "بلا صورة للمكان، ولذلك"),
        (b"photo", {"latitude": "29.3428"}, "صورة على بعد 1112 م من مكان البلاغ"),
        (b"photo", {"latitude": "", "longitude": ""}, "لا يُعرف وقت التقاطها أو موقعه"),
    ],
)
def test_the_supervisor_reads_why_a_second_signature_is_needed(
    row: Report, supervisor: User, photo: bytes, more: dict[str, str], why: str
) -> None:
    signed_in(row.inspector).post(url(row), closing(row, photo, asks_signature="on", **more))
    page = signed_in(supervisor).get(url(row)).content.decode()
    assert why in page and ("نسخة صورتها قيد الإعداد" in page) == ("نسخة إحدى الصور قيد الإعداد" in page) == bool(photo)


def test_of_a_report_without_a_place_the_supervisor_reads_that_no_distance_is_measured(nowhere: Report, supervisor: User) -> None:
    signed_in(nowhere.inspector).post(url(nowhere), closing(nowhere, b"photo", asks_signature="on"))
    client = signed_in(supervisor)
    assert "لم يُقس بعدها لأن البلاغ بلا موقع دقيق" in client.get(url(nowhere)).content.decode()
    ReportPhoto.objects.update(blur="private")
    assert "لا تظهر صورتها لأحد" in client.get(url(nowhere)).content.decode()


def test_who_reported_cannot_be_asked_and_when_they_saw_it(inspectors: list[User], told: Any, store: Path) -> None:
    row = reports.assigned()  # without an account or a phone
    page = signed_in(row.inspector).get(url(row)).content.decode()
    assert "لا يمكن توجيه سؤال إلى المُبلِّغ" in page and "وقت مشاهدة المُبلِّغ" in page

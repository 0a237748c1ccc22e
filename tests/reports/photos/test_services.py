"""Photos of reports are kept once, without an owner, and become those of the report when it is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override
from PIL import Image

from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.uploads.models import DailyUploads, Upload
from municipality.uploads.refusals import PIXELS, FileRefused
from municipality.uploads.states import UploadState
from reports import queries
from reports.models import HeldPhoto, PhotoKind, ReportPhoto
from reports.photos import metadata, services
from reports.reporters.services import Sender
from tests.conftest import NOON
from tests.factories import report_photos, reports
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
Outbox = Callable[..., int]


def test_a_photo_that_is_too_large_to_be_opened_is_refused_for_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    assert metadata.read(report_photos.file()).pixels <= PIXELS, "the red control"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    assert metadata.read(report_photos.file()).pixels > PIXELS
    with pytest.raises(FileRefused) as refused:
        services.hold(str(uuid4()), report_photos.file())
    assert refused.value.code == "pixels"


def test_a_held_photo_becomes_one_of_the_report() -> None:
    key = str(uuid4())
    with clock.at(NOON):
        held = services.hold(key, report_photos.file())
        again = services.hold(key, report_photos.file())
        assert held.pk == again.pk and [row.pk for row in services.held(key)] == [held.pk]
        report = reports.received(Sender(person=UserFactory()), key=key)
    photo = ReportPhoto.objects.get(report=report)
    assert (photo.sha256, photo.upload_id, photo.kind) == (held.sha256, held.upload_id, PhotoKind.BEFORE)
    assert photo.captured_at == NOON - dt.timedelta(minutes=30)  # 11:30 in Kuwait, as the camera says
    assert (photo.latitude, photo.longitude) == (pytest.approx(29.3328, abs=1e-5), pytest.approx(48.0283, abs=1e-5))
    assert photo.upload.subject == report.subject_key and not HeldPhoto.objects.exists()
    assert services.attach_held(report) == []


def test_a_photo_has_no_owner_and_the_log_names_nobody() -> None:
    person, key = UserFactory(), str(uuid4())
    services.hold(key, report_photos.file(name="Noura.jpg"))
    reports.received(Sender(person=person), key=key)
    upload = Upload.objects.get()
    assert upload.name == "photo" and key not in str(list(AuditEvent.objects.values()))
    assert (upload.owner, upload.sent_by) == (None, None) and not DailyUploads.objects.exists()
    assert person.public_id not in str(list(AuditEvent.objects.values()))
    with pytest.raises(IntegrityError), transaction.atomic():
        Upload.objects.create(sent_by=person, subject="report:1", slot="before", name="x", size=1, touched_at=NOON, created_at=NOON)


def test_the_limits_are_those_of_the_report() -> None:
    key = str(uuid4())
    for seed in range(6):
        services.hold(key, report_photos.file(report_photos.camera(seed)))
    with pytest.raises(FileRefused, match="slot_full"):
        services.hold(key, report_photos.file(report_photos.camera(9)))
    services.drop_held(key, services.held(key)[2].upload.public_id)
    services.hold(key, report_photos.file(report_photos.camera(9)))
    report = reports.received(key=key)
    assert report.photos.count() == 6
    with pytest.raises(FileRefused, match="slot_full"):
        services.hold(key, report_photos.file(report_photos.camera(10)))


def test_of_a_report_that_was_sent_nobody_is_told_to_remove_a_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    report, limits = reports.received(), queries.limits()
    monkeypatch.setattr(queries, "limits", lambda: limits | {"photos": 1})
    services.add(report, PhotoKind.AFTER, report_photos.file())
    with pytest.raises(FileRefused, match="slot_full") as refusal:
        services.add(report, PhotoKind.AFTER, report_photos.file(report_photos.camera(2)))
    with override("en"):
        assert "without another" in str(refusal.value.sentence)


def test_the_photos_of_a_report_are_not_too_large_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_MB", 1)
    with pytest.raises(FileRefused, match="report_full"):
        services.hold(str(uuid4()), report_photos.file())


@pytest.mark.parametrize(("content", "code"), [(b"", "empty"), (b"%PDF-1.7", "not_a_photo")])
def test_what_is_no_photo_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(FileRefused, match=code):
        services.hold(str(uuid4()), report_photos.file(content))


def test_the_key_is_a_uuid() -> None:
    with pytest.raises(Refused, match="bad_key"):
        services.hold("../x", report_photos.file())


def test_a_report_is_kept_although_a_photo_is_refused(outbox: Outbox, django_capture_on_commit_callbacks: Any) -> None:
    key = str(uuid4())
    services.hold(key, report_photos.file(b"\xff\xd8\xff broken"))
    services.hold(key, report_photos.file(report_photos.camera(2)))
    report = reports.received(key=key)
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    assert sorted(report.photos.values_list("upload__state", "blur")) == [("ready", "unsure"), ("refused", "private")]


def test_photos_that_were_never_sent_are_removed_after_their_days() -> None:
    limits = queries.limits()
    assert limits["held_days"] > limits["late_sync_days"]  # a report that a phone sends last of all still finds its photos
    with clock.at(NOON):
        services.hold(str(uuid4()), report_photos.file())
    with clock.at(NOON + dt.timedelta(days=limits["held_days"], hours=-1)):
        assert services.drop_old() == 0
    with clock.at(NOON + dt.timedelta(days=limits["held_days"], hours=1)):
        assert services.drop_old() == 1
    assert not HeldPhoto.objects.exists() and Upload.objects.get().state == UploadState.REMOVED


def test_a_photo_that_was_attached_meanwhile_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.at(NOON):
        held = services.hold(key := str(uuid4()), report_photos.file())
    reports.received(key=key)
    monkeypatch.setattr(services.sweeps, "for_each", lambda what, rows, work: work(held))
    assert not services.drop_old()
    assert Upload.objects.get().state == UploadState.CHECKING


def test_a_photo_is_added_once_with_the_place_of_the_camera() -> None:
    report = reports.received()
    with clock.at(NOON):
        photo = services.add(report, PhotoKind.AFTER, report_photos.file(), NOON, 29.0, 48.0)
        plain = report_photos.file(report_photos.camera(3, place=None))
        other = services.add(report, PhotoKind.AFTER, plain, NOON, 29.0, 48.0)
        assert services.add(report, PhotoKind.AFTER, report_photos.file()).pk == photo.pk
    assert photo.latitude == pytest.approx(29.3328, abs=1e-5) and photo.captured_at == NOON - dt.timedelta(minutes=30)
    assert (other.latitude, other.longitude) == (29.0, 48.0)

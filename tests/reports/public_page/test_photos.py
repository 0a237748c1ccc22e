"""Photos on the page of a report: only copies that everybody may see, before and after beside each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from municipality.kernel import clock
from reports.models import Report, ReportPhoto
from reports.photos import moderation, services
from reports.triage import services as triage
from tests.factories import report_photos, report_steps, reports
from tests.factories.accounts import StaffFactory


@pytest.fixture
def photos(outbox: Callable[..., int], settings: Any, tmp_path: Path) -> list[ReportPhoto]:
    """One before and one after, of a result that waits for a second signature, with copies that wait for an employee."""
    settings.VAR_DIR = tmp_path
    report, now = reports.assigned(), clock.now().astimezone(clock.KUWAIT)
    times = {"before": now - dt.timedelta(days=7), "after": now + dt.timedelta(minutes=1)}  # a clock that goes ahead: it was taken now
    made = [
        services.add(report, kind, report_photos.file(report_photos.camera(seed, time=f"{at:%Y:%m:%d %H:%M:%S}")))
        for seed, (kind, at) in enumerate(times.items(), start=1)
    ]
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    report_steps.proposed(report, photo=made[1])
    return list(ReportPhoto.objects.filter(pk__in=[one.pk for one in made]).order_by("pk"))


def test_photos_are_shown_once_they_may_be_seen(photos: list[ReportPhoto]) -> None:
    path, clerk = f"/en/reports/{photos[0].report.public_id}/", StaffFactory(groups=["intake"])
    content = Client().get(path).content.decode()
    assert '<h2 id="photos">' not in content and photos[0].public_id not in content
    assert "It is shown here after an employee has agreed." in content
    for photo in photos:
        moderation.judge(photo, user=clerk, blur="agreed")
    report_steps.signed(photos[0].report)
    Report.objects.filter(pk=photos[0].report_id).update(words_shown_at=clock.now())
    content = Client().get(path).content.decode()
    assert "It is shown here after an employee has agreed." not in content
    assert "Before and after" in content and "data-compare" in content
    assert content.index(f"/reports/photos/{photos[0].public_id}.jpg") < content.index(f"/reports/photos/{photos[1].public_id}.jpg")
    assert "An employee looks at each photo before it is shown" in content
    assert "Visit" in content  # the photo of the result was taken by an inspector there


@pytest.mark.parametrize("step", ["waits for a signature", "sent back"])
def test_the_photo_of_a_result_that_closed_nothing_is_not_shown_as_what_was_done(photos: list[ReportPhoto], step: str) -> None:
    """Control: it is shown once the report is closed with it."""
    report, clerk = photos[0].report, StaffFactory(groups=["intake"])
    for photo in photos:
        moderation.judge(photo, user=clerk, blur="agreed")
    if step == "sent back":
        supervisor = StaffFactory(supervisor=True, login="supervisor", branch=report.branch)
        triage.send_back(report=report, supervisor=supervisor, code="proof_unclear")
    path, address = f"/en/reports/{report.public_id}/", f"/en/reports/photos/{photos[1].public_id}.jpg"
    content = Client().get(path).content.decode()
    assert photos[0].public_id in content and photos[1].public_id not in content and "Before and after" not in content
    assert Client().get(address).status_code == 404
    assert photos[1].public_id not in Client().get(f"/open311/v2/requests/{report.number}.json?extensions=true").content.decode()
    if step == "sent back":
        report.refresh_from_db()
        report_steps.proposed(report, photo=photos[1])  # the same photo again, and now it is signed
    report_steps.signed(report)
    assert photos[1].public_id in Client().get(path).content.decode() and Client().get(address).status_code == 200


def test_photos_of_a_joined_report_stand_on_the_page_of_the_other(photos: list[ReportPhoto]) -> None:
    report, target = photos[0].report, reports.assigned()
    triage.send_back(report=report, supervisor=StaffFactory(supervisor=True, branch=report.branch), code="proof_unclear")
    report.refresh_from_db()
    moderation.judge(photos[0], user=StaffFactory(groups=["intake"]), blur="agreed")
    triage.merge(report=report, into=target, inspector=report.inspector, why="x")
    assert photos[0].public_id in Client().get(f"/en/reports/{target.public_id}/").content.decode()


def test_nobody_reads_at_which_minute_a_reporter_stood_there(photos: list[ReportPhoto], outbox: Callable[..., int]) -> None:
    report, clerk = photos[0].report, StaffFactory(groups=["intake"])
    taken = report_photos.file(report_photos.camera(3, time="2026:11:24 03:17:00"))
    photo = services.add(report, "before", taken)
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    moderation.judge(photo, user=clerk, blur="agreed")
    content = Client().get(f"/en/reports/{report.public_id}/").content.decode()
    assert photo.public_id in content and "2026-11-24" in content and "03:17" not in content

"""Reports of other systems: every kind of place, attributes, the key, and each report once."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from municipality.accounts.models import Throttle
from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.uploads.models import Upload
from reports import queries
from reports.models import HeldPhoto, Report, ReportPhoto
from reports.models.reporter import Reporter
from reports.open311 import sending
from reports.photos import services as photos
from reports.reporters import bans
from reports.reporters.services import Sender
from tests import serving
from tests.factories import report_photos
from tests.factories.accounts import StaffFactory
from tests.full_disk import full_disk
from tests.reports.open311.conftest import Other

pytestmark = pytest.mark.django_db


def sent(other: Other, **form: Any) -> Report:
    (answer,) = other.send(**form)
    return Report.objects.get(number=answer["service_request_id"])


def test_a_report_is_stored_with_what_was_said(other: Other) -> None:
    report = sent(other, **{"attribute[blocks_road]": "yes", "phone": "6555 0000", "email": "a@example.test"})
    assert (report.channel, report.category, report.words) == ("open311", "waste", "أنقاض & حجارة")
    assert report.answers == {"blocks_road": "yes"} and report.severity == "high"
    row = Reporter.objects.get(report=report)
    assert row.phone_cipher and row.person is None and "a@example" not in str(vars(row))


def test_every_kind_of_place(other: Other) -> None:
    nowhere = {"lat": None, "long": None}
    known = sent(other, **nowhere, address_string="السالمية، قطعة 5")
    assert known.area is not None and known.area.name_en == "Salmiya" and "قطعة 5" in known.place_note
    unknown = sent(other, **nowhere, address_string="خلف السوق القديم")
    assert unknown.area is None and unknown.place_note == "خلف السوق القديم"
    assert "12345678" in sent(other, **nowhere, address_id="12345678").place_note
    report = sent(other)
    assert report.latitude == 29.3328 and report.area is not None and report.area.name_en == "Hawalli" and report.branch is not None
    assert "Say where" in other.refused(**nowhere)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"lat": None}, "both"),
        ({"long": ""}, "both"),
        ({"lat": "91"}, "from 28.53 to 30.1"),
        ({"lat": "nan", "long": "inf"}, "from 28.53 to 30.1"),
        ({"description": "x" * 4001}, "4000"),
        ({"service_code": None}, "service_code"),
        ({"attribute[blocks_road]": "perhaps"}, "known are yes, no"),
        ({"attribute[blocks_road]": ["yes", "no"]}, "one value"),
        ({"service_code": "hazard"}, "fire_or_gas"),
        ({"service_code": "hazard", "attribute[fire_or_gas]": "yes"}, "112"),
        ({"address_id": "الرقم"}, "address_id"),
        ({"address_string": "x" * 161}, "160"),
    ],
)
def test_what_is_wrong_is_said(other: Other, form: dict[str, Any], said: str) -> None:
    assert said in other.refused(**form)
    assert not Report.objects.exists()


def test_the_longest_description_is_taken(other: Other) -> None:
    assert len(sent(other, description="ن" * 4000).words) == 4000


def test_a_wrong_service_or_key(other: Other) -> None:
    assert "No service" in other.refused(404, service_code="volcano")
    for key in (None, "", "wrong", "\x00"):
        assert "api_key" in other.refused(403, api_key=key)


def test_the_key_may_stand_in_the_address(other: Other) -> None:
    other.send(path=f"requests.json?api_key={other.key}#", api_key=None)
    assert Report.objects.count() == 1


@pytest.mark.parametrize("name", ["attribute[blocks_road]", "attribute[blocks_road][]", "attribute[blocks_road][0]"])
def test_attributes_with_and_without_brackets(other: Other, name: str) -> None:
    body = f"api_key={other.key}&service_code=waste&lat=29.3328&long=48.0283&{quote(name)}=yes&{quote(name)}=yes&attribute[x]=1"
    answer: Any = other.client.post("/open311/v2/requests.xml", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200, answer.content
    assert Report.objects.get().answers == {"blocks_road": "yes"}


def test_the_same_report_is_one(other: Other) -> None:
    first, again = other.send(), other.send()
    assert first == again and Report.objects.count() == 1
    other.send(description="أخرى")
    assert Report.objects.count() == 2
    own = {"attribute[fixmystreet_id]": "77"}
    first, again = other.send(**own), other.send(**own, description="sent again with its address behind it")
    assert first == again and Report.objects.count() == 3


@pytest.mark.parametrize("begins", [0, 1, 12, 23])  # hours after midnight in UTC
def test_the_same_words_a_day_later_are_another_report(other: Other, begins: int) -> None:
    """`repeat_hours` is counted from the receipt, whenever that was. Control: until then it is the same report, also on the next day."""
    first = dt.datetime(2026, 11, 24, begins, tzinfo=dt.UTC)
    for hours, number in ((0, 1), (23, 1), (25, 2), (47, 2)):
        with clock.at(first + dt.timedelta(hours=hours)):
            other.send()
            assert Report.objects.count() == number, hours


def test_photos_are_kept_under_any_of_their_names(other: Other) -> None:
    names = ("media", "media[]", "photo1", "file_2")
    files = {name: report_photos.file(report_photos.camera(seed)) for seed, name in enumerate(names)}
    (answer,) = other.send(**files, other=report_photos.file())
    report = Report.objects.get()
    assert len(photos.held(report.key)) + report.photos.count() == 4 and answer["service_notice"] is None
    assert other.get("requests")[0]["media_url"] is None  # nobody sees them before their public copy is made


def test_a_report_and_its_photo_take_few_statements(
    other: Other, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    """However large the photo is: it is stored with its report, in one transaction."""
    serving.warm(monkeypatch)
    sent(other, description="1")
    with django_assert_max_num_queries(13):
        other.send(description="2")
    with django_assert_max_num_queries(17):
        other.send(description="3", media=report_photos.file(report_photos.camera(1) + bytes(900_000)))
    with django_assert_max_num_queries(17):
        other.send(description="4", device_id="known")
    with django_assert_max_num_queries(21):
        other.send(description="5", device_id="known")
    assert Report.objects.count() == 5


def test_a_refused_photo_does_not_stop_the_report(other: Other) -> None:
    wrong = report_photos.file(b"%PDF-1.7 no photo", "photo.jpg")
    (answer,) = other.send(media=[wrong, report_photos.file()], photo1=report_photos.file(b""))
    assert answer["service_notice"] and Report.objects.count() == 1
    many = [report_photos.file(report_photos.camera(seed)) for seed in range(8)]
    (answer,) = other.send(media=many, description="many")
    assert "6" in answer["service_notice"] and Report.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"GIF89a no photo", "not accepted"), (b"\0\0\0\x20ftypheic no photo", "HEIC"), (b"words", "not accepted"), (b"", "empty")],
)
def test_a_file_that_is_no_photo_is_refused_before_anything_of_it_is_kept(other: Other, tmp_path: Path, content: bytes, said: str) -> None:
    (answer,) = other.send(media=[report_photos.file(content, "photo.jpg"), report_photos.file()])
    assert said in answer["service_notice"] and Report.objects.count() == 1
    assert Upload.objects.count() == ReportPhoto.objects.count() == len(list((tmp_path / "uploads" / "parts").iterdir())) == 1


def test_photos_are_inspected_and_copied_by_jobs_that_come_with_the_report(other: Other) -> None:
    report = sent(other, media=[report_photos.file(), report_photos.file(report_photos.camera(2))])
    kinds = sorted(Job.objects.exclude(kind="review.recompute_clocks").values_list("kind", flat=True))
    assert kinds == ["reports.assign", *2 * ["reports.public_copy"], *2 * ["uploads.inspect"]]
    assert {row.state for row in Upload.objects.all()} == {"checking"} and report.photos.count() == 2
    acts = AuditEvent.objects.filter(subject=report.subject_key).order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["report.received", "report.photo_added", "report.photo_added"]
    assert AuditEvent.objects.filter(action="upload.received").count() == 2


def test_of_whom_nothing_is_known_nothing_is_counted(other: Other) -> None:
    other.send()
    assert Throttle.objects.count() == 1  # that of the key
    other.send(description="2", device_id="x")
    assert Throttle.objects.count() == 4


def test_a_report_that_another_request_stores_at_the_same_time_is_found(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    first, found, asked = other.send(), sending._key, []

    def late(*facts: Any) -> tuple[str, bool]:
        asked.append(facts)
        key, is_new = found(*facts)
        return key, is_new or len(asked) == 1

    monkeypatch.setattr(sending, "_key", late)
    assert other.send(media=report_photos.file()) == first
    assert len(asked) == 2 and Report.objects.count() == 1 and not Upload.objects.exists()


def test_a_phone_that_is_none_and_a_picture_elsewhere_are_left_out(other: Other) -> None:
    (answer,) = other.send(phone="12", media_url="http://127.0.0.1/x.jpg")
    assert "media_url" in answer["service_notice"] and "phone number" in answer["service_notice"]
    assert not Reporter.objects.get().phone_cipher


def test_a_phone_that_another_system_gave_is_not_taken_for_a_confirmed_one(other: Other) -> None:
    """Or anybody could use up the messages and the limits of a stranger, or have them banned."""
    other.send(phone="6555 0000")
    row = Reporter.objects.get()
    assert row.phone_cipher and row.phone_digest and row.phone_digest not in Sender(phone="+96565550000").digests
    assert not Job.objects.filter(kind="reports.text").exists()


def test_nobody_is_stopped_by_a_report_of_which_the_other_system_names_nobody(other: Other) -> None:
    """Control: with an identity the sender is known again, so that a stop is of use."""
    clerk = StaffFactory(groups=["intake"], login="clerk")
    with pytest.raises(Refused, match="unknown_sender"):
        bans.make(report=sent(other), code="false_reports", by=clerk)
    assert bans.make(report=sent(other, account_id="17"), code="false_reports", by=clerk).who


def test_of_an_emergency_no_photo_is_kept(other: Other) -> None:
    refusal = other.refused(400, service_code="hazard", media=[report_photos.file()], **{"attribute[fire_or_gas]": "yes"})
    assert "112" in refusal and not HeldPhoto.objects.exists() and not Upload.objects.exists()


def test_of_a_report_that_is_not_taken_no_photo_is_kept(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = queries.in_force()
    rules.limits["per_day"] = 1
    monkeypatch.setattr(queries, "in_force", lambda: rules)
    other.send(description="1", device_id="x", media=report_photos.file())
    other.refused(429, description="2", device_id="x", media=report_photos.file(report_photos.camera(2)))
    assert Report.objects.count() == ReportPhoto.objects.count() == Upload.objects.count() == 1


def test_a_photo_that_comes_twice_is_one_and_comes_no_more_when_the_report_is_sent_again(other: Other) -> None:
    for _ in range(2):
        (answer,) = other.send(media=[report_photos.file(), report_photos.file()])
        assert answer["service_notice"] is None
    other.send(media=[report_photos.file(report_photos.camera(2))])
    assert Report.objects.count() == ReportPhoto.objects.count() == Upload.objects.count() == 1


def test_a_report_is_kept_where_there_is_no_room_for_its_photo(other: Other, settings: Any, tmp_path: Path) -> None:
    with full_disk(tmp_path / "small", room=8192) as folder:
        settings.VAR_DIR = folder
        (answer,) = other.send(media=report_photos.file(report_photos.camera(1) + os.urandom(200_000)))
        assert not list((folder / "uploads" / "parts").iterdir())
    assert answer["service_notice"]
    assert Report.objects.count() == 1 and not Upload.objects.exists() and not ReportPhoto.objects.exists()
    assert AuditEvent.objects.filter(action="store.no_room").count() == 1


def test_the_limit_of_a_key(other: Other) -> None:
    type(other.row).objects.filter(pk=other.row.pk).update(per_hour=2)
    other.send(description="1")
    other.send(description="2")
    assert "used up" in other.refused(429, description="3")
    answer: Any = other.client.post("/open311/v2/requests.xml", {"api_key": other.key})
    assert answer.status_code == 429 and 0 < int(answer["Retry-After"]) <= 3600
    assert Report.objects.count() == 2


def test_characters_that_xml_cannot_hold_are_left_out(other: Other) -> None:
    assert sent(other, description="a\x00b\x0bc\ufffe\r\nd").words == "abc\r\nd"


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/xml"])
def test_another_content_type_is_told_which(other: Other, kind: str) -> None:
    answer: Any = other.client.post("/open311/v2/requests.json", b"{}", content_type=kind)
    assert answer.status_code == 400 and b"x-www-form-urlencoded" in answer.content


def test_a_broken_multipart_body_is_no_error_of_ours(other: Other) -> None:
    for body in (b"--x", b"--x\r\n\r\n", b"", b"\xff" * 40):
        answer: Any = other.client.post("/open311/v2/requests.json", body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code in (400, 403) and answer["Content-Type"].startswith("application/json")

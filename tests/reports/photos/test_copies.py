"""What everybody sees of a photo: a copy without metadata that a person agreed to, and nothing of a hidden report."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.templatetags.portal import ref
from reports.models import ModeratedPart, Moderation, ReportPhoto
from reports.moderation import services as moderations
from reports.photos import copies, detector, moderation, queries, services
from reports.reporters.services import Sender
from reports.triage import queries as triage
from reports.triage import services as steps
from tests.browsers import signed_in
from tests.database_guards import assert_refused, gets_through, without_guards
from tests.factories import report_photos, reports
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.inspections import inspector
from tests.purposes import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo(outbox: Callable[..., int]) -> ReportPhoto:
    """A photo of a reporter with a name, its copy made."""
    report = reports.received(Sender(person=UserFactory()))
    made = services.add(report, "before", report_photos.file())
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    return ReportPhoto.objects.select_related("copy", "report", "upload").get(pk=made.pk)


def _url(photo: ReportPhoto) -> str:
    return reverse("reports:photo", args=[photo.public_id])


def test_a_copy_is_shown_once_an_employee_agreed(photo: ReportPhoto, client: Client) -> None:
    assert photo.blur == "unsure" and client.get(_url(photo)).status_code == 404
    moderation.judge(photo, user=StaffFactory(groups=["intake"]), blur="agreed")
    answer = client.get(_url(photo))
    assert (answer.status_code, answer["Content-Type"], answer["X-Content-Type-Options"]) == (200, "image/jpeg", "nosniff")
    assert answer["Content-Security-Policy"].startswith("sandbox;") and "no-store" in answer["Cache-Control"]
    assert list(queries.shown(photo.report)) == [photo]
    with pytest.raises(Refused, match="judged"):
        moderation.judge(photo, user=StaffFactory(groups=["intake"], login="second"), blur="private")


@pytest.mark.parametrize(("blur", "seen"), [("staff", True), ("private", False)])
def test_inspectors_see_what_the_public_does_not_and_nobody_what_would_tell_who_reported(
    photo: ReportPhoto, client: Client, blur: str, seen: bool
) -> None:
    inspector()
    steps.assign(photo.report)
    photo.report.refresh_from_db()
    assert photo.report.inspector is not None
    browser = signed_in(photo.report.inspector)
    url, page = reverse("admin:eye_photo", args=[photo.public_id]), reverse("admin:eye_report", args=[photo.report.public_id])
    assert browser.get(url).status_code == 404, "no machine searched it, and nobody has looked at it"
    signed_in(StaffFactory(groups=["intake"])).post(reverse("admin:report_photo_judge", args=[photo.public_id]), {"blur": blur})
    assert (browser.get(url).status_code == 200) is seen and (url in browser.get(page).content.decode()) is seen
    assert ("لا تظهر الصورة لأحد." in browser.get(page).content.decode()) is not seen
    assert client.get(_url(photo)).status_code == 404 and not queries.public_photos().exists()


def test_a_decision_names_its_photo_and_can_be_changed(photo: ReportPhoto) -> None:
    browser = signed_in(StaffFactory(groups=["intake"]))
    url = reverse("admin:report_photo_judge", args=[photo.public_id])
    told = browser.post(url, {"blur": "agreed"}, follow=True).content.decode()
    assert f"صورة البلاغ ({ref(photo.report.number)}): تظهر للجميع الآن." in told
    assert reverse("admin:report_photo", args=[photo.public_id]) in told and "قرارات حديثة" in told
    tries = (
        ("private", {}, "agreed"),
        ("x", {"change": "1"}, "agreed"),
        ("private", {"change": "1"}, "private"),
        ("private", {"change": "1"}, "private"),
        ("staff", {"change": "1"}, "staff"),
    )
    for asked, change, blur in tries:
        browser.post(url, {"blur": asked, **change})
        photo.refresh_from_db()
        assert photo.blur == blur


def test_a_photo_of_before_names_its_report_and_open_reports_come_first(photo: ReportPhoto, outbox: Callable[..., int]) -> None:
    later = services.add(reports.received(words="كرسي مكسور"), "before", report_photos.file(report_photos.camera(seed=2)))
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    inspector()
    steps.assign(photo.report)
    photo.report.refresh_from_db()
    assert photo.report.inspector is not None
    steps.merge(report=photo.report, into=later.report, inspector=photo.report.inspector, why="x")
    ReportPhoto.objects.filter(pk=later.pk).update(reused=photo)
    assert [one.pk for one in queries.most_urgent()] == [later.pk, photo.pk]
    page = signed_in(StaffFactory(groups=["intake"])).get(reverse("admin:report_photos")).content.decode()
    assert reverse("admin:report_moderation", args=[photo.report.public_id]) in page and "كرسي مكسور" in page
    assert page.count(reverse("admin:report_photo_picture", args=[photo.public_id, "copy"])) == 2, "on its own and beside the later one"


def test_who_decides_on_a_report_sees_its_photo_and_that_it_was_sent_before(photo: ReportPhoto) -> None:
    earlier = services.add(reports.received(words="كرسي مكسور"), "before", report_photos.file(report_photos.camera(seed=2)))
    browser, said = signed_in(StaffFactory(groups=["intake"])), "سبق إرسال هذه الصورة أو جزء منها"
    pages = [reverse("admin:report_moderation", args=[row.report.public_id]) for row in (photo, earlier)]
    page = browser.get(pages[0]).content.decode()
    assert reverse("admin:report_photo_picture", args=[photo.public_id, "copy"]) in page and said not in page
    decision = f'href="{reverse("admin:report_photo", args=[photo.public_id])}"'
    assert decision in page
    assert "<img" not in browser.get(pages[1]).content.decode().partition('id="photos"')[2], "its copy is not made yet"
    ReportPhoto.objects.filter(pk=photo.pk).update(reused=earlier)
    moderation.judge(photo, user=StaffFactory(groups=["intake"], login="second"), blur="staff")
    page = browser.get(pages[0]).content.decode()
    assert said in page and pages[1] in page and decision not in page, "it is decided"


def test_nothing_of_a_hidden_report_or_photo_is_shown(photo: ReportPhoto, client: Client) -> None:
    clerk = StaffFactory(groups=["intake"])
    moderation.judge(photo, user=clerk, blur="agreed")
    hidden = Moderation.objects.create(
        report=photo.report, part=ModeratedPart.PHOTO, photo=photo, code="personal_data", by=clerk, at=clock.now()
    )
    assert client.get(_url(photo)).status_code == 404
    hidden.lifted_at, hidden.lifted_by = clock.now(), clerk
    hidden.save()
    assert client.get(_url(photo)).status_code == 200
    moderations.hide(report=photo.report, part=ModeratedPart.REPORT, code="personal_data", by=clerk)
    assert client.get(_url(photo)).status_code == 404


def test_nothing_is_decided_of_a_photo_while_it_is_hidden(photo: ReportPhoto) -> None:
    clerk = StaffFactory(groups=["intake"])
    moderation.judge(photo, user=clerk, blur="agreed")
    row = moderations.hide(report=photo.report, part="photo", code="personal_data", by=clerk, photo_id=photo.public_id)
    for blur in ("agreed", "staff", "private"):  # shown after all, and back to private: lost when it is shown again
        with pytest.raises(Refused, match="hidden"):
            moderation.judge(photo, user=clerk, blur=blur, is_change=True)
    again = ReportPhoto.objects.filter(pk=photo.pk)
    assert_refused(lambda: again.update(blur="agreed"), "guard:photo_hidden")
    moderations.show_again(moderation=row, by=clerk)
    assert again.get().blur == "agreed"
    moderation.judge(photo, user=clerk, blur="private", is_change=True)
    assert again.get().blur == "private"


def test_without_its_guard_a_hidden_photo_is_shown(photo: ReportPhoto) -> None:
    clerk = StaffFactory(groups=["intake"])
    moderation.judge(photo, user=clerk, blur="agreed")
    moderations.hide(report=photo.report, part="photo", code="personal_data", by=clerk, photo_id=photo.public_id)
    without_guards()
    assert gets_through(lambda: ReportPhoto.objects.filter(pk=photo.pk).update(blur="agreed"))


@pytest.mark.parametrize(("judged", "blur"), [("agreed", "agreed"), ("staff", "unsure"), ("private", "unsure"), (None, "unsure")])
def test_a_photo_shown_again_is_as_it_was_before(photo: ReportPhoto, judged: str | None, blur: str) -> None:
    clerk = StaffFactory(groups=["intake"])
    if judged is not None:
        moderation.judge(photo, user=clerk, blur=judged)
    hidden = moderations.hide(report=photo.report, part=ModeratedPart.PHOTO, photo_id=photo.public_id, code="personal_data", by=clerk)
    moderations.show_again(moderation=hidden, by=clerk)
    photo.refresh_from_db()
    assert photo.blur == blur and queries.public_photos().exists() is (blur == "agreed")


def test_a_photo_hidden_before_its_copy_was_made_gets_it_when_shown_again(outbox: Callable[..., int]) -> None:
    clerk, report = StaffFactory(groups=["intake"]), reports.received()
    made = services.add(report, "before", report_photos.file())
    hidden = moderations.hide(report=report, part=ModeratedPart.PHOTO, photo_id=made.public_id, code="personal_data", by=clerk)
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    made.refresh_from_db()
    assert (made.blur, made.copy) == ("private", None)
    moderations.show_again(moderation=hidden, by=clerk)
    outbox("reports.public_copy")
    made.refresh_from_db()
    assert made.blur == "unsure" and made.copy is not None


def test_inspectors_see_no_unblurred_copy_before_intake_has(photo: ReportPhoto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "find", lambda picture: detector.Detection([], True))  # installed after the copy was made
    copies.make(photo.pk)
    assert not triage.copies().exists() and triage.photos_held([photo.report])[1]
    moderation.judge(photo, user=StaffFactory(groups=["intake"]), blur="agreed")
    assert list(triage.copies()) == [photo] and not triage.photos_held([photo.report])[1]


def test_inspectors_see_a_copy_that_a_machine_searched(monkeypatch: pytest.MonkeyPatch, outbox: Callable[..., int]) -> None:
    monkeypatch.setattr(detector, "find", lambda picture: detector.Detection([], False))
    made = services.add(reports.received(), "before", report_photos.file())
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    assert list(triage.copies()) == [made] and not triage.photos_held([made.report])[1] and not queries.public_photos().exists()


def test_a_copy_never_counts_as_searched_afterwards(photo: ReportPhoto) -> None:
    def attack() -> None:
        ReportPhoto.objects.filter(pk=photo.pk).update(is_searched=True)

    assert_refused(attack, "guard:not_searched")
    without_guards()
    assert gets_through(attack)


def test_a_copy_has_no_metadata_and_is_small(photo: ReportPhoto, client: Client) -> None:
    moderation.judge(photo, user=StaffFactory(groups=["intake"]), blur="agreed")
    content = client.get(_url(photo)).content
    with Image.open(io.BytesIO(content)) as copy:
        copy.load()
        assert not dict(copy.getexif()) and all(name.startswith(("jfif", "progressi")) for name in copy.info)
        assert copy.size == (480, 640)  # upright
    written = (b"Exif", b"Noura", b"Maker", b"2026:")
    assert all(word in report_photos.camera() for word in written), "what the camera wrote"
    assert not any(word in content for word in written)
    assert max(copies.small(Image.new("RGB", (4000, 3000))).size) == copies.SIDE


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"PK\x03\x04 zip", b"%PDF-1.7 /JS"])
def test_polyglots_leave_nothing_in_the_copy(tail: bytes, outbox: Callable[..., int]) -> None:
    made = services.add(reports.received(), "before", report_photos.file(report_photos.camera() + tail))
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    copy = ReportPhoto.objects.select_related("copy").get(pk=made.pk).copy
    assert copy is not None
    content = copies.store.read(copy)
    assert tail[:5].lower() not in content.lower() and b"<script" not in content.lower()


def test_a_sure_machine_shows_by_itself_only_where_the_rules_say_so(monkeypatch: pytest.MonkeyPatch, outbox: Callable[..., int]) -> None:
    monkeypatch.setattr(detector, "find", lambda picture: detector.Detection([(0, 0, 200, 200)], True))
    limits = copies.queries.limits()
    for shows, blur in ((0, "unsure"), (1, "clear")):
        monkeypatch.setattr(copies.queries, "limits", lambda shows=shows: limits | {"machine_shows": shows})
        made = services.add(reports.received(), "before", report_photos.file())
        outbox("uploads.inspect")
        outbox("reports.public_copy")
        made.refresh_from_db()
        assert made.blur == blur
    assert made.copy is not None
    with Image.open(io.BytesIO(copies.store.read(made.copy))) as copy:
        assert len(set(copy.crop((5, 5, 45, 45)).quantize(8).tobytes())) == 1  # one coarse square


def test_staff_see_an_unsure_copy_and_the_original_with_a_purpose(photo: ReportPhoto, client: Client) -> None:
    def side(name: str) -> str:
        return reverse("admin:report_photo_picture", args=[photo.public_id, name])

    browser = signed_in(StaffFactory(groups=["intake"]))
    assert photo.report.number in browser.get(reverse("admin:report_photos")).content.decode()
    assert browser.get(side("copy")).status_code == 200 and browser.get(side("original")).status_code == 404
    assert client.get(side("copy")).status_code == 302
    assert signed_in(StaffFactory(groups=["inspector"])).get(side("copy")).status_code == 403
    page = opened(browser, reverse("admin:report_photo", args=[photo.public_id]), "purpose.photo")
    assert side("original") in page.content.decode()
    assert browser.get(side("original")).status_code == 200
    entry = AccessLogEntry.objects.get()
    assert (entry.subject, entry.purpose) == (photo.report.subject_key, "purpose.photo")
    browser.post(reverse("admin:report_photo_judge", args=[photo.public_id]), {"blur": "private"})
    photo.refresh_from_db()
    assert photo.blur == "private" and client.get(_url(photo)).status_code == 404


def test_the_pages_of_uploads_show_no_photo_of_a_report(photo: ReportPhoto) -> None:
    for user in (*User.objects.all(), StaffFactory(groups=["intake"])):
        assert signed_in(user).get(reverse("uploads:look", args=[photo.upload.public_id])).status_code == 404

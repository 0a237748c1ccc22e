"""The inspector's pages: the violation report by hand and by the device's queue, and what is done on the spot."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from municipality.audit.models import AccessLogEntry
from municipality.documents import seal
from municipality.fieldwork.models import Evidence
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.ui.templatetags.portal import with_refs
from municipality.uploads import services as uploads
from municipality.uploads.tasks import inspect
from shops.models import Shop
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import SALIM, PersonFactory, StaffFactory
from tests.factories.uploads import UploadFactory
from tests.full_disk import full_disk
from tests.violations.field_entries import PICTURE, confirmed, picture, typed
from violations.models import Defence, Violation
from violations.services import documents, notices, objections, writer_annulments

pytestmark = pytest.mark.django_db
VALID = "290010112346"  # its check digit fits


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def test_a_report_by_hand_with_photos(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    page = client.get("/admin/field/new/").content.decode()
    assert 'name="photos"' in page
    assert not re.search(r'name="[^"]*(fils|amount)', page)  # no field takes an amount
    assert re.search(r'value="CLN-03".*?الصلح.*?100\.000.*?value="CLN-04"', page, re.DOTALL), "what follows is said before the choice"
    assert re.search(r'value="CLN-06".*?2,?000\.000.*?5,?000\.000', page, re.DOTALL)
    answer = client.post(
        "/admin/field/new/", confirmed(client, typed(shop)) | {"photos": [picture(), picture(b"\xff\xd8\xff\xe0 another")]}
    )
    row = Violation.objects.select_related("visit").get()
    assert row.visit is not None
    assert answer["Location"] == f"/admin/field/{row.public_id}/"
    assert (row.state, row.visit.latitude, row.visit.accuracy_m) == ("ordered", 29.33, 12)
    assert Evidence.objects.filter(visit=row.visit, kind="offence").count() == 2
    assert all(mark.sha256 for mark in Evidence.objects.select_related("upload"))
    page = client.get(answer["Location"]).content.decode()
    assert with_refs(f"حُرر برقم {row.reference}") in page
    assert Evidence.objects.select_related("upload")[0].sha256[:12] not in page
    assert row.reference in client.get("/admin/field/").content.decode()


def test_each_photo_has_the_time_at_which_it_was_taken(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    taken = [(clock.now() - dt.timedelta(minutes=n)).isoformat() for n in (3, 2)] + [(clock.now() + dt.timedelta(days=1)).isoformat()]
    photos = [picture(), picture(b"\xff\xd8\xff\xe0 another"), picture(b"\xff\xd8\xff\xe0 a third")]
    entry = confirmed(client, typed(shop))
    assert client.post("/admin/field/sync/", entry | {"photos": photos, "photos_at": taken}).status_code == 201
    row = Violation.objects.get()
    times = [mark.captured_at for mark in Evidence.objects.filter(kind="offence").order_by("pk")]
    assert [time.isoformat() for time in times[:2] if time] == [
        dt.datetime.fromisoformat(t).astimezone(dt.UTC).isoformat() for t in taken[:2]
    ]
    assert times[2] == row.seen_at, "a time that is still to come is not believed"


def test_the_queue_of_a_device_sends_once_however_often_it_tries(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    entry = confirmed(client, typed(shop))
    first = client.post("/admin/field/sync/", entry | {"photos": [picture()]})
    again = client.post("/admin/field/sync/", entry | {"photos": [picture()]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["reference"] == again.json()["reference"]
    assert (Violation.objects.count(), Evidence.objects.count()) == (1, 1)


def test_without_room_the_report_stands_and_the_device_sends_its_pictures_again(
    inspector: Any, shop: Shop, settings: Any, tmp_path: Any
) -> None:
    client = signed_in(inspector)
    entry, photo = confirmed(client, typed(shop)), PICTURE * 10_000
    with full_disk(tmp_path / "small") as folder:
        settings.VAR_DIR = folder
        full = client.post("/admin/field/sync/", entry | {"photos": [picture(photo)]})
        by_hand = client.post("/admin/field/new/", entry | {"photos": [picture(photo)]})
        assert not [path for path in (folder / "uploads").rglob("*.part") if path.stat().st_size]
    assert (full.status_code, full.json()["code"], by_hand.status_code) == (507, "no_room", 507)
    assert entry["note_ar"] in by_hand.content.decode()  # what was typed stays in the form
    assert entry["confirmed"] in by_hand.content.decode()  # and what was confirmed
    assert (Violation.objects.count(), Evidence.objects.count()) == (1, 0)
    settings.VAR_DIR = tmp_path
    again = client.post("/admin/field/sync/", entry | {"photos": [picture(photo)]})
    assert (again.status_code, Violation.objects.count(), Evidence.objects.count()) == (200, 1, 1)


def test_a_conflict_is_told_and_writes_nothing(inspector: Any, make_inspector: Callable[..., Any], shop: Shop) -> None:
    first, second = signed_in(inspector), signed_in(make_inspector("second"))
    entry, same = confirmed(first, typed(shop)), confirmed(second, typed(shop))
    first.post("/admin/field/sync/", entry)
    answer = second.post("/admin/field/sync/", same)
    assert (answer.status_code, answer.json()["code"]) == (409, "seen_already")
    assert answer.json()["sentence"]
    assert Violation.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"client_key": "1"}, "client_key"),
        ({"seen_at": "yesterday"}, "seen_at"),
        ({"seen_at": "2026-11-24T09:00:00"}, "seen_at"),
        ({"shop_no": "none"}, "shop_no"),
        ({"shop_no": ""}, "shop_no"),
        ({"shop_no": "", "civil_id": "123"}, "civil_id"),
        ({"offence": ""}, "offence"),
        ({"offence": "QQQ"}, "offence"),
        ({"quantity": "كثير"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"offence": "SHP-05", "quantity": ""}, "quantity"),
        ({"months": "0"}, "months"),
        ({"latitude": "95"}, "latitude"),
        ({"signed": "perhaps"}, "signed"),
        ({"note_ar": "ا" * 1001}, "note_ar"),
    ],
)
def test_facts_that_do_not_fit_are_told_by_field_and_kept(inspector: Any, shop: Shop, wrong: dict[str, str], name: str) -> None:
    client = signed_in(inspector)
    answer = client.post("/admin/field/sync/", typed(shop) | wrong)
    assert answer.status_code == 400
    assert answer.json()["fields"][name]
    page = client.post("/admin/field/new/", typed(shop) | wrong)
    assert page.status_code == 200
    assert "أكياس أمام الباب" in page.content.decode() or name == "note_ar"
    assert not Violation.objects.exists()


def test_arabic_digits_are_digits(inspector: Any, shop: Shop) -> None:
    number = shop.commercial_license_no.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    client = signed_in(inspector)
    answer = client.post("/admin/field/sync/", confirmed(client, typed(shop) | {"shop_no": number}))
    assert answer.status_code == 201


def test_a_person_is_recorded_by_civil_number(inspector: Any, rules: None) -> None:
    stranger, area = PersonFactory(civil_id=VALID), str(_area())
    client = signed_in(inspector)
    entry = typed(None, offence="CLN-01", civil_id=VALID, area=area, place_note="الحديقة")
    answer = client.post("/admin/field/sync/", confirmed(client, entry))
    assert answer.status_code == 201, answer.content.decode()
    assert Violation.objects.get().party == stranger


def _area() -> int:
    from municipality.places.models import Area

    return Area.objects.filter(governorate="HA").order_by("pk")[0].pk


@pytest.mark.parametrize("path", ["", "new/", "check/", "sync/", "nothing/"])
def test_the_field_is_closed_to_everybody_else(owner: Any, rules: None, path: str) -> None:
    officer = StaffFactory(groups=["officer"])
    method = "post" if path in ("check/", "sync/") else "get"
    assert getattr(signed_in(officer), method)(f"/admin/field/{path}").status_code in (403, 404)
    assert getattr(signed_in(owner), method)(f"/admin/field/{path}").status_code in (302, 403)


def test_an_inspector_of_another_branch_does_not_see_it(write: Callable[..., Violation], make_inspector: Callable[..., Any]) -> None:
    row = write()
    assert signed_in(make_inspector("ja", "JA")).get(f"/admin/field/{row.public_id}/").status_code == 404


def seen_on(page: Any) -> str:
    """The proofs that a page shows to be judged, as its form sends them."""
    found = re.search(r'name="seen" value="([^"]*)"', page.content.decode())
    return found[1] if found else ""


def test_a_proof_is_judged_and_a_report_follows_its_period(
    write: Callable[..., Violation], inspector: Any, owner: Any, frozen_clock: Clock
) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    client = signed_in(inspector)
    url = f"/admin/field/{row.public_id}/"
    UploadFactory(owner=owner, subject=row.key, slot="correction")
    seen = seen_on(client.get(url))
    assert client.post(url, {"step": "report"}).status_code == 409
    assert client.post(url, {"step": "refuse", "code": "nothing", "seen": seen}).status_code == 409
    assert client.post(url, {"step": "refuse", "code": "still_there", "seen": seen}).status_code == 302
    frozen_clock.move(days=4)
    client = signed_in(inspector)
    assert row.warning_number in client.get("/admin/field/").content.decode()  # type: ignore[operator]
    assert client.post(url, {"step": "report", "photos": [picture()]}).status_code == 302
    assert Violation.objects.get().state == "ordered"


def test_a_fresh_warning_offers_no_decision_about_a_proof(write: Callable[..., Violation], inspector: Any) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    page = signed_in(inspector).get(f"/admin/field/{row.public_id}/").content.decode()
    assert "لم يُرسل إثبات" in page and 'value="refuse"' not in page
    assert 'value="accept" class="kp-desk-main' not in page and 'value="accept"' in page


def test_a_sent_proof_is_decided_on(write: Callable[..., Violation], inspector: Any, owner: Any) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    content = BytesIO()
    Image.new("RGB", (64, 64)).save(content, "JPEG")
    upload = uploads.receive(owner=owner, subject=row.key, slot="correction", name="done.jpg", content=picture(content.getvalue()))
    inspect(upload_id=upload.pk)
    page = signed_in(inspector).get(f"/admin/field/{row.public_id}/").content.decode()
    assert 'value="refuse"' in page and 'value="accept" class="kp-desk-main' in page
    assert "kp-desk-sheet" in page and "done.jpg" not in page, "its picture, not the name of its file"
    assert AccessLogEntry.objects.filter(person_key=owner.key, viewer_key=inspector.key, purpose="violation").count() == 1


def test_a_proof_that_came_after_the_page_is_not_refused_unseen(write: Callable[..., Violation], inspector: Any, owner: Any) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    UploadFactory(owner=owner, subject=row.key, slot="correction")
    client, url = signed_in(inspector), f"/admin/field/{row.public_id}/"
    press = {"step": "refuse", "code": "still_there", "seen": seen_on(client.get(url))}
    UploadFactory(owner=owner, subject=row.key, slot="correction", content=b"\xff\xd8\xff\xe0 another")
    late = client.post(url, press)
    assert late.status_code == 409 and "تغيّر الإثبات" in late.content.decode()
    assert not row.events.filter(move="refuse_correction").exists()
    assert client.post(url, press | {"seen": seen_on(late)}).status_code == 302, "the page that says so shows both"


def test_a_proof_is_refused_once_however_often_it_is_pressed(write: Callable[..., Violation], inspector: Any, owner: Any) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    UploadFactory(owner=owner, subject=row.key, slot="correction")
    client, url = signed_in(inspector), f"/admin/field/{row.public_id}/"
    press = {"step": "refuse", "code": "still_there", "seen": seen_on(client.get(url))}
    assert [client.post(url, press).status_code for _press in range(2)] == [302, 409]
    page = client.get(url).content.decode()
    assert 'value="refuse"' not in page and 'value="accept" class="kp-desk-main' in page, "the proof is still shown, and can be accepted"
    again = client.post(url, press | {"seen": ""})
    assert again.status_code == 409 and "لا يوجد إثبات ينتظر القرار" in again.content.decode()
    assert Message.objects.filter(person=owner, kind="violations.correction_refused").count() == 1


def test_of_a_proof_that_is_still_checked_the_page_says_neither_that_none_was_sent_nor_that_it_can_be_refused(
    write: Callable[..., Violation], inspector: Any, owner: Any, frozen_clock: Clock
) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    UploadFactory(owner=owner, subject=row.key, slot="correction", judged=False)
    frozen_clock.move(days=4)
    page = signed_in(inspector).get(f"/admin/field/{row.public_id}/").content.decode()
    assert "إثبات في الطريق أو قيد الفحص" in page and "لم يُرسل إثبات" not in page
    assert not any(f'value="{step}"' in page for step in ("refuse", "report")) and "إلا إذا رُفض الإثبات" not in page


def test_no_report_is_written_while_a_proof_sent_in_time_waits(
    write: Callable[..., Violation], inspector: Any, owner: Any, frozen_clock: Clock
) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    UploadFactory(owner=owner, subject=row.key, slot="correction")
    frozen_clock.move(days=4)
    client, url = signed_in(inspector), f"/admin/field/{row.public_id}/"
    shown = client.get(url)
    assert 'value="report"' not in shown.content.decode()
    refused = client.post(url, {"step": "report", "photos": [picture()]})
    assert refused.status_code == 409 and "إثبات" in refused.content.decode()
    row.refresh_from_db()
    assert row.state == "warned"
    assert client.post(url, {"step": "refuse", "code": "still_there", "seen": seen_on(shown)}).status_code == 302
    page = client.get(url).content.decode()
    assert 'value="report"' in page and "100.000" in page, "with the sum that it orders"
    assert client.post(url, {"step": "report", "photos": [picture()]}).status_code == 302
    row.refresh_from_db()
    assert row.state == "ordered"


def test_a_report_after_a_warning_and_its_photos_are_saved_together_or_not_at_all(
    write: Callable[..., Violation], inspector: Any, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    frozen_clock.move(days=4)
    monkeypatch.setattr("violations.admin.field.evidence.take", lambda **_said: (0, ["لم تُقبل الصورة"]))
    refused = signed_in(inspector).post(f"/admin/field/{row.public_id}/", {"step": "report", "photos": [picture()]})
    assert refused.status_code == 409 and "لم تُقبل الصورة" in refused.content.decode()
    row.refresh_from_db()
    assert row.state == "warned"


def test_the_notice_is_printed_by_inspectors_of_its_branch(
    write: Callable[..., Violation], inspector: Any, make_inspector: Callable[..., Any], owner: Any, tmp_path: Path, settings: Any
) -> None:
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)
    row = write()
    url = f"/admin/field/{row.public_id}/"
    client = signed_in(inspector)
    assert client.get(f"{url}notice/").status_code == 404
    waits = client.get(url).content.decode()
    assert 'data-field-waits="?notice"' in waits and "data-field-ready hidden" in waits, "its link is shown once it is written"
    assert client.get(f"{url}?notice").json() == {"done": False}
    documents.write_notice(violation_id=row.pk)
    assert client.get(f"{url}?notice").json() == {"done": True}
    assert f"{url}notice/" in client.get(url).content.decode()
    seen = AccessLogEntry.objects.filter(person_key=owner.key, viewer_key=inspector.key, subject=row.key).count
    before = seen()
    answer = client.get(f"{url}notice/")
    assert seen() == before + 1, "the printed notice names the person too"
    assert answer.content.startswith(b"%PDF") and str(row.number) in answer["Content-Disposition"]
    assert signed_in(make_inspector("ja", "JA")).get(f"{url}notice/").status_code == 404
    writer_annulments.annul(violation=row, inspector=inspector, code="writer_wrong_facts", note_ar="الوقت")
    assert f"{url}notice/" not in client.get(url).content.decode() and client.get(f"{url}notice/").status_code == 404


def test_the_device_is_told_what_it_issued_on_its_next_page(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    entry = confirmed(client, typed(shop))
    for _again in range(2):
        client.post("/admin/field/sync/", entry)
    assert client.get("/admin/field/").content.decode().count(with_refs(f"حُرر برقم {Violation.objects.get().reference}")) == 1


def test_the_writer_defends_a_report(write: Callable[..., Violation], inspector: Any, owner: Any) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    objections.file(violation=row, person=owner, ground="facts_wrong", words="لا")
    client = signed_in(inspector)
    url = f"/admin/field/{row.public_id}/"
    assert "words" in client.get(url).content.decode()
    assert row.number in client.get("/admin/field/").content.decode()  # type: ignore[operator]
    assert row.objection.words in client.get(url).content.decode()
    assert client.post(url, {"step": "defend", "words": "الصور تبين"}).status_code == 302
    assert Defence.objects.get().words == "الصور تبين"


def test_the_worker_keeps_the_form_and_no_page_of_a_person(inspector: Any) -> None:
    answer = signed_in(inspector).get("/admin/field/worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "/admin/field/new/" in answer.content.decode()
    assert SALIM not in answer.content.decode()


def test_a_picture_that_is_none_does_not_take_the_report_with_it(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    answer = client.post("/admin/field/sync/", confirmed(client, typed(shop)) | {"photos": [picture(b"")]})
    assert answer.status_code == 201
    (told,) = answer.json()["refused"]
    assert Violation.objects.count() == 1
    assert told in client.get(answer.json()["url"]).content.decode(), "on the next page, since the list of the device is empty then"

"""The pages of inspectors and supervisors: the entry of a device, the plain form, moving, ordering, and who may not."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile

from licensing.inspections import questions
from licensing.inspections.services import appointments
from licensing.models import DayPart, Inspection
from municipality.accounts.models import User
from municipality.documents import qr
from municipality.fieldwork.models import Evidence
from municipality.kernel import clock
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories.accounts import OrganisationFactory, StaffFactory
from tests.factories.workers import worker

pytestmark = pytest.mark.django_db
CHECK, SYNC = "/admin/inspections/check/", "/admin/inspections/sync/"


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def entry(row: Inspection, **more: Any) -> dict[str, Any]:
    """What a device sends of a checklist where all is well."""
    typed: dict[str, Any] = {"client_key": str(uuid4()), "seen_at": clock.now().isoformat(), "inspection": row.public_id, "found": "shop"}
    for rule in questions.asked(row):
        typed |= {f"number_{rule.code}": "٣٥٫٥"} if rule.kind == "number" else {f"answer_{rule.code}": "yes"}
    return typed | more


def photos(row: Inspection, *without: str) -> dict[str, SimpleUploadedFile]:
    wanted = [rule.code for rule in questions.asked(row) if rule.needs_photo and rule.code not in without]
    return {f"photo_{code}": SimpleUploadedFile(f"{code}.jpg", b"\xff\xd8\xff\xe0" + code.encode()) for code in wanted}


def test_a_device_is_shown_the_result_and_sends_it_once(row: Inspection, settings: Any) -> None:
    client, typed = signed_in(row.inspector), entry(row, answer_fire="no", note="المدخل من الخلف")
    assert "المراجعة قبل التسجيل" in client.get(f"/admin/inspections/{row.public_id}/").content.decode(), "nothing is issued"
    taken = {f"{name}_taken": "1" for name in photos(row)}
    shown = client.post(CHECK, typed | taken).json()
    assert "ترخيص قوة الإطفاء" in shown["html"] and shown["confirmed"] and not row.visits.exists()
    unconfirmed = client.post(SYNC, typed | photos(row))
    assert (unconfirmed.status_code, unconfirmed.json()["code"]) == (409, "confirm")
    answers = [client.post(SYNC, typed | photos(row) | {"confirmed": shown["confirmed"]}) for _again in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200], answers[0].content
    assert answers[0].json()["refused"] == []
    row.refresh_from_db()
    assert (row.state, row.visits.count()) == ("failed", 1)
    page = client.get(f"/admin/inspections/{row.public_id}/").content.decode()
    address = f"{settings.PORTAL_URL}/inspections/{row.public_id}/"
    assert qr.svg(address, label="رمز يقود إلى النتيجة") in page, "the owner beside the inspector scans it"
    assert client.get(urlsplit(address).path)["Location"] == f"/ar{urlsplit(address).path}"
    assert sorted(Evidence.objects.values_list("kind", flat=True)) == sorted(code.removeprefix("photo_") for code in photos(row))


def test_a_missing_photo_and_a_missing_answer_are_named_beside_their_question(row: Inspection) -> None:
    client = signed_in(row.inspector)
    typed = entry(row, answer_water="", number_area="")
    problems = client.post(CHECK, typed).json()["fields"]
    assert set(problems) == {"answer_water", "number_area"}
    problems = client.post(CHECK, entry(row)).json()["fields"]
    assert set(problems) == {f"answer_{name.removeprefix('photo_')}" for name in photos(row)}
    problems = client.post(SYNC, entry(row, confirmed="x") | photos(row, "fire")).json()["fields"]
    assert set(problems) == {"answer_fire"}


def test_the_certificates_of_workers_stand_beside_the_checklist_that_asks_for_them(row: Inspection) -> None:
    client, page = signed_in(row.inspector), f"/admin/inspections/{row.public_id}/"
    assert "لم يدخل صاحب المحل شيئاً منها" in client.get(page).content.decode()
    soon = worker(row.shop, ends_in=5)
    text = client.get(page).content.decode()
    assert soon.name in text and soon.number in text and soon.civil_id_masked in text


@pytest.mark.parametrize(
    "wrong",
    [{"number_area": "كبير"}, {"number_area": "-3"}, {"answer_fire": "perhaps"}, {"found": "x"}, {"client_key": "x"}, {"seen_at": "x"}],
)
def test_bad_input_is_said_and_keeps_what_was_typed(row: Inspection, wrong: dict[str, str]) -> None:
    page = signed_in(row.inspector).post(f"/admin/inspections/{row.public_id}/", entry(row, note="كتبت هذا") | wrong)
    assert page.status_code == 400 and "كتبت هذا" in page.content.decode()


def test_nobody_there_asks_no_question(row: Inspection) -> None:
    client = signed_in(row.inspector)
    typed = {"client_key": str(uuid4()), "seen_at": clock.now().isoformat(), "inspection": row.public_id, "found": "nobody"}
    page = f"/admin/inspections/{row.public_id}/"
    first = client.post(page, typed)
    assert first.status_code == 200 and first.context["confirmed"]
    assert client.post(page, typed | {"confirmed": first.context["confirmed"]}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.misses) == ("requested", 1)


def test_the_inspector_of_a_shop_of_which_nobody_has_an_account_reads_that_nobody_is_told(row: Inspection, frozen_clock: Any) -> None:
    client, page = signed_in(row.inspector), f"/admin/inspections/{row.public_id}/"
    client.cookies["staff_language"] = "en"
    typed = {"inspection": row.public_id, "found": "nobody"}

    def sent(**more: str) -> dict[str, str]:
        return {**typed, "client_key": str(uuid4()), "seen_at": clock.now().isoformat(), **more}

    assert "The owner is told at once and chooses another day." in client.post(page, sent()).content.decode(), "the control"
    Shop.objects.filter(pk=row.shop_id).update(owner=None, organisation=OrganisationFactory())
    time = appointments.offered(row)[-1].value
    moved = client.post(f"{page}move/", {"time": time, "code": "campaign"}, follow=True).content.decode()
    assert "Please let the branch announce the new day on paper." in moved and "the owner is told" not in moved
    for is_last in (False, True):
        [other] = [part for part in DayPart if appointments.is_other_time(Inspection(day=clock.today(), part=part), clock.now())]
        Inspection.objects.filter(pk=row.pk).update(day=clock.today(), part=other)
        client, first = signed_in(row.inspector), sent()
        client.cookies["staff_language"] = "en"
        shown = client.post(page, first)
        facts, sentences = shown.content.decode(), ("the branch announces it on paper", "handed over on paper")
        assert [words in facts for words in sentences] == [not is_last, is_last] and "The owner is told" not in facts
        assert "Both times are kept." in facts and "the owner reads them" not in facts
        done = client.post(page, first | {"confirmed": shown.context["confirmed"]}, follow=True).content.decode()
        sentences = ("the portal sets another day, and the branch announces it on paper", "Please hand the result over on paper.")
        assert [words in done for words in sentences] == [not is_last, is_last] and "The owner is told" not in done
        frozen_clock.move(days=14)
        assert appointments.set_overdue() == (not is_last)


def test_another_inspector_and_others_are_kept_out(row: Inspection, inspectors: list[User], owner: User) -> None:
    (other,) = [one for one in inspectors if one != row.inspector]
    page = f"/admin/inspections/{row.public_id}/"
    assert signed_in(other).get(page).status_code == 403
    assert signed_in(other).post(CHECK, entry(row)).status_code == 403
    assert signed_in(other).post(SYNC, entry(row)).json()["code"] == "not_drawn"
    assert signed_in(StaffFactory(login="officer")).get(page).status_code == 403
    assert signed_in(row.inspector).get("/admin/inspections/0/").status_code == 404
    assert row.reference not in signed_in(other).get("/admin/inspections/").content.decode()


def test_list_move_and_worker(row: Inspection) -> None:
    client = signed_in(row.inspector)
    assert row.reference in client.get("/admin/inspections/").content.decode()
    assert f"/admin/inspections/{row.public_id}/" in client.get("/admin/inspections/worker.js").content.decode()
    move = f"/admin/inspections/{row.public_id}/move/"
    assert client.post(move, {}).status_code == 400
    time = appointments.offered(row)[4].value
    assert client.post(move, {"time": time, "code": "campaign"}).status_code == 302
    row.refresh_from_db()
    assert f"{row.day} {row.part}" == time


def test_a_supervisor_orders_with_a_reason(shop: Shop, inspectors: list[User]) -> None:
    client = signed_in(StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id))
    page = "/admin/inspections/order/"
    for typed in ({}, {"shop_no": "2020/9", "reason": "شكوى"}, {"shop_no": shop.commercial_license_no, "reason": ""}):
        assert client.post(page, typed).status_code == 400
    typed = {"shop_no": shop.commercial_license_no, "reason": "شكوى"}
    assert client.post(page, typed).status_code == 302
    again, number = client.post(page, typed), Inspection.objects.get().reference
    assert again.status_code == 409
    field = BeautifulSoup(again.content, "html.parser").select_one("#id_shop_no[aria-invalid]")
    assert field is not None and field["value"] == shop.commercial_license_no and "id_shop_no_error" in field["aria-describedby"]
    told = re.search(r'<ul class="messagelist">(.*?)</ul>', again.content.decode(), re.S)
    assert told is not None and f'<bdi dir="ltr" class="kp-ref">{number}</bdi>' in told[1]  # among Arabic words, and on one line


def test_what_follows_and_another_time_are_said_before_and_the_licence_is_shown(row: Inspection, frozen_clock: Any) -> None:
    client = signed_in(row.inspector)
    page = client.get(f"/admin/inspections/{row.public_id}/").content.decode()
    assert row.shop is not None and row.shop.commercial_license_no in page and "لا مخطط محفوظ" in page
    assert "<dt>الترخيص التجاري</dt>" in page, "not the health licence, which is inspected"
    assert row.day is not None
    opens, _closes = appointments.hours(appointments.Time(row.day, DayPart(row.part)))
    taken = {f"{name}_taken": "1" for name in photos(row)}
    shown = {}
    for hours in (1, -6):
        frozen_clock.move(seconds=(opens + dt.timedelta(hours=hours) - clock.now()).total_seconds())
        shown[hours] = client.post(CHECK, entry(row, answer_fire="no") | taken).json()["html"]
    assert "كانت الزيارة في هذا الوقت" in shown[-6] and "كانت الزيارة في هذا الوقت" not in shown[1]
    assert "يبقى الترخيص كما هو" in shown[1] and "زيارة ثانية" in shown[1]

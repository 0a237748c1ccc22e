"""The pages of inspectors, supervisors and auditors: what they show, who may not, and the steps by their forms."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.places.models import Branch
from municipality.review.services import staff
from reports.admin import triage
from reports.intake.services import ReportPlace
from reports.models import Closure, Report
from reports.reporters.services import Sender
from reports.triage import queries, services
from tests.browsers import signed_in
from tests.factories import boards, reports
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.inspections import inspector
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
HERE = {"latitude": "29.3328", "longitude": "48.0283"}


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def url(row: Report) -> str:
    return f"/admin/eye/{row.public_id}/"


def posted(row: Report, user: User, step: str, **data: str) -> Any:
    return signed_in(user).post(url(row), {"step": step, **data})


def statements(found: Any) -> list[str]:
    """Without those of the rulebook, whose editions are kept between requests outside tests."""
    return [query["sql"] for query in found if '"rulebook_' not in query["sql"]]


def state(row: Report) -> str:
    return Report.objects.get(pk=row.pk).state


def result(row: Report, **more: Any) -> dict[str, Any]:
    now = clock.now()
    photo = SimpleUploadedFile("after.jpg", b"\xff\xd8\xff" + uuid4().bytes, "image/jpeg")
    given = {
        "client_key": str(uuid4()),
        "seen_at": now.isoformat(),
        "written_at": now.isoformat(),
        "report": row.public_id,
        "code": "fixed",
    }
    return {**given, **HERE, "photo": photo, "photo_at": now.isoformat(), **more}


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite uses no partial index for a query with parameters")
def test_the_list_of_an_inspector_is_read_in_its_order_from_an_index(row: Report) -> None:
    with connection.cursor() as cursor:
        for plan in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{plan} = off")  # chosen for a few rows
        lists = [queries.to_act_on(row.inspector), queries.of_inspector(row.inspector).order_by("due_at", "pk")]
        shown, other = (rows.select_related(None).prefetch_related(None)[:50].explain() for rows in lists)
    assert "reports_of_inspector" in shown and "Sort" not in shown and "Sort" in other


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_page_says_that_the_reporter_is_hidden_and_offers_the_steps(row: Report, language: str) -> None:
    client = signed_in(row.inspector)
    client.cookies["staff_language"] = language
    page = client.get(url(row)).content.decode()
    assert {"ar": "مخفي", "en": "hidden"}[language] in page and row.number in page
    for step in ("ask", "hand_over", "recategorise", "merge", "split"):
        assert f'value="{step}"' in page
    told = {"ar": "زار المفتش المكان وأُزيل سبب البلاغ.", "en": "An inspector visited the place and the cause of the report was removed."}
    assert told[language] in page  # the words of each result, beside its button


def test_lists_are_short_in_statements_and_overdue_comes_first(row: Report, supervisor: User, frozen_clock: Any) -> None:
    frozen_clock.move(hours=49)
    for _number in range(6):
        reports.assigned()
    client = signed_in(supervisor)
    client.get("/admin/eye/branch/")
    with CaptureQueriesContext(
        connection,
    ) as found:
        page = client.get("/admin/eye/branch/").content.decode()
    assert len(statements(found)) <= 15
    assert page.index(row.number) < min(page.index(other.number) for other in Report.objects.exclude(pk=row.pk))
    only = client.get("/admin/eye/branch/", {"promise": "late"}).content.decode()
    assert row.number in only and only.count("EYE-") < page.count("EYE-")
    assert client.get("/admin/eye/branch/", {"state": "x"}).status_code == 400
    own = signed_in(row.inspector)
    own.get("/admin/eye/")
    with CaptureQueriesContext(connection) as found:
        assert row.number in own.get("/admin/eye/").content.decode()
    assert len(statements(found)) <= 15
    with CaptureQueriesContext(connection) as found:
        page = own.get(url(row)).content.decode()
    assert 'value="warned"' not in page and "يُختار الإنذار أو المحضر نتيجةً بعد تحريره" in page, "nothing was written from it yet"
    assert len(statements(found)) <= 22, statements(found)
    assert 'value="body_acted"' not in page and 'value="no_answer"' not in page, "nothing was handed over or asked"


def test_the_supervisor_of_the_branch_reads_who_was_drawn_and_whether_they_are_there(row: Report, supervisor: User) -> None:
    inspector, other = row.inspector, User.objects.filter(groups__name="inspector", branch="HA").exclude(pk=row.inspector_id).get()
    assert inspector is not None
    User.objects.filter(pk=inspector.pk).update(name_en="Ghalia Drawn")
    readers = {user: signed_in(user) for user in (supervisor, other, StaffFactory(groups=["auditor"], login="auditor"))}
    for today in ("present today", "absent today"):
        for user, client in readers.items():
            client.cookies["staff_language"] = "en"
            for address in ("/admin/eye/branch/", url(row)):
                page = client.get(address).content.decode()
                assert row.number in page and ("Ghalia Drawn" in page) == (today in page) == (user == supervisor), (user, address)
        day = clock.today()
        staff.enter_absence(officer=inspector, kind="sick", first_day=day, last_day=day, entered_by=supervisor)


def test_the_route_begins_where_the_device_is(row: Report) -> None:
    client = signed_in(row.inspector)
    assert client.get("/admin/eye/?route").status_code == 200
    page = client.post("/admin/eye/", {"latitude": "29.3428", "longitude": "48.0283", "route": "1"}).content.decode()
    assert "1112" in page
    assert client.post("/admin/eye/", {"latitude": "0", "longitude": ""}).status_code == 400


def test_who_may_read_and_who_may_not(row: Report, supervisor: User) -> None:
    far = inspector("far", "JA")
    auditor = StaffFactory(groups=["auditor"], login="auditor")
    officer = StaffFactory(groups=["officer"], login="officer", branch=Branch.objects.get(pk="HA"))
    other = User.objects.filter(groups__name="inspector", branch="HA").exclude(pk=row.inspector_id).get()
    for user, status in ((supervisor, 200), (other, 200), (auditor, 200), (far, 403), (officer, 403)):
        assert signed_in(user).get(url(row)).status_code == status, user
    assert signed_in(auditor).get("/admin/eye/branch/").status_code == 200
    assert signed_in(officer).get("/admin/eye/branch/").status_code == 403
    assert signed_in(supervisor).get("/admin/eye/").status_code == 403
    assert signed_in(supervisor).get("/admin/eye/nothing/").status_code == 404
    for user in (other, auditor, supervisor):
        assert posted(row, user, "ask", text="أين؟").status_code == 403
    assert state(row) == "assigned"


def test_steps_by_their_forms(row: Report, supervisor: User) -> None:
    mine = row.inspector
    assert posted(row, mine, "ask", text=" ").status_code == 400
    assert posted(row, mine, "hand_over", body="paaf", code="not_ours", back_on="ليس يوما").status_code == 400
    page = posted(row, mine, "hand_over", body="paaf", code="not_ours", back_on="2020-01-01")
    assert page.status_code == 409 and "2020-01-01" in page.content.decode()
    assert posted(row, mine, "hand_over", body="paaf", code="not_ours").status_code == 302
    assert posted(row, mine, "take_back").status_code == 302
    assert posted(row, mine, "recategorise", category="hazard", code="other_category").status_code == 302
    assert posted(row, supervisor, "draw_again", code="absent").status_code == 302
    row.refresh_from_db()
    assert posted(row, row.inspector, "merge", into="EYE-0000").status_code == 400
    assert posted(row, row.inspector, "x").status_code == 400
    parts = {"category_1": "waste", "words_1": "أنقاض", "category_2": "hazard", "words_2": "حفرة"}
    assert posted(row, row.inspector, "split", **parts).status_code == 302
    assert state(row) == "split" and row.parts.count() == 2


def test_joined_by_the_number_of_the_other(row: Report) -> None:
    other = reports.assigned()
    assert posted(row, row.inspector, "merge", into=other.number.lower(), why="نفس الكومة").status_code == 302
    page = signed_in(row.inspector).get(url(other)).content.decode()
    assert row.number in page and state(row) == "merged"


def test_closed_by_hand_and_refused_without_proof(row: Report) -> None:
    client = signed_in(row.inspector)
    refused = client.post(url(row), {"step": "close", **result(row, latitude="29.3348", note="كتبت هذا")})
    assert refused.status_code == 409 and "222" in refused.content.decode() and "كتبت هذا" in refused.content.decode()
    without_time = result(row)
    del without_time["photo_at"]
    assert client.post(url(row), {"step": "close", **without_time}).status_code == 409
    assert client.post(url(row), {"step": "close", **result(row, code="x")}).status_code == 400
    assert client.post(url(row), {"step": "close", **result(row)}).status_code == 302
    assert state(row) == "closed" and Closure.objects.get().is_on_the_spot


def test_a_device_sends_a_result_once(row: Report, frozen_clock: Any) -> None:
    typed = result(row)
    frozen_clock.move(hours=20)  # without a line meanwhile
    answers = []
    for _again in range(2):
        typed["photo"].seek(0)
        answers.append(signed_in(row.inspector).post("/admin/eye/sync/", typed))
    assert [answer.status_code for answer in answers] == [201, 200], answers[0].content
    assert state(row) == "countersign" and Closure.objects.count() == 1, "its photo came too late for one person to close by it"
    other = User.objects.filter(groups__name="inspector").exclude(pk=row.inspector_id)[0]
    assert signed_in(other).post("/admin/eye/sync/", result(row)).status_code == 403
    worker = signed_in(row.inspector).get("/admin/eye/worker.js")
    assert worker.status_code == 200 and "/admin/eye/" in worker.content.decode()


def test_a_second_person_signs_by_the_form(row: Report, supervisor: User) -> None:
    sent = {"step": "close", **result(row, asks_signature="on")}
    for name in ("photo", "photo_at"):
        del sent[name]
    assert signed_in(row.inspector).post(url(row), sent).status_code == 302 and state(row) == "countersign"
    assert posted(row, supervisor, "send_back", code="proof_unclear").status_code == 302 and state(row) == "assigned"
    sent["client_key"] = str(uuid4())
    signed_in(row.inspector).post(url(row), sent)
    page = signed_in(supervisor).get(url(row)).content.decode()
    told_first = page.split('kp-eye-told">')[1].split("</div>")[0]
    assert Closure.objects.latest("pk").text_ar in told_first  # the written result, no blank
    assert posted(row, supervisor, "countersign").status_code == 302 and state(row) == "closed"


def test_nothing_of_the_reporter_is_on_any_page(inspectors: list[User], supervisor: User, told: Any) -> None:
    person = PersonFactory(noura=True)
    row = reports.assigned(Sender(person=person, phone="96551234567"))
    pages = [signed_in(user).get(address) for user in (row.inspector, supervisor) for address in (url(row), "/admin/eye/branch/")]
    for page in pages:
        text = page.content.decode() + str(page.headers)
        assert page.status_code == 200 and row.number in text
        for secret in (person.public_id, person.name_ar, person.name_en, "51234567", row.key):
            assert secret not in text
    assert dt.timedelta(0) < row.due_at - row.received_at


def test_a_report_about_a_board_shows_what_is_licensed(inspectors: list[User], make_shop: Any, owner: User, told: Any, store: Path) -> None:
    shop = make_shop()
    officer = OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["boards"])
    board = boards.licensed(shop, owner, officer, boards.FRONT).boards.get()
    place = ReportPlace(source="board", latitude=29.3328, longitude=48.0283, area=shop.area, shop=shop, board=board)
    row = reports.assigned(category="board", place=place)
    page = signed_in(row.inspector).get(url(row)).content.decode()
    for said in (board.number, f"/boards/{board.public_id}/", "عرض", "6.00"):
        assert said in page, said
    public = Client().get(f"/ar/reports/{row.public_id}/").content.decode()
    assert "6.00" in public and "0.80" in public
    for hidden in (board.number, board.public_id, shop.name_ar):  # the page of the board names its shop
        assert hidden not in public


def test_the_list_counts_what_the_menu_counts(row: Report) -> None:
    waits = next(one for one in iter(lambda: reports.assigned(Sender(phone="96550000014")), None) if one.inspector_id == row.inspector_id)
    services.ask(report=waits, inspector=row.inspector, text="أين المكان؟")
    page = signed_in(row.inspector).get("/admin/eye/").content.decode()
    due, _, others = page.partition('id="elsewhere"')
    assert "(1)" in due.partition('id="waiting"')[2] and row.number in due and waits.number not in due
    assert waits.number in others and "(1)" in others


def test_a_photo_from_too_far_says_how_far_is_allowed_and_keeps_what_was_typed(row: Report) -> None:
    answer = signed_in(row.inspector).post(url(row), result(row, latitude="29.3418", note="أُزيل الكرسي", step="close"))
    page = answer.content.decode()
    assert answer.status_code == 409 and "والحد الأقصى 75 متر" in page and "تلزم صورة جديدة من الموقع" in page
    assert "أُزيل الكرسي" in page and 'value="fixed"' in page and state(row) == "assigned"


def test_what_waits_for_another_body_takes_no_place_in_a_list_that_is_cut(row: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    services.hand_over(report=row, inspector=row.inspector, body="paaf", code="not_ours")
    with clock.at(clock.now() + dt.timedelta(hours=1)):
        later = reports.assigned()
        while later.inspector != row.inspector:
            later = reports.assigned()
        monkeypatch.setattr(triage, "LISTED", 1)
        assert later.number in signed_in(row.inspector).get("/admin/eye/").content.decode()

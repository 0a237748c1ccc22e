"""The page of who reported: opened by account or by the secret of the link, and what they can do there."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import User, actor_of
from municipality.cases.obligations import obligations_of
from municipality.kernel import clock
from municipality.kernel.transitions import transition
from municipality.places.models import Area
from reports.intake.services import ReportPlace
from reports.models import Closure, Question, Report, SolvedAnswer
from reports.moderation import services as moderation
from reports.reporters import bans
from reports.reporters.services import Sender, secret_of
from reports.triage import services as triage
from reports.triage.draws import draw
from reports.views.mine import LINKS
from tests.browsers import signed_in
from tests.factories import report_photos, report_steps, reports
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.inspections import inspector
from tests.interleaving import acting_before
from tests.published_rules import publish_rules

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    cache.clear()
    publish_rules()
    inspector("first", "HA")
    inspector("second", "HA")


def _page(report: Report, language: str = "en") -> str:
    return f"/{language}/reports/{report.public_id}/mine/"


def _asked(person: User) -> Report:
    report = reports.assigned(Sender(person=person))
    with transaction.atomic():
        due = clock.today() + dt.timedelta(days=5)
        Question.objects.create(report=report, text="أين؟", asked_by=report.inspector, asked_at=clock.now(), due_on=due)
        transition(report, "ask", actor=_actor(report))
    return report


def _actor(report: Report) -> Any:
    assert report.inspector is not None
    return actor_of(report.inspector, "inspector")


def test_street_and_landmark_are_shown_to_the_reporter_alone() -> None:
    place = ReportPlace(area=Area.objects.get(name_en="Hawalli"), block="4", street="Tunis", note="Behind the school")
    report, client = reports.received(place=place, words="Bags beside the container"), Client()
    url = f"{_page(report)}?s={secret_of(report.key)}"
    own = client.get(url, follow=True).content.decode()
    sent = client.get(f"/en/report/sent/{report.public_id}/").content.decode()
    public = client.get(f"/en/reports/{report.public_id}/").content.decode()
    for text in (own, sent):
        assert "Tunis" in text and "Behind the school" in text and "to the inspector" in text and "Bags beside the container" in text
    assert "Tunis" not in public and "Behind the school" not in public
    assert "The number is for looking" in sent and "Use this link to answer questions" in sent and "overdue, and by how long" in sent


def test_what_was_answered_stands_on_the_reporters_own_pages_and_for_staff_and_not_in_public() -> None:
    report, client = reports.assigned(category="board", answers={"may_fall": "yes"}), Client()
    own = client.get(f"{_page(report)}?s={secret_of(report.key)}", follow=True).content.decode()
    for page in (own, client.get(f"/en/report/sent/{report.public_id}/").content.decode()):
        assert re.search(r"<dt>Could it fall\?</dt>\s*<dd>Yes</dd>", page)
    assert "kp-crumbs" not in own, "whoever has a link alone has no list to go back to"
    assert "Could it fall" not in Client().get(f"/en/reports/{report.public_id}/").content.decode()
    triage.recategorise(report=report, inspector=report.inspector, category="hazard", code="other_category")
    staff = signed_in(StaffFactory(groups=["intake"]))
    assert "Could it fall" in client.get(_page(report)).content.decode()
    assert "هل توشك اللوحة على السقوط" in staff.get(f"/admin/intake/reports/{report.public_id}/").content.decode()
    inspector_page = signed_in(report.inspector).get(f"/admin/eye/{report.public_id}/")
    assert "هل توشك اللوحة على السقوط" in inspector_page.content.decode()


def _closed(sender: Sender) -> Report:
    return report_steps.closed(reports.assigned(sender))


def test_the_secret_opens_the_page_and_leaves_the_address() -> None:
    report, browser = reports.received(Sender(device="d")), Client()
    assert browser.get(_page(report)).status_code == 403
    secret = secret_of(report.key)
    answer = browser.get(_page(report), {"s": secret})
    assert answer.status_code == 302 and answer["Location"] == _page(report)
    text = browser.get(_page(report)).content.decode()
    assert report.number in text and secret not in text and "sent without a name" in text


def test_a_wrong_secret_gets_a_clear_page_and_tries_end() -> None:
    report, browser = reports.received(Sender(device="d")), Client()
    answer = browser.get(_page(report), {"s": "x"})
    assert answer.status_code == 403 and "whole link" in answer.content.decode()
    codes = {browser.get(_page(report), {"s": f"x{n}"}).status_code for n in range(20)}
    assert codes == {403, 429}


def test_right_links_of_a_shared_address_use_up_no_tries() -> None:
    report = reports.received(Sender(device="d"))
    secret = secret_of(report.key)
    assert {Client().get(_page(report), {"s": secret}).status_code for _ in range(LINKS.amount + 1)} == {302}
    codes = [Client().get(_page(report), {"s": f"x{n}"}).status_code for n in range(LINKS.amount + 1)]
    assert codes == [403] * LINKS.amount + [429], "the control: wrong ones do"


def test_a_hidden_report_says_why() -> None:
    person = PersonFactory()
    report = report_steps.hidden(reports.received(Sender(person=person)))
    content = signed_in(person).get(_page(report)).content.decode()
    assert "The public does not see this report" in content and "because it insults a person or a body" in content
    assert f'href="/en/reports/{report.public_id}/"' not in content
    assert "object" not in Client().get(f"/en/reports/{report.public_id}/").content.decode()


def test_only_the_person_who_reported_sees_it() -> None:
    person = PersonFactory()
    report = reports.received(Sender(person=person))
    page = signed_in(person).get(_page(report))
    assert (
        page.status_code == 200
        and "Messages in an account stay there" in page.content.decode()
        and "without a name" not in page.content.decode()
    )  # nothing deletes them
    assert signed_in(PersonFactory(noura=True)).get(_page(report)).status_code == 403
    assert signed_in(StaffFactory(groups=["inspector"])).get(_page(report)).status_code == 403


def test_my_requests_lead_to_my_reports_of_whoever_sent_one() -> None:
    person = PersonFactory()
    assert "/en/my-reports/" not in signed_in(person).get("/en/my-requests/").content.decode(), "the control: nothing was sent"
    reports.received(Sender(person=person))
    assert 'href="/en/my-reports/"' in signed_in(person).get("/en/my-requests/").content.decode()


def test_the_page_costs_few_statements() -> None:
    person = PersonFactory()
    browser = signed_in(person)
    for report in (_asked(person), _closed(Sender(person=person))):
        for page in (_page(report, "ar"), "/ar/my-reports/"):
            with CaptureQueriesContext(connection) as statements:
                assert report.number in browser.get(page).content.decode()
            # Rules are read once a process, the last day that moved once a minute; only this test keeps them from the cache.
            others = [one["sql"] for one in statements if '"rulebook_' not in one["sql"] and "moveddeadline" not in one["sql"]]
            assert len(others) < 12


@pytest.mark.parametrize("into", ["the newer", "the older"])
def test_a_promise_from_before_it_was_sent_is_said_to_be_that_of_the_older_report(frozen_clock: Any, into: str) -> None:
    """Control: before the two are joined, the newer report has a promise of its own and no such sentence."""
    person = PersonFactory()
    older = reports.assigned(Sender(person=PersonFactory(noura=True)))
    with clock.at(older.due_at + dt.timedelta(hours=2)):
        newer = reports.assigned(Sender(person=person))
        browser, said = signed_in(person), f"This is the promise of report {older.number}"
        assert said not in _text(browser.get(_page(newer))) and newer.due_at > newer.received_at
        row, target = (older, newer) if into == "the newer" else (newer, older)
        assert row.inspector is not None
        triage.merge(report=row, into=target, inspector=row.inspector, why="x")
        newer.refresh_from_db()
        assert Report.objects.get(pk=target.pk).due_at < newer.received_at
        assert said in _text(browser.get(_page(newer)))
        public = _text(Client().get(f"/en/reports/{newer.public_id}/"))
        assert (said in public) is (into == "the newer"), "the public page of a joined report leads to the other"
        clerk = StaffFactory(groups=["intake"], login="hides")
        moderation.hide(report=Report.objects.get(pk=older.pk), part="report", code="insult", by=clerk)
        assert said not in _text(Client().get(f"/en/reports/{newer.public_id}/")), "nor does it name a hidden one"


def _text(answer: Any) -> str:
    """What a person reads on a page, in one line."""
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", "", answer.content.decode()))


def test_the_obligations_of_a_person_are_those_of_the_page() -> None:
    person = PersonFactory()
    asked, closed = _asked(person), _closed(Sender(person=person))
    found = {one.code: one for one in obligations_of(person) if one.key.startswith("report:")}
    assert set(found) == {"answer_report", "say_solved"}
    assert found["answer_report"].url.endswith(f"{asked.public_id}/mine/") and found["say_solved"].days_left == 14
    with clock.at(clock.now() + dt.timedelta(days=15)):
        assert "say_solved" not in {one.code for one in obligations_of(person)}
    assert closed.number in {one.reference for one in found.values()}


def test_the_result_after_a_no_is_asked_about_as_the_first_one() -> None:
    person = PersonFactory()
    report = report_steps.answered(_closed(Sender(person=person)), is_solved=False)
    triage.assign(report)
    report.refresh_from_db()
    report_steps.closed(report)
    assert "say_solved" in {one.code for one in obligations_of(person)}


def test_an_answer_goes_to_the_inspector() -> None:
    person = PersonFactory()
    report, browser = _asked(person), signed_in(person)
    assert "Photos are shown to everybody once an employee has agreed" in browser.get(_page(report)).content.decode()
    empty = browser.post(_page(report), {"text": ""})
    assert empty.status_code == 400 and "Please write an answer." in empty.content.decode()
    assert browser.post(_page(report), {"text": "عند المدخل"}).status_code == 302
    report.refresh_from_db()
    assert report.state == "assigned" and Question.objects.get().answer == "عند المدخل"


@pytest.mark.parametrize("how", ["a photo in HEIC", "photos that are too large together"])
def test_an_answer_whose_photos_are_not_taken_is_not_sent_and_its_words_stay(settings: Any, store: Path, how: str) -> None:
    person = PersonFactory()
    report, browser = _asked(person), signed_in(person)
    content = b"\0\0\0\x18ftypheic" + b"\0" * 200 if "HEIC" in how else report_photos.camera()
    if "HEIC" not in how:
        settings.UPLOADS_MAX_REQUEST = 1000
    answer = browser.post(_page(report), {"text": "عند المدخل", "photos": report_photos.file(content)})
    page = answer.content.decode()
    assert answer.status_code >= 400 and "عند المدخل" in page
    assert ("HEIC" in page) if "HEIC" in how else ("too large together" in page)
    report.refresh_from_db()
    assert report.state == "asked" and Question.objects.get().answer == "" and not report.photos.exists()
    settings.UPLOADS_MAX_REQUEST = 10_000_000
    assert browser.post(_page(report), {"text": "عند المدخل", "photos": report_photos.file()}).status_code == 302
    assert report.photos.get().kind == "answer"


def test_yes_ends_it_and_no_opens_it_again_with_another_inspector() -> None:
    person = PersonFactory()
    browser, solved, unsolved = signed_in(person), _closed(Sender(person=person)), _closed(Sender(person=person))
    assert browser.post(_page(solved), {"solved": "yes"}).status_code == 302
    refused = browser.post(_page(unsolved), {"solved": "no"})
    assert refused.status_code == 400 and "words" in refused.context["form"].errors  # what is still there? asked at its field
    assert browser.post(_page(unsolved), {"solved": "no", "words": "ما زالت"}).status_code == 302
    solved.refresh_from_db()
    unsolved.refresh_from_db()
    assert (solved.state, unsolved.state) == ("closed", "received")
    assert list(SolvedAnswer.objects.order_by("pk").values_list("is_solved", flat=True)) == [True, False]
    assert "Is it solved?" not in browser.get(_page(solved)).content.decode()
    closer = Closure.objects.get(report=unsolved).closed_by
    assert {draw(unsolved)[0] for _n in range(5)}.isdisjoint({closer})


def test_who_reported_the_same_says_that_it_is_not_solved_and_leaves_the_yes_to_the_other() -> None:
    """Or a report could be silenced by joining it with that of a friend."""
    first, second = PersonFactory(), PersonFactory(noura=True)
    older, joined = reports.assigned(Sender(person=first)), reports.assigned(Sender(person=second))
    assert joined.inspector is not None
    triage.merge(report=joined, into=older, inspector=joined.inspector, why="x")
    browser, words = signed_in(second), "What is still there?"
    assert words not in _text(browser.get(_page(joined))), "it is open yet"
    report_steps.closed(Report.objects.get(pk=older.pk))
    page = browser.get(_page(joined)).content.decode()
    assert words in page and 'value="no"' in page and 'value="yes"' not in page and "The waste was removed." in page
    assert 'value="yes"' in signed_in(first).get(_page(older)).content.decode()
    assert browser.post(_page(joined), {"solved": "yes"}).status_code == 409 and not SolvedAnswer.objects.exists()
    assert browser.post(_page(joined), {"solved": "no", "words": "ما زالت"}).status_code == 302
    older.refresh_from_db()
    assert older.state == "received" and SolvedAnswer.objects.get().closure.report == older
    assert words not in _text(browser.get(_page(joined)))


def test_a_second_press_meets_a_sentence_and_no_form() -> None:
    person = PersonFactory()
    report, answer = _closed(Sender(person=person)), {"solved": "no", "words": "ما زالت"}
    browser, other = signed_in(person), signed_in(person)
    with acting_before("accounts_throttle", lambda: other.post(_page(report), answer)):
        second = browser.post(_page(report), answer)
    text = second.content.decode()
    assert second.status_code == 409 and "was judged already" in text and 'name="solved"' not in text
    assert SolvedAnswer.objects.count() == 1


def test_the_page_of_a_stop_takes_one_appeal() -> None:
    clerk = StaffFactory(groups=["intake"])
    ban = bans.make(report=reports.received(Sender(device="d")), code="false_reports", by=clerk)
    page, browser = f"/en/reports/bans/{ban.public_id}/", Client()
    assert browser.get(page).status_code == 200
    assert browser.post(page, {"words": ""}).status_code == 400
    assert browser.post(page, {"words": "لم أكذب"}).status_code == 302
    assert browser.post(page, {"words": "مرة أخرى"}).status_code == 409

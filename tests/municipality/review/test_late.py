"""Late requests as a supervisor reads them: with whom, how late, how far escalated, and what may be done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.review import boards, queries
from municipality.review.admin import clocks, late
from municipality.review.admin.people import skill_name
from municipality.review.models import Assignment, QueueEntry
from municipality.review.models import Clock as CaseClock
from municipality.review.registry import REVIEWABLES
from municipality.review.services import case_clock, desk, queue, staff
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import BOARD, PEOPLE, case_url, text_of
from tests.municipality.review.permits import Office
from tests.purposes import opened

pytestmark = pytest.mark.django_db
HOME = "/admin/"
admin.autodiscover()


@pytest.fixture(autouse=True)
def arabic_afterwards() -> Iterator[None]:
    """A request in English leaves its language to the thread."""
    yield
    translation.deactivate()


def english(user: object) -> Client:
    client = signed_in(user)  # type: ignore[arg-type]
    client.cookies["staff_language"] = "en"
    return client


def words(client: Client, url: str) -> str:
    """The text of a page, without its tags."""
    html = text_of(opened(client, url, "purpose.supervision"))
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def escalated(entry: QueueEntry) -> None:
    case_clock.escalate(clock_id=entry.case.clock.pk)


def test_the_lists_say_with_whom_since_when_and_how_late(office: Office, frozen_clock: Clock) -> None:
    held, waiting = permits.sent(office.applicant), permits.sent(permits.applicant(2))
    assert desk_acts.assigned(office.officer).place_id == held.pk
    frozen_clock.move(days=28)
    supervisor = english(office.supervisor)
    for page in (HOME, BOARD):
        text = words(supervisor, page)
        assert f"With {office.officer.name_en}" in text.replace("  ", " ") or office.officer.name_ar in text, page
        assert "In the queue: nobody yet · since 24 November 2026" in text.replace("\xa0", " "), page
        assert re.search(r"Late by \d+ working days", text), page
    row = Assignment.objects.get(place=held)
    desk.propose_refusal(assignment=desk_acts.checked(row), code="layout_changed")
    assert "Waits for a second signature; the officer is" in words(supervisor, BOARD)
    assert waiting.case.reference in words(supervisor, BOARD)
    assert "Sign this decision" in words(supervisor, BOARD)
    staff.declare_conflict(officer=office.supervisor, party_key=office.applicant.key, kind="relative", declared_by=office.supervisor)
    text = words(supervisor, BOARD)
    # Once on the line of the request, in place of the link, once above the list.
    assert "Sign this decision" not in text and text.count("Another supervisor signs what you proposed yourself") == 2


def test_a_request_that_went_back_to_its_applicant_is_not_late_and_its_time_stands_still(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    row = desk_acts.assigned(office.officer)
    frozen_clock.move(days=28)
    escalated(entry)
    desk.ask_corrections(assignment=row, items=[desk.CorrectionRequest("file_expired", "lease")])
    text = words(english(office.supervisor), BOARD)
    assert "Waiting for the applicant; the officer is" in text and "the time stands still" in text and "Late by" not in text
    shown = clocks.line(Case.objects.get(pk=entry.case_id).clock)
    assert shown is not None and shown.is_paused and shown.kind == "wait", "no page calls a clock late that stands still"


def test_the_lists_of_the_board_cost_no_more_with_many_late_requests(
    office: Office, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cost() -> int:
        client.get(BOARD)
        with CaptureQueriesContext(connection) as asked:
            client.get(BOARD)
        return sum(not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")) for q in asked.captured_queries)

    serving.warm(monkeypatch)
    permits.sent(office.applicant)
    desk_acts.assigned(office.officer)
    permits.sent(permits.applicant(9))
    frozen_clock.move(days=28)
    client = signed_in(office.supervisor)
    one = cost()
    for number in range(2, 8):
        escalated(permits.sent(permits.applicant(number)))
    frozen_clock.move(days=28)
    client = signed_in(office.supervisor)
    assert cost() == one <= 17


def test_the_oldest_request_is_the_oldest_of_all_whoever_has_it(office: Office, frozen_clock: Clock) -> None:
    oldest = permits.sent(office.applicant)
    desk_acts.assigned(office.officer)
    frozen_clock.move(days=3)
    permits.sent(permits.applicant(2))
    found = queries.board(oldest.branch).oldest
    assert found == oldest
    text = words(english(office.supervisor), BOARD)
    assert f"of all fields of work: {oldest.case.reference}" in text


def test_the_promise_has_the_same_tag_on_every_page(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    desk_acts.assigned(office.officer)
    row = Case.objects.get(pk=entry.case_id).clock
    told = set()
    for _day in range(12):
        with translation.override("en"):
            line, (shown,) = clocks.line(row), late.lines(boards._running(entry.branch), office.supervisor)
        assert shown.clock == line
        told.add((line.kind, str(line.word).split()[0]))
        frozen_clock.move(days=1)
    assert told == {("ok", "Due"), ("warn", "Due"), ("bad", "Late")}


def test_the_history_shows_the_escalations(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    frozen_clock.move(days=28)
    escalated(entry)
    text = words(english(office.supervisor), case_url(entry.case))
    told = [f"(level {level} of 3)" for level in (1, 2, 3)]
    history = text.partition("What a supervisor may do")[2].rpartition("History")[2]
    assert all(one in history for one in told) and re.search(r"\d+% of the promised time was used", history)


def test_each_level_tells_staff_who_can_open_the_request(office: Office, frozen_clock: Clock) -> None:
    auditor = StaffFactory(groups=["auditor"], branch_id="JA")
    elsewhere = StaffFactory(supervisor=True, login="chief-JA", branch_id="JA")
    entry, told = permits.sent(office.applicant), []
    assert "No late request is escalated to the auditors." in words(english(auditor), HOME)
    while len(told) < 3:
        frozen_clock.move(hours=4)
        if case_clock.escalate(clock_id=entry.case.clock.pk):
            rows = Message.objects.filter(kind="review.escalated_to_staff").exclude(pk__in=[pk for found in told for pk, _person in found])
            told.append(list(rows.values_list("pk", "person")))
            is_listed = entry.case.reference in words(english(auditor), HOME)
            assert is_listed == (len(told) > 1), "from the second level it stands on the auditors' first page"
    supervisors = {office.supervisor.pk, office.second.pk}
    assert [{person for _pk, person in found} for found in told] == [supervisors, supervisors | {auditor.pk}, supervisors | {auditor.pk}]
    assert queries.may_open(auditor, entry.case) and not queries.may_open(elsewhere, entry.case)
    applicant = Message.objects.filter(kind="review.escalated", person=entry.case.applicant).latest("pk")
    assert "senior officer" not in applicant.body_en and "the auditors of the Municipality" in applicant.body_en
    message = Message.objects.filter(person=auditor).latest("pk")
    assert entry.case.title_ar not in message.body_ar and message.path == case_url(entry.case)
    page = words(english(office.supervisor), case_url(entry.case))
    assert "the request is still decided by its officer" in page


def test_without_a_supervisor_the_first_level_tells_the_auditors(office: Office, frozen_clock: Clock) -> None:
    auditor = StaffFactory(groups=["auditor"], branch_id="JA")
    User.objects.filter(pk__in=[office.supervisor.pk, office.second.pk]).update(is_active=False)
    entry = permits.sent(office.applicant)
    while not case_clock.escalate(clock_id=entry.case.clock.pk):
        frozen_clock.move(hours=4)
    assert Message.objects.get(kind="review.escalated_to_staff").person == auditor
    while (row := CaseClock.objects.get(case=entry.case)).due_at is None or row.due_at >= clock.now():
        frozen_clock.move(hours=4)
    assert row.level == 1 and entry.case.reference in words(english(auditor), HOME), "the message names this list"


def test_a_supervisor_is_offered_what_may_be_done_and_an_auditor_is_not(office: Office, frozen_clock: Clock) -> None:
    before = permits.sent(permits.applicant(2))
    entry = permits.sent(office.applicant)
    frozen_clock.move(days=28)
    escalated(before)
    escalated(entry)
    supervisor, url = english(office.supervisor), case_url(entry.case)
    html = text_of(opened(supervisor, url, "purpose.supervision"))
    told = re.sub(r"<[^>]+>", "", html)
    assert "Level 3 was reached on" in told and "The decision still waits for an officer." in told
    assert "is present with nothing in hand and has not asked for the next case." in told
    assert html.count('name="step" value="remind"') == 2 == len({office.officer, office.colleague}), "whoever is idle is reminded here"
    assert "bringing it forward would change nothing" in text_of(opened(supervisor, case_url(before.case), "purpose.supervision"))
    asked = {"step": "ask", "reference": before.case.reference, "code": "already_late"}
    refused = supervisor.post(BOARD, asked)
    assert refused.status_code == 409 and "bringing it forward would change nothing" in text_of(refused)
    unchosen = supervisor.post(BOARD, {**asked, "reference": entry.case.reference, "code": ""})
    assert unchosen.status_code == 409 and "Choose a reason from the list." in text_of(unchosen)
    board = text_of(unchosen)
    assert '<option value="">Choose a reason</option>' in board and "The request is already late" in board
    assert re.search(r"In this branch that is:\s*(<bdi[^>]*>)?" + re.escape(office.second.name_en), board)
    link = f"{BOARD}?reference={entry.case.reference}"
    assert f'href="{link}#ahead"' in html and f'href="{PEOPLE}"' in html
    assert f'value="{entry.case.reference}"' in text_of(supervisor.get(link)), "the form knows which request is meant"
    auditor = signed_in(StaffFactory(groups=["auditor"], branch_id="HA"))
    assert "desk-ways" not in text_of(opened(auditor, url, "purpose.audit"))
    asked = queue.ask_override(place=entry, code="court_order", asked_by=office.supervisor)
    assert "another supervisor allows it" in words(supervisor, url)
    queue.allow_override(override=asked, allowed_by=office.second)
    assert "It is handed out next" in words(supervisor, url)
    desk_acts.assigned(office.officer)
    html = text_of(supervisor.get(url))
    absence = f"{PEOPLE}?officer={office.officer.pk}"
    assert f'href="{absence}#absence"' in html
    assert f'<option value="{office.officer.pk}" selected>' in text_of(supervisor.get(absence))
    desk.propose_refusal(assignment=desk_acts.checked(Assignment.objects.get(place=entry)), code="layout_changed")
    assert "Sign this decision" in text_of(supervisor.get(url))


def test_a_request_that_nobody_present_may_decide_says_so(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    frozen_clock.move(days=28)
    escalated(entry)
    supervisor = english(office.supervisor)
    assert "More officers with its field of work" in words(supervisor, case_url(entry.case))
    assert boards.able_officers(entry)
    for skill in queries.Skill.objects.filter(officer__branch=entry.branch, ended_at=None):
        assert supervisor.post(PEOPLE, {"act": "end", "skill": skill.pk}).status_code == 302
    assert not boards.able_officers(entry)
    assert "Nobody who is present may decide it" in words(supervisor, case_url(entry.case))


def test_every_field_of_work_has_its_name_in_both_languages() -> None:
    codes = {service.skill for service in REVIEWABLES.values()} - {permits.SKILL}
    assert {"health", "objections", "claims", "pages"} <= codes
    for code in codes:
        with translation.override("en"):
            in_english = str(skill_name(code))
        with translation.override("ar"):
            in_arabic = str(skill_name(code))
        assert in_english != code and not re.search("[A-Za-z]", in_arabic), code
    assert skill_name("unheard_of") == "unheard_of", "the control: a skill without a name is its code"


def test_whoever_opens_a_request_is_asked_only_for_purposes_of_their_role(office: Office) -> None:
    entry = permits.sent(office.applicant)
    desk_acts.assigned(office.officer)
    auditor = StaffFactory(groups=["auditor"], branch_id="HA")
    for user, own, other in ((office.supervisor, "supervision", "audit"), (auditor, "audit", "supervision")):
        html = text_of(signed_in(user).get(case_url(entry.case)))
        assert f'value="purpose.{own}"' in html and 'value="purpose.court"' in html
        assert f'value="purpose.{other}"' not in html and 'value="purpose.similar"' not in html

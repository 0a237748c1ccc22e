"""The page of the second signature: requirement against finding, four questions, similar cases, and the move of recusal."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES, Timeline
from municipality.review import similar
from municipality.review.models import ConflictOfInterest, Decision
from municipality.review.registry import REVIEWABLES
from municipality.review.services import desk, queue, staff
from tests import desk_acts
from tests.browsers import signed_in
from tests.desk_acts import ALL_YES
from tests.factories.accounts import StaffFactory, UserFactory
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import EVERY_YES, SIGN, case_url, text_of
from tests.municipality.review.permits import Office
from tests.purposes import opened, subject_of


def proposed(office: Office, code: str = "layout_changed", **note: str) -> Decision:
    permits.sent(office.applicant)
    assignment = desk_acts.checked(desk_acts.assigned(office.officer))
    desk.check_all(assignment=assignment, answers={"drawing_matches": "no"})
    return desk.propose_refusal(assignment=assignment, code=code, **note)


def post(client: Client, decision: Decision, **data: Any) -> Any:
    return client.post(SIGN, {"decision": decision.pk, "digest": decision.digest, **data})


def test_the_requirement_stands_beside_what_the_officer_found(office: Office) -> None:
    decision = proposed(office, note_ar="جدار جديد", note_en="A new wall")
    html = text_of(signed_in(office.supervisor).get(SIGN))
    table = html[html.index('<table class="kp-findings">') :].split("</table>")[0]
    assert decision.article_ar in table and decision.text_ar in table and "جدار جديد" in table
    assert table.index("غير مستوفى") < table.index("مستوفى</span>", table.index("غير مستوفى") + 20), "what is not met comes first"
    assert "60" in table and "80" in table, "the fact that the question is about"
    assert "لم يُطلب أي استكمال" in table and "لم يذكر الموظف في أي إجابة" not in html


def test_a_checklist_without_a_no_is_said(office: Office) -> None:
    permits.sent(office.applicant)
    desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(office.officer)), code="layout_changed")
    assert "لم يذكر الموظف في أي إجابة" in text_of(signed_in(office.supervisor).get(SIGN))


# The questions.


def test_an_open_question_keeps_what_was_answered(office: Office) -> None:
    decision, client = proposed(office), signed_in(office.supervisor)
    assert text_of(client.get(SIGN)).count('name="answer.') == 8
    some = {name: answer for name, answer in EVERY_YES.items() if name != "answer.is_proven"} | {"answer.says_what_next": "no"}
    answer = post(client, decision, step="sign", code="words_unclear", **some)
    given = {one.code: one.answer for one in answer.context_data["questions"]}
    assert answer.status_code == 409 and "الأسئلة الأربعة" in answer.context_data["error"]
    assert given == {"is_proven": None, "article_applies": True, "is_beyond_correction": True, "says_what_next": False}
    assert 'value="words_unclear" checked' in text_of(answer)
    assert not Decision.objects.get().is_signed


def test_sending_back_needs_no_answer_and_keeps_all_or_none(office: Office) -> None:
    decision, client = proposed(office), signed_in(office.supervisor)
    assert "required" not in "".join(line for line in text_of(client.get(SIGN)).splitlines() if 'name="answer.' in line)
    assert post(client, decision, step="back", code="words_unclear", **{"answer.is_proven": "no"}).status_code == 302
    row = Decision.objects.get()
    assert row.voided_at is not None and row.is_proven is None and row.says_what_next is None


def test_a_yes_to_whether_corrections_would_be_enough_speaks_against_the_refusal(office: Office) -> None:
    proposed(office)
    page = BeautifulSoup(text_of(signed_in(office.supervisor).get(SIGN)), "html.parser")
    words = {}
    for box in page.select('[name^="answer."]'):
        words.setdefault(box["name"].removeprefix("answer."), {})[box.parent.get_text(strip=True)] = box["value"]
    assert words.pop("is_beyond_correction") == {"نعم": "no", "لا": "yes"}
    assert all(answers == {"نعم": "yes", "لا": "no"} for answers in words.values())


def test_the_documents_stand_beside_the_questions_and_a_case_leads_to_its_own_decision(office: Office) -> None:
    first, second = proposed(office), proposed(office)
    client = signed_in(office.supervisor)
    page = BeautifulSoup(text_of(client.get(SIGN, {"case": second.case.public_id})), "html.parser")
    assert page.select_one('#desk-sign [name="decision"]')["value"] == str(second.pk)
    assert [label.get_text(strip=True) for label in page.select(".kp-tabs label")] == ["النص الذي يُرسل", "1عقد الإيجار"]
    assert client.get(SIGN).context_data["decision"] == first
    case = BeautifulSoup(text_of(opened(client, case_url(second.case), "purpose.supervision")), "html.parser")
    assert case.select_one(f'a.kp-desk-main[href="{SIGN}?case={second.case.public_id}"]')
    desk.sign(decision=second, supervisor=office.second, answers=ALL_YES)
    assert not BeautifulSoup(text_of(client.get(case_url(second.case))), "html.parser").select(f'a[href^="{SIGN}?case"]')


def test_a_no_closes_the_signature_says_why_and_goes_back(office: Office) -> None:
    decision, client = proposed(office), signed_in(office.supervisor)
    data = {**EVERY_YES, "answer.is_beyond_correction": "no"}
    closed = post(client, decision, step="sign", **data)
    assert closed.status_code == 409 and "إحدى الإجابات ضد الرفض" in closed.context_data["error"]
    assert 'id="desk-closed"' in text_of(closed)
    assert post(client, decision, step="back", code="could_be_corrected", **data).status_code == 302
    assert Decision.objects.get().is_beyond_correction is False


def test_answers_of_one_proposal_are_not_shown_on_the_next(office: Office) -> None:
    first, client = proposed(office), signed_in(office.supervisor)
    proposed(office)
    desk.sign(decision=first, supervisor=office.second, answers=ALL_YES)
    answer = post(client, first, step="sign", **EVERY_YES)
    assert answer.status_code == 409 and all(one.answer is None for one in answer.context_data["questions"])


def test_the_auditor_reads_the_answers_on_the_page_of_the_case(office: Office) -> None:
    decision = proposed(office)
    desk.send_back(decision=decision, supervisor=office.supervisor, code="words_unclear", answers=ALL_YES | {"says_what_next": False})
    auditor = signed_in(StaffFactory(groups=["auditor"], branch_id="HA"))
    html = text_of(opened(auditor, case_url(decision.case)))
    part = html[html.index('id="desk-signatures"') :].split("</section>")[0]
    assert part.count("<b>نعم</b>") == 2 and part.count("<b>لا</b>") == 2
    assert "desk-signatures" not in text_of(opened(signed_in(office.supervisor), case_url(decision.case)))


def test_the_signer_says_in_words_what_to_change_and_staff_read_it(office: Office) -> None:
    decision = proposed(office)
    back = {"step": "back", "words": "يُرجى قياس المساحة من جديد"}
    wrong = post(signed_in(office.supervisor), decision, **back)
    assert wrong.status_code == 409 and "يُرجى قياس المساحة من جديد" in text_of(wrong), "what was typed stays"
    assert post(signed_in(office.supervisor), decision, **back, code="words_unclear").status_code == 302
    html = text_of(signed_in(office.officer).get(case_url(decision.case)))
    assert html.count("يُرجى قياس المساحة من جديد") == 2, "beside the decision and in the history"


# The move of a signer with a conflict.


def test_a_conflict_of_interest_is_a_move_of_the_page(office: Office) -> None:
    decision, client = proposed(office), signed_in(office.supervisor)
    page = text_of(client.get(SIGN))
    assert [page.count(f'name="move" value="{move}"') for move in ("sign", "back", "recuse")] == [1, 1, 1]
    wrong = post(client, decision, step="recuse", kind="relative", party="")
    assert wrong.status_code == 409 and 'name="kind" value="relative" required checked' in text_of(wrong)
    assert post(client, decision, step="recuse", kind="relative", party="applicant").status_code == 302
    assert ConflictOfInterest.objects.filter(officer=office.supervisor, kind="recused").exists()
    assert client.get(SIGN).context_data.get("decision") is None
    assert post(client, decision, step="sign", **EVERY_YES).status_code == 409
    assert post(signed_in(office.second), decision, step="sign", **EVERY_YES).status_code == 302


# Similar cases.


class Past:
    """Decided cases of the office: refused for the same reason and for another one, and approved after a proposal that went back."""

    def __init__(self, office: Office) -> None:
        self.same = desk_acts_of(office, "layout_changed")
        self.other = desk_acts_of(office, "conditions_not_met")
        sent_back = proposed(office)
        desk.send_back(decision=sent_back, supervisor=office.supervisor, code="could_be_corrected", answers=ALL_YES)
        desk.accept(assignment=desk_acts.checked(desk_acts.assigned(office.officer)))
        self.approved = Case.objects.get(pk=sent_back.case_id)
        self.waiting = proposed(office)


def desk_acts_of(office: Office, code: str) -> Case:
    permits.sent(UserFactory(login=f"applicant-{code}"))
    return desk_acts.refuse(office.officer, office.supervisor, code)


@pytest.fixture
def past(office: Office, monkeypatch: pytest.MonkeyPatch) -> Past:
    titles: defaultdict[str, str] = defaultdict(lambda: "")
    monkeypatch.setitem(TIMELINES, permits.PERMIT, Timeline(name="Permit", titles=titles, path=(), next_actor={}, notes={}))
    return Past(office)


def similar_url(past: Past, other: Case) -> str:
    return f"/admin/desk/{past.waiting.case.public_id}/similar/{other.public_id}/"


def test_decided_cases_with_the_same_reason_are_listed_by_one_statement(office: Office, past: Past) -> None:
    with CaptureQueriesContext(connection) as asked:
        found = similar.nearest(office.supervisor, past.waiting)
    assert len(asked) == 1
    assert [(line.case.pk, line.kind, line.rounds) for line in found] == [(past.approved.pk, "ok", 0), (past.same.pk, "bad", 0)]
    html = text_of(signed_in(office.supervisor).get(SIGN))
    assert similar_url(past, past.same) in html and past.other.reference not in html
    assert "applicant-" not in html


def test_opening_one_asks_why_and_its_person_reads_it(office: Office, past: Past) -> None:
    client, url = signed_in(office.supervisor), similar_url(past, past.same)
    assert subject_of(client.get(url)) == past.same.key
    assert not AccessLogEntry.objects.filter(subject=past.same.key, purpose="purpose.similar").exists()
    html = text_of(opened(client, url, "purpose.similar"))
    assert past.same.reference in html and past.same.applicant.name_ar not in html and f'href="{SIGN}"' in html
    look = AccessLogEntry.objects.get(subject=past.same.key, purpose="purpose.similar")
    assert (look.viewer_role, look.person_key) == ("supervisor", past.same.applicant.key)


def test_no_other_case_is_reached_that_way_nor_by_anybody_else(office: Office, past: Past) -> None:
    assert signed_in(office.supervisor).get(similar_url(past, past.other)).status_code == 404
    assert AuditEvent.objects.filter(action="review.guessed", subject=past.other.key).exists()
    for person in (office.officer, office.colleague, StaffFactory(supervisor=True, login="far", branch_id="JA")):
        assert signed_in(person).get(similar_url(past, past.same)).status_code == 404
    desk.sign(decision=past.waiting, supervisor=office.second, answers=ALL_YES)
    assert signed_in(office.supervisor).get(similar_url(past, past.same)).status_code == 404, "only while it waits"


def test_a_case_with_whose_party_the_signer_is_tied_is_left_out(office: Office, past: Past) -> None:
    staff.declare_conflict(officer=office.supervisor, party_key=past.same.applicant.key, kind="relative", declared_by=office.supervisor)
    assert past.same.pk not in {line.case.pk for line in similar.nearest(office.supervisor, past.waiting)}
    assert signed_in(office.supervisor).get(similar_url(past, past.same)).status_code == 404


def test_none_for_a_service_without_names_and_none_that_was_withdrawn(office: Office, past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = proposed(office)
    queue.withdraw(case=gone.case, person=office.applicant)
    assert gone.case_id not in {line.case.pk for line in similar.nearest(office.supervisor, past.waiting)}
    past.waiting.case.service = next(name for name, service in REVIEWABLES.items() if service.is_blind)
    assert similar.nearest(office.supervisor, past.waiting) == []

"""Deciding: the draft beside the instant answer, reason and second signature of a deviation, its task, and the sealed opinion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.documents import seal, store
from municipality.documents.models import Document
from municipality.documents.verification import check
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review import texts
from municipality.review.models import Assignment, Decision
from municipality.review.services import desk, queue
from tests import desk_acts
from tests.browsers import signed_in
from tests.database_guards import drop_guard
from tests.factories.opinions import paid
from tests.factories.review import OfficerFactory
from tests.factories.zoning import PlotFactory, repeal_layer
from tests.killed_issue import assert_ends_as_undisturbed
from zoning.contests.services import contest
from zoning.models import Layer, Opinion, OpinionDraft, Plot, PlotChange, PlotSuccession, RuleTask
from zoning.opinion import queries, review
from zoning.opinion.documents import OpinionFacts
from zoning.opinion.services import consultations, issue, study

pytestmark = pytest.mark.django_db
WORDS = {"text_ar": "انتقلت المدرسة.", "text_en": "The school moved."}


def draft(held: Assignment, outcome: str, code: str = "") -> OpinionDraft:
    return study.write_draft(assignment=held, outcome=outcome, code=code, **WORDS)


@pytest.mark.guards
def test_a_draft_that_agrees_needs_one_signature(heard: Opinion, held: Assignment) -> None:
    assert draft(held, "not_permitted").agreement == "agrees"
    decision = desk.accept(assignment=held)
    case = Case.objects.get(pk=heard.case_id)
    assert (case.state, decision.code, decision.signed_by) == ("decided", "", None)
    assert not RuleTask.objects.exists()


def test_a_signed_no_is_not_called_an_approval(heard: Opinion, held: Assignment, planner: User) -> None:
    draft(held, heard.instant_outcome)
    desk.accept(assignment=held)
    home = signed_in(planner).get("/admin/").content.decode()
    assert "وُقّع الرأي" in home and "تمت الموافقة" not in home


@pytest.mark.guards
def test_a_draft_that_deviates_needs_a_reason(heard: Opinion, held: Assignment) -> None:
    with pytest.raises(Refused, match="reason_missing"):
        draft(held, "permitted")
    with pytest.raises(Refused, match="reason_missing"):
        draft(held, "permitted", "words_unclear")  # a reason of another kind
    with pytest.raises(IntegrityError, match="zoning_draft_reason"), transaction.atomic():
        OpinionDraft.objects.create(
            opinion=heard, outcome="permitted", agreement="deviates", made_by=held.officer, made_at=held.drawn_at, **WORDS
        )


def test_a_deviation_is_signed_by_a_second_person_and_opens_a_task(heard: Opinion, held: Assignment, head: User) -> None:
    draft(held, "permitted", "layer_outdated")
    decision = desk.accept(assignment=held)
    assert Case.objects.get(pk=heard.case_id).state == "countersign"
    assert (decision.outcome, decision.code, decision.items[0]["outcome"]) == ("accept", "layer_outdated", "permitted")
    assert not RuleTask.objects.exists()
    with pytest.raises(NotPermitted):
        desk.sign(decision=decision, supervisor=held.officer)
    desk.sign(decision=decision, supervisor=head)
    task = RuleTask.objects.get(opinion=heard)
    assert Case.objects.get(pk=heard.case_id).state == "decided"
    assert (task.code, task.edition, task.due_on.isoformat()) == ("layer_outdated", "zoning.uses v1", "2026-12-01")
    assert Message.objects.filter(kind="zoning.opinion_signed").count() == 1


def test_what_changed_since_the_question_is_said_at_the_desk_and_in_the_sealed_opinion(
    heard: Opinion, held: Assignment, planner: User, owner: Any, sealed: None
) -> None:
    assert review.changed_since(heard) == []
    today = clock.today()
    contest(plot=heard.plot, layer=Layer.objects.get(pk="land_use"), person=owner, should_be="سكن", reason="الوثيقة")
    repeal_layer("schools", today)
    Plot.objects.filter(pk=heard.plot_id).update(valid_to=today)
    change = PlotChange.objects.create(kind="number", day=today, instrument_ar="قرار", instrument_en="Decision")
    PlotSuccession.objects.create(change=change, predecessor_id=heard.plot_id, successor=PlotFactory(number="12A", valid_from=today))
    client = signed_in(planner)
    for page in (f"/admin/desk/{heard.case.public_id}/", f"/admin/opinions/{heard.case.public_id}/"):
        shown = client.get(page).content.decode()
        assert "تغيّر الجواب الفوري، وهو اليوم: لا بيانات" in shown and "لم تعد هذه القسيمة قائمة منذ" in shown and "12A" in shown, page
        assert "معترض على طبقة في هذه القسيمة منذ" in shown, page
    draft(held, "not_permitted")
    desk.accept(assignment=held)
    issue.issue_opinion(case=Case.objects.get(pk=heard.case_id))
    document = Opinion.objects.get(pk=heard.pk).document
    rows = {row["label_en"]: row["en"] for row in document.facts["rows"]}  # type: ignore[union-attr]
    assert rows["Instant answer"] == "Not permitted" and rows["Instant answer on the day of issue"] == "No data"
    assert rows["State of the plot"] == f"This plot has not existed since {today.isoformat()}"


def test_a_deviation_goes_back_and_is_written_anew(heard: Opinion, held: Assignment, head: User, planner: User) -> None:
    draft(held, "permitted", "layer_outdated")
    decision = desk.accept(assignment=held)
    with pytest.raises(Refused, match="not_on_desk"):
        draft(held, "not_permitted")
    desk.send_back(decision=decision, supervisor=head, code="reason_not_proven")
    assert Case.objects.get(pk=heard.case_id).state == "in_review"
    again = desk_acts.assigned(planner)
    assert draft(again, "not_permitted").agreement == "agrees"
    desk.accept(assignment=again)
    assert Case.objects.get(pk=heard.case_id).state == "decided"


def test_the_applicant_reads_no_outcome_before_the_second_signature(heard: Opinion, held: Assignment, head: User, owner: Any) -> None:
    draft(held, "permitted", "layer_outdated")
    decision = desk.accept(assignment=held)
    client, page = signed_in(owner), f"/en/cases/{heard.case.public_id}/"
    waiting = client.get(page).content.decode()
    assert "The draft waits for the second signature." in waiting
    assert WORDS["text_en"] not in waiting and "Opinion of the planner" not in waiting, "it may still be sent back"
    desk.sign(decision=decision, supervisor=head)
    signed = client.get(page).content.decode()
    assert WORDS["text_en"] in signed and "Opinion of the planner" in signed


def test_a_proposed_deviation_is_taken_back(heard: Opinion, held: Assignment) -> None:
    draft(held, "permitted", "layer_outdated")
    desk.accept(assignment=held)
    desk.take_back(assignment=Assignment.objects.get(pk=held.pk))
    assert Case.objects.get(pk=heard.case_id).state == "in_review"
    assert Decision.objects.get(case=heard.case).voided_at is not None


def _accept_alone(opinion: Opinion, held: Assignment) -> None:
    """The harm: the planner alone decides, past every service."""
    actor = Actor("officer", held.officer.key)
    with transaction.atomic():
        Decision.objects.create(case=opinion.case, outcome="accept", digest="d" * 64, made_by=held.officer, made_at=held.drawn_at)
        advance(Case.objects.get(pk=opinion.case_id), "accept", actor=actor)


@pytest.mark.guards
def test_the_database_refuses_a_deviation_without_the_second_signature(heard: Opinion, held: Assignment) -> None:
    draft(held, "permitted", "layer_outdated")
    with pytest.raises(IntegrityError, match="guard:deviates_unsigned"):
        _accept_alone(heard, held)


@pytest.mark.guards
def test_without_the_guard_one_person_deviates(heard: Opinion, held: Assignment) -> None:
    draft(held, "permitted", "layer_outdated")
    drop_guard("cases_caseevent_opinion_signed", "cases_caseevent")
    _accept_alone(heard, held)
    assert Case.objects.get(pk=heard.case_id).state == "decided"


@pytest.fixture
def laundry(plot: Plot, owner: Any, planner: User) -> Opinion:
    """A request that the rules permit, on the planner's desk with the answers of all bodies."""
    found = paid(plot, owner, activity="LAUN")
    held = desk_acts.checked(desk_acts.assigned(planner))
    for row in found.consultations.all():
        consultations.record_answer(consultation=row, officer=planner, answer="no_objection")
    assert draft(held, "permitted").agreement == "agrees"
    return found


def _held(opinion: Opinion) -> Assignment:
    return Assignment.objects.select_related("officer").get(place__case=opinion.case_id, ended_at__isnull=True)


def test_a_yes_on_answers_that_its_planner_entered_is_signed_by_a_second_person(laundry: Opinion, head: User) -> None:
    decision = desk.accept(assignment=_held(laundry))
    assert Case.objects.get(pk=laundry.case_id).state == "countersign"
    assert decision.code == "own_answers" and decision.items[0]["answers"] == [["roads", "no_objection", ""]]
    page = signed_in(head).get("/admin/desk/sign/").content.decode()
    assert "أجوبة الجهات أدخلها من يقرر" in page and "سبب الاختلاف" not in page
    with pytest.raises(NotPermitted):
        desk.sign(decision=decision, supervisor=decision.made_by)
    desk.sign(decision=decision, supervisor=head)
    assert Case.objects.get(pk=laundry.case_id).state == "decided" and not RuleTask.objects.exists()


def test_whoever_signs_reads_all_answers_that_the_planner_entered(plot: Plot, owner: Any, planner: User) -> None:
    """None is added while the decision waits for the signature, and those of a deviation are signed too."""
    opinion = paid(plot, owner, activity="LAUN")
    held, row = desk_acts.checked(desk_acts.assigned(planner)), opinion.consultations.get()
    opinion.consultations.update(silent_at=F("due_at"))
    draft(held, "not_permitted", "layer_outdated")
    assert "answers" not in desk.accept(assignment=held).items[0], "the control: nothing was entered yet"
    page = reverse("admin:opinion_study", args=[opinion.case.public_id])
    assert 'name="answer"' not in signed_in(planner).get(page).content.decode()
    answer = {"consultation": row, "officer": planner, "answer": "objection", "words": "x"}
    with pytest.raises(Refused, match="waits_for_signature"):
        consultations.record_answer(**answer)
    desk.take_back(assignment=_held(opinion))
    assert 'name="answer"' in signed_in(planner).get(page).content.decode()
    consultations.record_answer(**answer)
    decision = desk.accept(assignment=_held(opinion))
    assert decision.code == "layer_outdated" and decision.items[0]["answers"] == [["roads", "objection", "x"]]


def test_answers_that_another_planner_entered_need_no_second_signature(laundry: Opinion) -> None:
    """Control: two people have seen to it already."""
    queue.give_back(assignment=_held(laundry), code="leave_begins")
    second = OfficerFactory(login="planner-2", groups=["officer", "planner"], branch_id="HA", skills=["zoning"])
    decision = desk.accept(assignment=desk_acts.checked(desk_acts.assigned(second)))
    assert (decision.code, Case.objects.get(pk=laundry.case_id).state) == ("", "decided")


@pytest.mark.guards
def test_the_database_refuses_a_yes_on_answers_that_one_person_entered_and_decides_on(laundry: Opinion) -> None:
    with pytest.raises(IntegrityError, match="guard:own_answers"):
        _accept_alone(laundry, _held(laundry))
    drop_guard("cases_caseevent_opinion_answers", "cases_caseevent")
    _accept_alone(laundry, _held(laundry))
    assert Case.objects.get(pk=laundry.case_id).state == "decided"


@pytest.mark.guards
def test_the_database_refuses_a_deviation_without_its_task(
    heard: Opinion, held: Assignment, head: User, sealed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft(held, "permitted", "layer_outdated")
    monkeypatch.setattr(RuleTask.objects, "create", lambda **fields: None)
    desk.sign(decision=desk.accept(assignment=held), supervisor=head)
    with pytest.raises(IntegrityError, match="guard:no_rule_task"), transaction.atomic():
        advance(Case.objects.get(pk=heard.case_id), "issue", actor=system("zoning"))
    drop_guard("cases_caseevent_opinion_task", "cases_caseevent")
    advance(Case.objects.get(pk=heard.case_id), "issue", actor=system("zoning"))


@pytest.mark.guards
def test_without_a_draft_nothing_is_signed(heard: Opinion, held: Assignment) -> None:
    with pytest.raises(Refused, match="no_draft"):
        desk.accept(assignment=held)
    with pytest.raises(IntegrityError, match="guard:deviates_unsigned"):
        _accept_alone(heard, held)


def _issued(opinion: Opinion, held: Assignment, head: User, outcome: str = "permitted", code: str = "layer_outdated") -> Document:
    draft(held, outcome, code)
    decision = desk.accept(assignment=held)
    if decision.code:
        desk.sign(decision=decision, supervisor=head)
    issue.issue_opinion(case=Case.objects.select_related("applicant", "branch").get(pk=opinion.case_id))
    document = Opinion.objects.get(pk=opinion.pk).document
    assert document is not None
    return document


def test_the_opinion_is_sealed_and_says_that_it_deviates(
    heard: Opinion, held: Assignment, head: User, sealed: None, client: Client
) -> None:
    document = _issued(heard, held, head)
    assert document.file is not None and document.number.startswith("ZOP-HA-2026-")
    verdict = check(store.read(document.file), root_pem=seal.root_pem(Path(settings.SIGNER_KEY_FILE)))
    assert verdict.intact and verdict.trusted
    assert (document.valid_to - document.valid_from).days == 364
    printed = str(document.facts)
    assert "Deviates, signed by a second person" in printed and "Kuwait Fire Force: No objection" in printed
    assert held.officer.name_en not in printed
    assert Case.objects.get(pk=heard.case_id).state == "issued"
    page = client.get(reverse("verify", args=[document.code])).content.decode()
    assert document.number in page and "قطعة 3، القسيمة 12" in page


def test_the_desk_shows_both_answers_and_a_draft_is_written_there(heard: Opinion, held: Assignment, planner: User) -> None:
    client, page = signed_in(planner), f"/admin/opinions/{heard.case.public_id}/"
    desk_page = client.get(f"/admin/desk/{heard.case.public_id}/").content.decode()
    assert page in desk_page and "توقيع الرأي ثم الطلب التالي" in desk_page and "اعتماد ثم" not in desk_page
    seen = client.get(page).content.decode()
    assert "Instant answer" in seen or "الجواب الفوري" in seen
    refused = client.post(page, {"act": "draft", "outcome": "permitted", "code": "", **WORDS})
    assert refused.status_code == 409 and WORDS["text_en"] in refused.content.decode()
    assert client.post(page, {"act": "draft", "outcome": "permitted", "code": "layer_outdated", **WORDS}).status_code == 302
    written = queries.draft_of(heard)
    assert written is not None and written.agreement == "deviates"
    assert client.post(page, {"act": "answer", "body": "x"}).status_code == 409


def test_only_the_planner_who_holds_it_opens_the_draft(heard: Opinion, held: Assignment, head: User) -> None:
    assert signed_in(head).get(f"/admin/opinions/{heard.case.public_id}/").status_code == 404


def test_planners_finish_the_task_and_say_what_was_found(heard: Opinion, held: Assignment, head: User, planner: User) -> None:
    draft(held, "permitted", "layer_outdated")
    desk.sign(decision=desk.accept(assignment=held), supervisor=head)
    task = RuleTask.objects.get()
    own = signed_in(planner).post("/admin/opinions/tasks/", {"task": task.pk, "result": "The layer is wrong, not I."})
    assert own.status_code == 409 and "شاركت" in own.content.decode() and RuleTask.objects.get().done_at is None
    client = signed_in(OfficerFactory(login="planner-2", groups=["officer", "planner"], branch_id="HA", skills=["zoning"]))
    assert heard.case.reference in client.get("/admin/opinions/tasks/").content.decode()
    for wrong in (" ", "x" * 301):
        assert client.post("/admin/opinions/tasks/", {"task": task.pk, "result": wrong}).status_code == 409
    assert client.post("/admin/opinions/tasks/", {"task": task.pk, "result": "The layer is mended."}).status_code == 302
    assert RuleTask.objects.get().result == "The layer is mended."
    assert signed_in(head).get("/admin/opinions/tasks/").status_code == 403


def test_like_cases_are_the_nearest_of_the_same_kind(heard: Opinion, held: Assignment, head: User, sealed: None, owner: Any) -> None:
    _issued(heard, held, head)
    near, other = paid(heard.plot, owner), paid(heard.plot, owner, activity="LAUN")
    (one,) = queries.like_cases(near)
    assert (one.outcome, one.agreement, one.metres, one.edition) == ("permitted", "deviates", 0.0, "zoning.uses v1")
    assert queries.like_cases(other) == []


def test_an_outcome_unlike_most_like_cases_needs_a_reason(
    heard: Opinion, held: Assignment, head: User, planner: User, sealed: None, owner: Any, plot: Plot
) -> None:
    _issued(heard, held, head)
    paid(plot, owner)
    again = desk_acts.assigned(planner)
    with pytest.raises(Refused, match="reason_missing"):
        draft(again, "not_permitted")  # it agrees with the instant answer, but the one before was permitted
    written = draft(again, "not_permitted", "place_differs")
    assert (written.is_unlike, written.agreement) == (True, "agrees")


@pytest.mark.parametrize(
    ("outcomes", "found"), [("", False), ("p", False), ("n", True), ("pn", False), ("pnn", True), ("ppnn", False), ("pnnnn", True)]
)
def test_unlike_is_what_differs_from_more_than_half(outcomes: str, found: bool) -> None:
    names = {"p": "permitted", "n": "not_permitted"}
    alike = [queries.LikeCase(0.0, clock.today(), "", names[one], "agrees", "") for one in outcomes]
    assert queries.is_unlike("permitted", alike) is found


def test_the_messages_before_and_after_are_the_same(heard: Opinion, held: Assignment, head: User) -> None:
    draft(held, "permitted", "layer_outdated")
    shown = texts.preview_acceptance(case=heard.case)
    desk.sign(decision=desk.accept(assignment=held), supervisor=head)
    sent = Message.objects.get(kind="zoning.opinion_signed")
    assert (sent.title_en, sent.title_ar) == (shown.en.title, shown.ar.title)
    assert re.search("[\u0621-\u064a]", sent.title_ar)


def test_planner_and_supervisor_sign_on_their_pages(heard: Opinion, held: Assignment, planner: User, head: User) -> None:
    draft(held, "permitted", "layer_outdated")
    address, client = f"/admin/desk/{heard.case.public_id}/approve/", signed_in(planner)
    preview = client.post(address, {})
    soup = BeautifulSoup(preview.content, "html.parser")
    seal = soup.select_one("input[name=seen]")
    assert seal is not None and "إرسال إلى مشرف" in soup.get_text()
    assert client.post(address, {"step": "send", "seen": seal["value"]}).status_code == 302
    assert Case.objects.get(pk=heard.case_id).state == "countersign"
    desk_page = client.get(f"/admin/desk/{heard.case.public_id}/").content.decode()
    assert "بيانات الطبقة غير محدَّثة" in desk_page and "()" not in desk_page, "a reason without an article has no brackets"
    decision, page = Decision.objects.get(case=heard.case, voided_at=None), signed_in(head)
    shown = page.get("/admin/desk/sign/").content.decode()
    assert "بيانات الطبقة غير محدَّثة" in shown and WORDS["text_ar"] in shown
    signed = page.post("/admin/desk/sign/", {"decision": decision.pk, "digest": decision.digest, "step": "sign"})
    assert signed.status_code == 302 and Case.objects.get(pk=heard.case_id).state == "decided"


def test_without_a_draft_the_desk_says_so(heard: Opinion, held: Assignment, planner: User) -> None:
    refused = signed_in(planner).post(f"/admin/desk/{heard.case.public_id}/approve/", {})
    assert refused.status_code == 409 and "يُرجى كتابة مسودة الرأي أولاً." in refused.content.decode()


def test_the_draft_that_the_supervisor_read_is_the_one_signed(heard: Opinion, held: Assignment, head: User) -> None:
    draft(held, "permitted", "layer_outdated")
    decision = desk.accept(assignment=held)
    decision.items = [{**decision.items[0], "outcome": "conditional"}]
    assert desk.digest(decision) != decision.digest


def test_a_planners_older_page_does_not_replace_a_newer_draft(heard: Opinion, held: Assignment, planner: User) -> None:
    client, page = signed_in(planner), f"/admin/opinions/{heard.case.public_id}/"

    def shown(response: Any) -> str:
        field = BeautifulSoup(response.content, "html.parser").select_one("input[name=after]")
        assert field is not None
        return str(field["value"])

    first, newest = shown(client.get(page)), draft(held, "not_permitted")
    typed = {"act": "draft", "outcome": "not_permitted", "code": "", "text_ar": "نص أقدم.", "text_en": "An older text."}
    refused = client.post(page, typed | {"after": first})
    text = refused.content.decode()
    assert (first, refused.status_code) == ("0", 409) and queries.draft_of(heard) == newest
    assert "حُفظت مسودة أحدث في صفحة أخرى" in text and "An older text." in text and WORDS["text_ar"] in text
    assert client.post(page, typed | {"after": shown(refused)}).status_code == 302
    kept = queries.draft_of(heard)
    assert kept is not None and kept.text_en == "An older text."
    with pytest.raises(Refused, match="draft_changed"):
        study.write_draft(assignment=held, outcome="not_permitted", after=newest.pk, **WORDS)


def test_a_worker_that_dies_leaves_one_opinion(heard: Opinion, held: Assignment, head: User) -> None:
    draft(held, "permitted", "layer_outdated")
    desk.sign(decision=desk.accept(assignment=held), supervisor=head)
    assert_ends_as_undisturbed(lambda: issue.issue_opinion(case=Case.objects.get(pk=heard.case_id)), OpinionFacts)

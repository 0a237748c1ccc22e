"""What an officer does with a case, and what the second person signs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review import panels, queries, texts
from municipality.review.models import Assignment, CheckAnswer, Clock, CorrectionRound, Decision, QueueEntry
from municipality.review.services import desk, queue, staff
from municipality.review.services.desk import CorrectionRequest
from tests import desk_acts
from tests.factories.accounts import StaffFactory
from tests.municipality.review import permits
from tests.municipality.review.permits import Office

ASKED = [CorrectionRequest("file_unreadable", "lease", "الصفحة الثانية", "The second page"), CorrectionRequest("file_expired", "lease")]


def held(office: Office) -> Assignment:
    permits.sent(office.applicant)
    return desk_acts.assigned(office.officer)


def case_of(assignment: Assignment) -> Case:
    return Case.objects.get(pk=assignment.place.case_id)


def place_of(assignment: Assignment) -> QueueEntry:
    return QueueEntry.objects.get(pk=assignment.place_id)


def assert_refused(wanted: str, call, *args, **kwargs):  # type: ignore[no-untyped-def]
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    assert caught.value.code == wanted


def test_an_accepted_case_leaves_the_queue_and_its_service_is_told(office: Office) -> None:
    assignment = desk_acts.checked(held(office))
    desk.accept(assignment=assignment)
    case = case_of(assignment)
    assert (case.state, place_of(assignment).state) == ("granted", "left")
    assert list(permits.DONE) == [("accepted", case.reference)]
    assert Clock.objects.get(case=case).stopped_at
    assert Message.objects.get(kind="review.accepted").title_en == f"Request {case.reference} is approved"
    assert queue.next_case(officer=office.officer) is None


def test_a_case_is_not_accepted_while_a_question_is_open_or_answered_with_no(office: Office) -> None:
    assignment = held(office)
    assert_refused("checks_open", desk.accept, assignment=assignment)
    desk_acts.checked(assignment, "no")
    assert_refused("check_says_no", desk.accept, assignment=assignment)
    asked = [line.check.code for line in queries.checklist(case_of(assignment))]
    assert asked == ["commercial_license", "files_complete", "drawing_matches"]


def test_corrections_keep_the_number_and_the_officer_and_the_answer_comes_first(office: Office) -> None:
    first, _second = permits.sent(office.applicant), permits.sent(office.applicant)
    assignment = desk_acts.assigned(office.officer)
    desk.ask_corrections(assignment=assignment, items=ASKED)
    other = desk_acts.assigned(office.officer)
    assert other.place_id != first.pk
    permits.answer(first, lease="sha-2")
    assert queries.desk_of(office.officer).answered == 1
    assert queue.next_case(officer=office.colleague) is None
    desk_acts.checked(other)
    desk.accept(assignment=other)
    again = desk_acts.assigned(office.officer)
    assert (again.pk, again.place_id) == (assignment.pk, first.pk)


def test_the_preview_is_what_is_kept_in_the_message(office: Office) -> None:
    assignment = held(office)
    case = case_of(assignment)
    before = texts.preview_corrections(case=case, asked=ASKED)
    desk.ask_corrections(assignment=assignment, items=ASKED)
    kept(case, "review.corrections_asked", before)
    assert "1. Lease: The file cannot be read." in before.en.body and "The second page" in before.en.body
    assert "الصفحة الثانية" in before.ar.body
    permits.answer(assignment.place, lease="sha-2")
    assignment = desk_acts.assigned(office.officer)
    before = texts.preview_refusal(case=case, code="layout_changed", note_ar="الطابق الثاني", note_en="Second floor")
    decision = desk.propose_refusal(
        assignment=desk_acts.checked(assignment), code="layout_changed", note_ar="الطابق الثاني", note_en="Second floor"
    )
    assert texts.preview_decision(decision) == before
    desk.sign(decision=decision, supervisor=office.supervisor, answers=desk_acts.ALL_YES)
    kept(case, "review.refused", before)
    assert "Decree of 1977, article 3" in before.en.body


def kept(case: Case, kind: str, preview: texts.Preview) -> None:
    message = Message.objects.filter(kind=kind, subject_key=case.key).latest("pk")
    for language, words in (("ar", preview.ar), ("en", preview.en)):
        found = [getattr(message, f"{part}_{language}") for part in ("title", "body", "short")]
        assert found == [words.title, words.body, words.short]


@pytest.mark.parametrize(("ar", "en"), [("إضافة", ""), ("", "addition"), ("إضافة", "إضافة"), ("addition", "addition")])
def test_an_addition_without_its_twin_is_refused(ar: str, en: str, office: Office) -> None:
    assignment = desk_acts.checked(held(office))
    assert_refused("note_both_languages", desk.accept, assignment=assignment, note_ar=ar, note_en=en)
    assert_refused("note_both_languages", desk.propose_refusal, assignment=assignment, code="layout_changed", note_ar=ar, note_en=en)
    assert_refused(
        "note_both_languages", desk.ask_corrections, assignment=assignment, items=[CorrectionRequest("file_expired", "lease", ar, en)]
    )


def test_two_reasons_about_one_fact_are_not_both_asked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is about the file that shows the fact."""
    assignment = desk_acts.checked(held(office))
    shown = [replace(item, shown_by="license_copy") if item.name == "manager" else item for item in permits.items(case_of(assignment))]
    both = [
        texts.CorrectionText(code, target, "", "", "", "", "", "")
        for code, target in (("trade_name_unconfirmed", "license_copy"), ("manager_unclear", "manager"))
    ]
    reasons = {r.code: r for r in queries.replies(case_of(assignment)).reasons_of("correction")}
    assert_refused("asked_of_one", texts._refuse_two_about_one, both, reasons, shown)
    texts._refuse_two_about_one(both, reasons, permits.items(case_of(assignment)))
    # Of a file as such several things can be true.
    desk.ask_corrections(assignment=assignment, items=ASKED)


def test_what_is_corrected_is_answered_first_and_a_refusal_needs_every_answer(office: Office) -> None:
    assignment = held(office)
    area = [CorrectionRequest("area_differs", "area_m2")]
    assert_refused("checks_open", desk.ask_corrections, assignment=assignment, items=area)
    assert_refused("checks_open", desk.propose_refusal, assignment=assignment, code="layout_changed")
    desk.check_all(assignment=assignment, answers={"drawing_matches": "no"})
    assert_refused("checks_open", desk.propose_refusal, assignment=assignment, code="layout_changed")
    assert not Decision.objects.exists()
    desk.ask_corrections(assignment=assignment, items=area)
    assert CorrectionRound.objects.count() == 1


def test_without_that_condition_a_refusal_with_an_open_checklist_is_proposed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control of the test above."""
    monkeypatch.setattr(desk, "check_answered", lambda lines: None)
    assert desk.propose_refusal(assignment=held(office), code="layout_changed").outcome == "refuse"


def test_only_coded_reasons_and_real_targets_are_taken(office: Office) -> None:
    assignment = held(office)
    assert_refused("nothing_asked", desk.ask_corrections, assignment=assignment, items=[])
    assert_refused("unknown_code", desk.ask_corrections, assignment=assignment, items=[CorrectionRequest("because", "lease")])
    assert_refused("unknown_target", desk.ask_corrections, assignment=assignment, items=[CorrectionRequest("file_expired", "shop")])
    assert_refused("unknown_target", desk.ask_corrections, assignment=assignment, items=[CorrectionRequest("file_expired", "moon")])
    assert_refused("asked_twice", desk.ask_corrections, assignment=assignment, items=[ASKED[1], ASKED[1]])
    assert_refused("unknown_code", desk.propose_refusal, assignment=assignment, code="file_expired")
    assert_refused("unknown_check", desk.check_all, assignment=assignment, answers={"location_allows": "yes"})
    both = {"drawing_matches": "yes", "location_allows": "yes"}
    assert_refused("unknown_check", desk.check_all, assignment=assignment, answers=both)
    assert not any(model.objects.exists() for model in (CheckAnswer, CorrectionRound, Decision))


# One round.


def second_round(office: Office, target: str, **facts: str) -> Assignment:
    """Back on the desk after a first round about the lease."""
    assignment = held(office)
    desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("file_expired", "lease")])
    permits.answer(assignment.place, **facts)
    return desk_acts.assigned(office.officer)


def test_a_second_round_about_what_is_new_needs_nobody_else(office: Office) -> None:
    assignment = second_round(office, "lease", lease="sha-2")
    desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("file_unreadable", "lease")])
    assert [r.raises_old for r in queries.rounds_of(case_of(assignment))] == [False, False]


def test_a_second_round_about_what_stood_there_before_waits_for_a_supervisor(office: Office) -> None:
    assignment = second_round(office, "lease", lease="sha-2")
    old = [CorrectionRequest("file_unreadable", "manager")]
    assert_refused("second_round", desk.ask_corrections, assignment=assignment, items=old)
    assert_refused("unknown_code", desk.ask_corrections, assignment=assignment, items=old, second_code="because")
    decision = desk.ask_corrections(assignment=assignment, items=old, second_code="seen_late")
    assert isinstance(decision, Decision)
    case = case_of(assignment)
    assert (case.state, place_of(assignment).state, CorrectionRound.objects.count()) == ("in_review", "countersign", 1)
    assert queries.decisions_to_sign(office.supervisor).first() == decision
    preview = texts.preview_decision(decision)
    desk.sign(decision=decision, supervisor=office.supervisor, answers=desk_acts.ALL_YES)
    made = queries.rounds_of(case)[1]
    assert (made.raises_old, made.second_code, made.countersigned_by) == (True, "seen_late", office.supervisor)
    assert place_of(assignment).state == "away" and case_of(assignment).state == "corrections"
    kept(case, "review.corrections_asked", preview)
    permits.answer(assignment.place, manager="Badria")
    desk_acts.checked(again := desk_acts.assigned(office.officer))
    desk.accept(assignment=again)
    assert case_of(assignment).state == "granted"


def test_the_database_takes_no_old_things_without_a_countersign_and_takes_them_without_its_check(office: Office) -> None:
    assignment = second_round(office, "lease", lease="sha-2")
    values = {"case": case_of(assignment), "number": 2, "asked_by": office.officer, "asked_at": assignment.drawn_at}
    values |= {"answer_by": assignment.drawn_at.date(), "raises_old": True, "second_code": "seen_late"}
    for forged in ({}, {"countersigned_by": office.officer, "countersigned_at": assignment.drawn_at}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CorrectionRound.objects.create(**(values | forged))
    # Red control: were the old things not told from the new ones, the same round would pass.
    with transaction.atomic():
        assert CorrectionRound.objects.create(**(values | {"raises_old": False})).pk
        transaction.set_rollback(True)


# The second signature.


def proposal(office: Office) -> tuple[Assignment, Decision]:
    assignment = held(office)
    return assignment, desk.propose_refusal(assignment=desk_acts.checked(assignment), code="layout_changed")


def test_a_refusal_holds_only_once_a_supervisor_signed_it(office: Office) -> None:
    assignment, decision = proposal(office)
    assert case_of(assignment).state == "countersign" and not Message.objects.filter(kind="review.refused").exists()
    desk.sign(decision=decision, supervisor=office.supervisor, answers=desk_acts.ALL_YES)
    assert (case_of(assignment).state, place_of(assignment).state) == ("refused", "left")
    assert list(permits.DONE) == [("refused", assignment.place.case.reference)]
    held_now = Decision.objects.get()
    assert held_now.signed_digest == held_now.digest == desk.digest(held_now)


def test_neither_the_maker_nor_another_branch_nor_a_tied_person_nor_an_officer_signs(office: Office) -> None:
    assignment, decision = proposal(office)
    stranger = StaffFactory(supervisor=True, login="stranger", branch_id="JA")
    staff.declare_conflict(officer=office.second, party_key=office.applicant.key, kind="relative", declared_by=office.second)
    office.officer.groups.add(office.supervisor.groups.get())
    for person in (office.officer, stranger, office.second, office.colleague):
        with pytest.raises(NotPermitted):
            desk.sign(decision=decision, supervisor=person, answers=desk_acts.ALL_YES)
        with pytest.raises(NotPermitted):
            desk.send_back(decision=decision, supervisor=person, code="words_unclear", answers=desk_acts.ALL_YES)
    assert case_of(assignment).state == "countersign"
    assert queries.decisions_to_sign(office.second).first() is None


def test_other_words_void_the_proposal_and_are_signed_anew(office: Office) -> None:
    assignment, first = proposal(office)
    desk.take_back(assignment=assignment)
    second = desk.propose_refusal(assignment=desk_acts.checked(assignment), code="layout_changed", note_ar="إضافة", note_en="Addition")
    assert_refused("not_proposed", desk.sign, decision=first, supervisor=office.supervisor)
    assert second.digest != first.digest
    second.note_en = "Other words than those that were read"
    second.digest = desk.digest(second)
    assert_refused("words_changed", desk.sign, decision=second, supervisor=office.supervisor)
    desk.sign(decision=Decision.objects.get(pk=second.pk), supervisor=office.supervisor, answers=desk_acts.ALL_YES)
    for column in ("text_en", "note_ar", "code", "digest"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.filter(pk=second.pk).update(**{column: "x"})


def test_a_decision_that_is_sent_back_reaches_its_officer_as_an_answer(office: Office) -> None:
    assignment, decision = proposal(office)
    assert_refused("unknown_code", desk.send_back, decision=decision, supervisor=office.supervisor, code="because")
    desk.send_back(decision=decision, supervisor=office.supervisor, code="could_be_corrected", answers=desk_acts.ALL_YES)
    assert case_of(assignment).state == "in_review" and queries.desk_of(office.officer).answered == 1
    assert desk_acts.assigned(office.officer).pk == assignment.pk


def test_a_case_that_was_withdrawn_is_in_nobodys_hands(office: Office) -> None:
    assignment, decision = proposal(office)
    queue.leave(case=assignment.place.case, actor=actor_of(office.applicant))
    assert_refused("not_in_your_hands", desk.take_back, assignment=assignment)
    assert_refused("not_proposed", desk.sign, decision=decision, supervisor=office.supervisor)
    assert Decision.objects.get().voided_at


def test_nor_does_a_round_that_it_left_unanswered_stay_open(office: Office) -> None:
    assignment = held(office)
    desk.ask_corrections(assignment=assignment, items=ASKED)
    queue.leave(case=assignment.place.case, actor=actor_of(office.applicant))
    found = CorrectionRound.objects.get()
    assert found.answered_at is None and found.closed_at is not None
    [shown] = panels.rounds(case_of(assignment), {})
    assert shown.is_closed


def test_an_answered_case_that_is_withdrawn_at_that_moment_is_passed_over(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assignment = held(office)
    desk.ask_corrections(assignment=assignment, items=ASKED)
    permits.answer(assignment.place, lease="sha-2")
    other = permits.sent(office.applicant)
    resume = queue._resume_answered

    def withdrawn_first(row: Assignment, officer: User) -> bool:
        queue.leave(case=row.place.case, actor=actor_of(office.applicant))
        return resume(row, officer)

    monkeypatch.setattr(queue, "_resume_answered", withdrawn_first)
    assert desk_acts.assigned(office.officer).place_id == other.pk
    assert not Assignment.objects.get(pk=assignment.pk).on_desk

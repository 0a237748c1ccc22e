"""The four questions of the second signature, and the signer who has a conflict of interest."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.audit.models import AuditEvent
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review import invariants, queries, signature
from municipality.review.models import ConflictOfInterest, Decision, QueueEntry
from municipality.review.models.desk import ANSWERS
from municipality.review.services import desk, staff
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import without_guards
from tests.desk_acts import ALL_YES
from tests.factories.accounts import StaffFactory
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import BOARD, case_url, text_of
from tests.municipality.review.permits import Office


def assert_refused(wanted: str, call: Any, **arguments: Any) -> None:
    with pytest.raises(Refused) as caught:
        call(**arguments)
    assert caught.value.code == wanted


def proposal(office: Office) -> Decision:
    permits.sent(office.applicant)
    return desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(office.officer)), code="layout_changed")


def state_of(decision: Decision) -> tuple[str, str]:
    case = Case.objects.get(pk=decision.case_id)
    return case.state, QueueEntry.objects.get(case=case).state


# The questions.


@pytest.mark.parametrize("missing", ANSWERS)
def test_nothing_is_signed_without_all_four_answers_and_what_goes_back_needs_none(office: Office, missing: str) -> None:
    decision = proposal(office)
    some = {name: True for name in ANSWERS if name != missing}
    for answers in ({}, some):
        assert_refused("answers_open", desk.sign, decision=decision, supervisor=office.supervisor, answers=answers)
    assert state_of(decision) == ("countersign", "countersign")
    desk.send_back(decision=decision, supervisor=office.supervisor, code="words_unclear", answers=some)
    assert state_of(decision)[0] == "in_review"


@pytest.mark.parametrize("said_no", ANSWERS)
def test_a_no_closes_the_signature_and_not_the_way_back(office: Office, said_no: str) -> None:
    decision = proposal(office)
    answers = ALL_YES | {said_no: False}
    assert_refused("answer_says_no", desk.sign, decision=decision, supervisor=office.supervisor, answers=answers)
    assert state_of(decision) == ("countersign", "countersign") and not Message.objects.filter(kind="review.refused").exists()
    desk.send_back(decision=decision, supervisor=office.supervisor, code="reason_not_proven", answers=answers)
    assert state_of(decision) == ("in_review", "answered")
    [(row, questions)] = signature.answered(decision.case)
    assert (row.pk, {one.code: one.answer for one in questions}) == (decision.pk, answers)
    assert AuditEvent.objects.get(action="desk.sent_back").data["answers"] == answers


def test_the_answers_are_kept_with_the_signature_and_in_the_audit_log(office: Office) -> None:
    decision = desk.sign(decision=proposal(office), supervisor=office.supervisor, answers=ALL_YES)
    decision.refresh_from_db()
    assert {name: getattr(decision, name) for name in ANSWERS} == ALL_YES
    assert AuditEvent.objects.get(action="desk.signed").data["answers"] == ALL_YES
    assert list(invariants.findings()) == []


def signed(office: Office, **answers: bool) -> dict[str, Any]:
    digest = Decision.objects.get().digest
    return {"signed_by": office.supervisor, "signed_at": clock.now(), "signed_digest": digest, **answers}


def test_the_database_takes_no_signature_without_four_times_yes_and_takes_it_without_its_guard(office: Office) -> None:
    rows = Decision.objects.filter(pk=proposal(office).pk)
    forged = [signed(office), signed(office, **(ALL_YES | {ANSWERS[2]: False}))]
    for values in forged:
        with pytest.raises(IntegrityError, match="guard:not_answered"), transaction.atomic():
            rows.update(**values)
    with pytest.raises(IntegrityError, match="review_answers_all_or_none"), transaction.atomic():
        rows.update(is_proven=True)
    without_guards()
    assert rows.update(**forged[1]) == 1
    assert any("answered a question with no" in finding for finding in invariants.findings())


def test_answers_do_not_change_afterwards(office: Office) -> None:
    decision = proposal(office)
    desk.send_back(decision=decision, supervisor=office.supervisor, code="words_unclear", answers=ALL_YES)
    with pytest.raises(IntegrityError, match="guard:frozen"), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(says_what_next=False)


def test_what_is_not_met_comes_first_and_beside_the_fact_that_it_is_about(office: Office) -> None:
    permits.sent(office.applicant)
    assignment = desk_acts.checked(desk_acts.assigned(office.officer))
    desk.check_all(assignment=assignment, answers={"drawing_matches": "no"})
    case = assignment.place.case
    found = signature.findings(queries.checklist(case), permits.items(case))
    assert [(one.line.check.code, one.item and one.item.before) for one in found] == [
        ("drawing_matches", "60"),
        ("commercial_license", None),
        ("files_complete", None),
    ]


# A conflict of interest.


def test_a_signer_with_a_conflict_leaves_the_proposal_to_another_at_its_place(office: Office) -> None:
    first, second = proposal(office), proposal(office)
    staff.recuse(decision=first, supervisor=office.supervisor, role="applicant", kind="relative")
    assert state_of(first) == ("countersign", "countersign"), "the proposal stands"
    assert queries.decisions_to_sign(office.supervisor).first() is None, "the other case has the same applicant"
    assert queries.decisions_to_sign(office.second).first() == first and second.pk > first.pk, "it kept its place"
    rows = ConflictOfInterest.objects.filter(officer=office.supervisor).values_list("party_key", "kind")
    assert set(rows) == {(office.applicant.key, "relative"), (first.case.key, "recused")}
    event = AuditEvent.objects.get(action="desk.recused")
    assert (event.subject, event.actor_key, event.actor_role) == (first.case.key, office.supervisor.key, "supervisor")
    assert event.data == {"kind": "relative", "party": "applicant", "decision": first.digest}
    assert not Message.objects.filter(kind="review.refused").exists()
    assert desk.sign(decision=first, supervisor=office.second, answers=ALL_YES).is_signed


def test_it_never_comes_back_to_them_even_after_the_tie_with_the_party_ended(office: Office) -> None:
    decision = proposal(office)
    staff.recuse(decision=decision, supervisor=office.supervisor, role="applicant", kind="relative")
    tie, own = (ConflictOfInterest.objects.get(officer=office.supervisor, kind=kind) for kind in ("relative", "recused"))
    staff.end_conflict(conflict=tie, ended_by=office.second)
    with pytest.raises(NotPermitted):
        staff.end_conflict(conflict=own, ended_by=office.second)
    assert queries.decisions_to_sign(office.supervisor).first() is None
    for act in (
        lambda: desk.sign(decision=decision, supervisor=office.supervisor, answers=ALL_YES),
        lambda: staff.recuse(decision=decision, supervisor=office.supervisor, role="applicant", kind="relative"),
    ):
        with pytest.raises(NotPermitted) as caught:
            act()
        assert caught.value.code == "tied"
    # Red control: were the conflict with the case not kept, they would be offered it again.
    without_guards()
    own.delete()
    assert queries.decisions_to_sign(office.supervisor).first() == decision


def test_only_the_signer_of_the_branch_recuses_for_a_kind_and_a_party_that_exist(office: Office) -> None:
    decision = proposal(office)
    for wrong in ({"role": "manager", "kind": "relative"}, {"role": "case", "kind": "relative"}):
        assert_refused("unknown_party", staff.recuse, decision=decision, supervisor=office.supervisor, **wrong)
    for kind in ("", "recused", "given_back", "decided"):
        assert_refused("unknown_kind", staff.recuse, decision=decision, supervisor=office.supervisor, role="applicant", kind=kind)
    office.officer.groups.add(office.supervisor.groups.get())
    for person in (office.colleague, office.officer):
        assert_refused("not_proposed", staff.recuse, decision=decision, supervisor=person, role="applicant", kind="relative")
    assert not ConflictOfInterest.objects.exists() and not AuditEvent.objects.filter(action="desk.recused").exists()


def test_a_proposal_that_nobody_of_the_branch_may_sign_is_shown_as_such(office: Office, frozen_clock: Clock) -> None:
    decision = proposal(office)
    place = QueueEntry.objects.get(case=decision.case)
    staff.recuse(decision=decision, supervisor=office.supervisor, role="applicant", kind="relative")
    assert queries.board(place.branch).stuck == [], "the control: the other supervisor signs"
    frozen_clock.move(days=28)
    client = signed_in(office.second)
    client.cookies["staff_language"] = "en"
    signer, nobody = "Sign this decision", "No supervisor of the branch may sign it"
    assert [word in text_of(client.get(BOARD)) for word in (signer, nobody)] == [True, False]
    StaffFactory(supervisor=True, login="elsewhere", branch_id="JA")
    staff.recuse(decision=decision, supervisor=office.second, role="applicant", kind="business")
    assert queries.board(place.branch).stuck == [place]
    page = text_of(client.get(BOARD))
    assert "Waiting for a signature, with nobody who may sign" in page and page.count(nobody) == 2, "the card and the list of late ones"
    assert "Another supervisor signs what you proposed yourself" not in page.partition('id="late"')[2].partition("</section>")[0]
    officer, case_page, signs = signed_in(office.officer), case_url(decision.case), "A supervisor signs the proposed text"
    officer.cookies["staff_language"] = "en"
    assert [words in text_of(officer.get(case_page)) for words in (nobody, signs)] == [True, False], "who wrote it reads the same"
    StaffFactory(supervisor=True, login="new", branch_id="HA")
    assert queries.board(place.branch).stuck == [] and nobody not in text_of(client.get(BOARD))
    assert [words in text_of(officer.get(case_page)) for words in (nobody, signs)] == [False, True]


def test_whoever_wrote_a_proposal_is_no_signer_of_it(office: Office) -> None:
    decision = proposal(office)
    decision.made_by.groups.add(*office.supervisor.groups.all())
    for supervisor in (office.supervisor, office.second):
        supervisor.groups.clear()
    assert [place.case for place in queries.board(decision.case.branch).stuck] == [decision.case]

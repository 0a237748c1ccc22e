"""Bodies are asked by the rulebook; one that is silent stops nothing, but its silence is no yes where health or safety is asked about."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.translation import override

from municipality.accounts.models import User
from municipality.cases import timeline
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications import letters
from municipality.notifications.models import Letter
from municipality.review.models import Assignment, Decision
from municipality.review.services import desk, queue
from municipality.rulebook.models import Activity
from tests import desk_acts
from tests.browsers import signed_in
from tests.database_guards import drop_guard
from tests.factories.opinions import paid
from zoning.models import Consultation, Opinion, Plot, RuleTask
from zoning.opinion import queries
from zoning.opinion.services import consultations, issue, study

pytestmark = pytest.mark.django_db
WORDS = {"text_ar": "نص", "text_en": "Text"}


def answer(opinion: Opinion, code: str, officer: User, given: str = "no_objection", words: str = "") -> Consultation:
    return consultations.record_answer(consultation=opinion.consultations.get(code=code), officer=officer, answer=given, words=words)


def test_the_bodies_of_the_group_are_asked_with_their_deadline(opinion: Opinion) -> None:
    asked = {row.code: (row.is_safety, clock.day_of(row.due_at).isoformat()) for row in opinion.consultations.all()}
    # Working days after Tuesday 24 November 2026; Friday and Saturday are none.
    assert asked == {"roads": (False, "2026-11-26"), "fire": (True, "2026-11-29"), "electricity": (False, "2026-11-26")}


def test_only_the_planner_who_holds_the_case_records_an_answer_once(opinion: Opinion, planner: User, head: User) -> None:
    with pytest.raises(NotPermitted):
        answer(opinion, "roads", planner)  # waits in the queue
    desk_acts.assigned(planner)
    with pytest.raises(NotPermitted):
        answer(opinion, "roads", head)
    with pytest.raises(Refused, match="words_missing"):
        answer(opinion, "roads", planner, "conditions")
    answer(opinion, "roads", planner, "conditions", "The entrance is from the service road.")
    with pytest.raises(Refused, match="answered_already"):
        answer(opinion, "roads", planner)


def test_what_a_body_answered_is_kept_whole_or_refused(opinion: Opinion, planner: User) -> None:
    """A browser counts a line break as one of the 500 letters, and sends two characters for it."""
    desk_acts.assigned(planner)
    row, client = opinion.consultations.get(code="roads"), signed_in(planner)
    whole = "\r\n".join(["x" * 99] * 5)
    sent = {"act": "answer", "body": str(row.pk), "answer": "conditions", "words": f"{whole}xx and no car park."}
    page = client.post(f"/admin/opinions/{opinion.case.public_id}/", sent)
    row.refresh_from_db()
    assert page.status_code == 409 and "and no car park." in page.content.decode() and row.answer == ""
    assert client.post(f"/admin/opinions/{opinion.case.public_id}/", sent | {"words": whole}).status_code == 302
    row.refresh_from_db()
    assert row.words.split("\n") == ["x" * 99] * 5


def post_letters(planner: User) -> None:
    """The bodies have no address here: their letters go on paper, now."""
    for letter in Letter.objects.filter(state="skipped"):
        if letters.kind_of(letter).stands(letter.key):
            letters.mark_posted(letter=letter, sender=planner)


def test_the_opinion_waits_while_a_deadline_runs(held: Assignment, opinion: Opinion, planner: User) -> None:
    study.write_draft(assignment=held, outcome="not_permitted", **WORDS)
    with pytest.raises(Refused, match="body_not_heard"):
        desk.accept(assignment=held)


def test_after_the_deadline_the_body_is_silent_and_the_process_goes_on(
    held: Assignment, opinion: Opinion, planner: User, frozen_clock: Any
) -> None:
    assert consultations.mark_silent() == 0
    frozen_clock.move(days=6)
    assert consultations.mark_silent() == 0, "the letters have no address and lie here"
    assert queries.silence_by_month(10) == [], "nobody was asked whom no letter has left for"
    post_letters(planner)
    assert consultations.mark_silent() == 0, "a letter on paper gives the body the same time"
    frozen_clock.move(days=7)
    assert (consultations.mark_silent(), consultations.mark_silent()) == (3, 0)
    assert clock.today().month == 12 and {(line.month.month, line.asked, line.silent) for line in queries.silence_by_month(10)} == {
        (12, 1, 1)
    }
    assert queries.silent_this_month(["fire"]) == {"fire": 1}, "the same month as in public"
    study.write_draft(assignment=held, outcome="not_permitted", **WORDS)
    desk.accept(assignment=held)
    case = Case.objects.get(pk=opinion.case_id)
    assert case.state == "decided"
    with override("en"):
        titles = [str(step.title) for step in timeline.steps(case, list(case.events.order_by("pk")))]
    assert any("Kuwait Fire Force: no answer by" in title for title in titles)


def test_the_sealed_opinion_names_no_day_before_the_letter_left(
    held: Assignment, opinion: Opinion, planner: User, frozen_clock: Any, sealed: None
) -> None:
    frozen_clock.move(days=6)
    post_letters(planner)
    frozen_clock.move(days=7)
    consultations.mark_silent()
    study.write_draft(assignment=held, outcome="not_permitted", **WORDS)
    desk.accept(assignment=held)
    issue.issue_opinion(case=Case.objects.get(pk=opinion.case_id))
    row = opinion.consultations.get(code="fire")
    document = Opinion.objects.get(pk=opinion.pk).document
    assert document is not None and clock.day_of(row.due_at).isoformat() not in str(document.facts)
    assert f"Kuwait Fire Force: no answer by {clock.day_of(row.silent_at).isoformat()}" in str(document.facts)


def test_a_request_that_waits_for_a_body_is_not_idle(held: Assignment, opinion: Opinion, planner: User, frozen_clock: Any) -> None:
    post_letters(planner)
    frozen_clock.move(days=3)
    assert queue.release_absent() == 0, "14 working hours are over, and the fire force may answer until Sunday"
    frozen_clock.move(days=3)
    assert (consultations.mark_silent(), queue.release_absent()) == (3, 0), "from now on the planner can go on"
    frozen_clock.move(days=2)
    assert queue.release_absent() == 1


def test_a_request_whose_letters_lie_here_is_idle(held: Assignment, opinion: Opinion, frozen_clock: Any) -> None:
    frozen_clock.move(days=3)
    assert queue.release_absent() == 1


@pytest.mark.guards
def test_silence_is_counted_by_month_in_public(
    held: Assignment, opinion: Opinion, planner: User, frozen_clock: Any, client: Client
) -> None:
    answer(opinion, "roads", planner)
    post_letters(planner)
    frozen_clock.move(days=7)
    consultations.mark_silent()
    assert queries.silent_this_month(["fire", "roads"]) == {"fire": 1}
    lines = {row.name_en: (row.month.isoformat(), row.asked, row.silent) for row in queries.silence_by_month(10)}
    assert lines["Kuwait Fire Force"] == ("2026-12-01", 1, 1), "as on the page of the case, though the deadline was in November"
    assert lines["Public Authority for Roads and Transportation"] == ("2026-11-01", 1, 0)
    page = client.get("/en/zoning/silence/").content.decode()
    assert "Kuwait Fire Force" in page and "November 2026" in page and "December 2026" in page
    seen = signed_in(opinion.case.applicant).get(f"/en/cases/{opinion.case.public_id}/").content.decode()
    assert "Silence is not approval" in seen and "Silent this month: 1" in seen
    assert seen.index("The Municipality decides by") < seen.index("Instant answer and opinion"), "the day stands in the head"


def test_silence_on_safety_never_counts_as_a_yes(held: Assignment, opinion: Opinion, planner: User, frozen_clock: Any, head: User) -> None:
    post_letters(planner)
    frozen_clock.move(days=7)
    consultations.mark_silent()
    study.write_draft(assignment=held, outcome="permitted", code="layer_outdated", **WORDS)
    with pytest.raises(Refused, match="safety_open"):
        desk.accept(assignment=held)
    answer(opinion, "fire", planner)  # late, beside its silence
    assert opinion.consultations.get(code="fire").silent_at is not None
    desk.sign(decision=desk.accept(assignment=held), supervisor=head)
    assert Case.objects.get(pk=opinion.case_id).state == "decided"


def test_an_objection_on_safety_forbids_a_yes(held: Assignment, opinion: Opinion, planner: User, frozen_clock: Any) -> None:
    answer(opinion, "fire", planner, "objection", "One exit only.")
    post_letters(planner)
    frozen_clock.move(days=7)
    consultations.mark_silent()
    study.write_draft(assignment=held, outcome="permitted", code="layer_outdated", **WORDS)
    with pytest.raises(Refused, match="safety_open"):
        desk.accept(assignment=held)


def test_a_body_that_agrees_with_conditions_makes_the_yes_conditional(plot: Plot, owner: Any, planner: User, head: User) -> None:
    opinion = paid(plot, owner, activity="DRYC")
    held = desk_acts.checked(desk_acts.assigned(planner))
    for row in opinion.consultations.exclude(code="fire"):
        answer(opinion, row.code, planner)
    assert (opinion.instant_outcome, queries.agreement("permitted", "conditional")) == ("permitted", "deviates")
    answer(opinion, "fire", planner, "conditions", "Two exits.")
    study.write_draft(assignment=held, outcome="permitted", **WORDS)
    with pytest.raises(Refused, match="conditions_left_out"):
        desk.accept(assignment=held)
    written = study.write_draft(assignment=held, outcome="conditional", **WORDS)
    assert (written.agreement, written.code) == ("completes", ""), "the rules are not wrong"
    page = signed_in(planner).get(f"/admin/opinions/{opinion.case.public_id}/").content.decode()
    assert page.count("يخالف الجواب الفوري: يلزم سبب") == 1, "not permitted alone deviates"
    desk.sign(decision=desk.accept(assignment=held), supervisor=head)
    assert Case.objects.get(pk=opinion.case_id).state == "decided" and not RuleTask.objects.exists()


def _sign_past_the_services(opinion: Opinion, held: Assignment, head: User) -> None:
    """The harm: a signed decision on the draft, whatever the bodies said."""
    draft, now = queries.draft_of(opinion), clock.now()
    assert draft is not None
    with transaction.atomic():
        words = {"code": draft.code, "text_ar": "س", "text_en": "x", "digest": "d" * 64, "signed_digest": "d" * 64}
        Decision.objects.create(
            case=opinion.case, outcome="accept", made_by=held.officer, made_at=now, signed_by=head, signed_at=now, **words
        )
        case = Case.objects.get(pk=opinion.case_id)
        advance(case, "propose_acceptance", actor=Actor("officer", held.officer.key), reason=draft.code)
        advance(case, "sign_acceptance", actor=Actor("supervisor", head.key), reason=draft.code)


@pytest.mark.guards
@pytest.mark.parametrize(("silent", "code"), [(True, "safety_open"), (False, "body_not_heard")])
def test_the_database_refuses_it_too(
    held: Assignment, opinion: Opinion, planner: User, head: User, frozen_clock: Any, silent: bool, code: str
) -> None:
    if silent:
        post_letters(planner)
        frozen_clock.move(days=7)
        consultations.mark_silent()
    else:
        answer(opinion, "fire", planner)
    study.write_draft(assignment=held, outcome="permitted", code="layer_outdated", **WORDS)
    with pytest.raises(IntegrityError, match=f"guard:{code}"):
        _sign_past_the_services(opinion, held, head)
    drop_guard("cases_caseevent_opinion_safe" if silent else "cases_caseevent_opinion_heard", "cases_caseevent")
    _sign_past_the_services(opinion, held, head)
    assert Case.objects.get(pk=opinion.case_id).state == "decided"


@pytest.mark.guards
def test_the_database_refuses_a_plain_yes_where_a_safety_body_set_conditions(
    held: Assignment, opinion: Opinion, planner: User, head: User
) -> None:
    for code, given, words in (("fire", "conditions", "Two exits."), ("roads", "no_objection", ""), ("electricity", "no_objection", "")):
        answer(opinion, code, planner, given, words)
    study.write_draft(assignment=held, outcome="permitted", code="layer_outdated", **WORDS)
    with pytest.raises(IntegrityError, match="guard:safety_open"):
        _sign_past_the_services(opinion, held, head)
    drop_guard("cases_caseevent_opinion_safe", "cases_caseevent")
    _sign_past_the_services(opinion, held, head)
    assert Case.objects.get(pk=opinion.case_id).state == "decided"


def test_about_an_activity_without_a_group_every_body_on_health_or_safety_is_asked(plot: Plot, owner: Any) -> None:
    """No rule knows the activity, so that the planner alone would say yes: nothing says which of them it does not concern."""
    new = Activity.objects.create(code="NEWA", name_ar="نشاط جديد", name_en="New activity")
    opinion = paid(plot, owner, activity=new.pk)
    asked = {row.code: row.is_safety for row in opinion.consultations.all()}
    assert (opinion.instant_outcome, opinion.activity_group) == ("no_data", "")
    assert asked == {"roads": False, "fire": True, "environment": True, "health": True, "food": True}
    assert {row.code for row in paid(plot, owner, activity=None, floor=None).consultations.all()} == {"roads"}, "building has no activity"

"""Hand-out, giving back, escalation and return stand in the applicant's timeline, with time and role and without a name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import strip_tags

from municipality.accounts.models import User
from municipality.cases import timeline
from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES, Timeline
from municipality.kernel import clock
from municipality.review.models import Clock as CaseClock
from municipality.review.models import QueueEntry
from municipality.review.panels import queue_facts
from municipality.review.services import case_clock, desk, queue
from municipality.review.services.desk import CorrectionRequest
from municipality.review.timeline import LEVELS, MOVES
from municipality.ui.templatetags.portal import moment
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.municipality.review import permits
from tests.municipality.review.permits import Office

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def told(office: Office) -> Iterator[None]:
    titles: dict[str, Any] = {name: name for name in ("draft", "in_review", "corrections", "countersign", "granted", "refused", "gone")}
    TIMELINES.register(
        permits.PERMIT,
        Timeline(titles=titles, path=(), next_actor={"in_review": "officer", "countersign": "supervisor"}, notes={}, moves=MOVES),
    )
    yield
    TIMELINES.pop(permits.PERMIT)


def past(entry: QueueEntry) -> list[tuple[str, str, str]]:
    case = Case.objects.get(pk=entry.case_id)
    with translation.override("en"):
        steps = timeline.steps(case, list(case.events.order_by("pk")))
        assert [step.at for step in steps] == sorted(step.at for step in steps if step.at)
        return [(step.kind, str(step.title), str(step.who)) for step in steps if step.kind != "next"]


def test_hand_out_giving_back_and_escalation_are_told_in_their_order(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    frozen_clock.move(minutes=5)
    assignment = desk_acts.assigned(office.officer)
    frozen_clock.move(minutes=5)
    queue.give_back(assignment=assignment, code="outside_my_skill")
    frozen_clock.move(days=30)
    case_clock.escalate(clock_id=CaseClock.objects.get(case=entry.case).pk)
    told = past(entry)
    assert [(title, who) for _kind, title, who in told[-5:]] == [
        ("Handed out to an officer, in its turn", "Officer"),
        ("The officer gives it back: again in the queue, at its own place", "Officer"),
        ("Escalated to the supervisor of the branch: the promised time is used up", "The portal, automatically"),
        ("Escalated to the auditors of the Municipality as well", "The portal, automatically"),
        ("Escalated once more to the supervisor and the auditors", "The portal, automatically"),
    ]
    assert [kind for kind, _title, _who in told] == ["done"] * (len(told) - 1) + ["now"]


def test_every_act_of_the_desk_is_one_step(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    frozen_clock.move(minutes=1)
    assignment = desk_acts.assigned(office.officer)
    frozen_clock.move(minutes=1)
    desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("file_expired", "lease")])
    frozen_clock.move(minutes=1)
    permits.answer(entry, lease="sha-2")
    frozen_clock.move(minutes=1)
    desk_acts.assigned(office.officer)
    frozen_clock.move(minutes=1)
    decision = desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("manager_unclear", "manager")], second_code="seen_late")
    frozen_clock.move(minutes=1)
    desk.send_back(decision=decision, supervisor=office.supervisor, code="reason_not_proven", answers=desk_acts.ALL_YES)
    frozen_clock.move(minutes=1)
    desk_acts.assigned(office.officer)
    frozen_clock.move(minutes=1)
    refusal = desk.propose_refusal(assignment=desk_acts.checked(assignment), code="layout_changed")
    frozen_clock.move(minutes=1)
    desk.sign(decision=refusal, supervisor=office.supervisor, answers=desk_acts.ALL_YES)
    titles = [title for _kind, title, _who in past(entry)]
    assert titles[titles.index("corrections") :] == [
        "corrections",
        "Corrections answered, back with the officer",
        "The officer takes up the answer",
        "A further round of corrections waits for a second signature",
        "The supervisor sends the further round back",
        "The officer takes up the answer",
        "countersign",  # a proposed refusal is a move of the case, and told once
        "Refused, signed by a second person",
    ]


def test_a_case_taken_before_its_turn_says_so_to_its_applicant(office: Office, frozen_clock: Clock) -> None:
    permits.sent(office.applicant)
    second = permits.sent(office.applicant)
    asked = queue.ask_override(place=second, code="danger_to_health", asked_by=office.supervisor)
    queue.allow_override(override=asked, allowed_by=office.second)
    frozen_clock.move(minutes=1)
    desk_acts.assigned(office.officer)
    assert past(second)[-1][1] == "Handed out to an officer, ahead of its turn"


def test_who_is_overtaken_sees_it_with_the_reason_and_who_is_not_does_not(office: Office, frozen_clock: Clock) -> None:
    first, urgent = permits.sent(office.applicant), permits.sent(office.applicant)
    other_branch = permits.sent(office.applicant, "AH")
    frozen_clock.move(minutes=1)
    asked = queue.ask_override(place=urgent, code="danger_to_health", asked_by=office.supervisor)
    assert "handed out before this one" not in str(past(first))  # asked is not allowed, and allowed is not handed out
    queue.allow_override(override=asked, allowed_by=office.second)
    assert "handed out before this one" not in str(past(first))
    frozen_clock.move(minutes=1)
    desk_acts.assigned(office.officer)
    frozen_clock.move(minutes=1)
    later = permits.sent(office.applicant)
    told = past(first)
    assert [title for _kind, title, _who in told].count("A later request was handed out before this one: Danger to public health") == 1
    assert urgent.case.reference not in str(told)
    for entry in (urgent, later, other_branch):
        assert "handed out before this one" not in str(past(entry))


def test_the_page_names_no_member_of_staff(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    frozen_clock.move(minutes=1)
    desk_acts.assigned(office.officer)
    client: Client = signed_in(office.applicant)
    page = client.get(f"/en/cases/{entry.case.public_id}/").content.decode()
    assert "Handed out to an officer, in its turn" in page
    for person in (office.officer, office.supervisor):
        assert person.name_ar not in page and person.name_en not in page and person.public_id not in page


def test_the_present_step_says_who_must_act_at_which_office_and_until_which_minute(office: Office, frozen_clock: Clock) -> None:
    """On the page of the applicant and by the public reference alike, and each act of the desk at once."""
    User.objects.filter(pk=office.applicant.pk).update(civil_id_masked="••••••••1234")
    case = permits.sent(office.applicant).case
    due_at = CaseClock.objects.get(case=case).due_at

    def pages() -> list[str]:
        asked = {"reference": case.reference, "last_four": "1234"}
        answers = [signed_in(office.applicant).get(f"/en/cases/{case.public_id}/"), Client().post("/en/track/", asked)]
        return [" ".join(strip_tags(answer.content.decode()).split()) for answer in answers]

    with translation.override("en"):
        until = " ".join(f"The Municipality decides by {strip_tags(moment(due_at))}".split())
    for page in pages():
        assert f"Must act now: Officer, {case.branch.name_en}" in page and until in page and "Handed out" not in page
    frozen_clock.move(minutes=1)
    assignment = desk_acts.assigned(office.officer)
    for page in pages():
        assert "Handed out to an officer, in its turn" in page and until in page
    desk.propose_refusal(assignment=desk_acts.checked(assignment), code="layout_changed")
    for page in pages():
        assert f"Must act now: Supervisor, {case.branch.name_en}" in page
    frozen_clock.set(due_at + dt.timedelta(minutes=1))
    for page in pages():
        assert f"{until}. This is late." in page
    assert "This is late." in signed_in(office.applicant).get("/en/").content.decode()
    with translation.override("en"):
        assert "This is late." in str(queue_facts(Case.objects.get(pk=case.pk), is_promised=True))


def test_every_level_that_a_clock_can_reach_has_its_words() -> None:
    assert sorted(LEVELS) == list(range(1, len(case_clock.LEVELS) + 1))


@pytest.mark.parametrize("days_late", [-3, 3])
def test_a_later_estimate_is_a_day_only_once_the_promised_day_is_over(
    office: Office, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch, days_late: int
) -> None:
    case = permits.sent(office.applicant).case
    assert case.due_on is not None
    frozen_clock.set(CaseClock.objects.get(case=case).due_at + dt.timedelta(days=days_late))
    expected = max(case.due_on, clock.today()) + dt.timedelta(days=4)
    entry = SimpleNamespace(state="waiting", ahead=7, pace_per_day=2, estimate=expected)
    monkeypatch.setattr("municipality.review.panels.queries.position", lambda _case: entry)
    with translation.override("en"):
        facts = {str(fact.label): str(fact) for fact in queue_facts(Case.objects.get(pk=case.pk), is_promised=True)}
    assert ("Expected to reach an officer" in facts) is (days_late > 0)
    assert ("This is late." in facts["Decision by"]) is (days_late > 0)

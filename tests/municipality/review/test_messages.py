"""What the applicant of a reviewed case is told: one message for each change that concerns them, and none twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.cases.models import Case
from municipality.notifications.models import Message
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services import desk, queue
from tests import desk_acts
from tests.due_jobs import run_due
from tests.municipality.review import permits
from tests.municipality.review.permits import Office

pytestmark = pytest.mark.django_db
ASKED = [desk.CorrectionRequest("file_unreadable", "lease")]


def assert_steps_tell(place: QueueEntry, steps: list[tuple[str, Callable[[], Any], list[str]]]) -> None:
    """Take the steps and compare the new messages of each with the table."""
    told: set[int] = set()
    for name, step, expected in steps:
        step()
        rows = Message.objects.filter(subject_key=Case.objects.get(pk=place.case_id).key).exclude(pk__in=told).order_by("pk")
        assert [row.kind.removeprefix("review.") for row in rows] == expected, name
        told |= {row.pk for row in rows}


@pytest.mark.guards
def test_a_case_walked_through_its_states_sends_the_messages_of_the_table(office: Office) -> None:
    place = permits.sent(office.applicant)
    held: list[Assignment] = []

    def take(officer: Any) -> Callable[[], None]:
        return lambda: held.append(desk_acts.assigned(officer))

    def decision() -> Any:
        return place.case.decisions.filter(voided_at__isnull=True).latest("pk")

    assert_steps_tell(
        place,
        [
            ("taken up", take(office.officer), ["in_review"]),
            ("asked again for the next case", take(office.officer), []),
            ("given back", lambda: queue.release(assignment=held[-1], code="absent"), []),
            ("taken up by another officer", take(office.colleague), []),
            ("corrections", lambda: desk.ask_corrections(assignment=held[-1], items=ASKED), ["corrections_asked"]),
            ("answered", lambda: permits.answer(place, lease="sha-2"), []),
            ("taken up again", take(office.colleague), []),
            ("refusal proposed", lambda: desk.propose_refusal(assignment=desk_acts.checked(held[-1]), code="conditions_not_met"), []),
            ("signed", lambda: desk.sign(decision=decision(), supervisor=office.supervisor, answers=desk_acts.ALL_YES), ["refused"]),
        ],
    )


def test_an_approved_case_is_told_of_its_review_and_of_the_decision_only(office: Office) -> None:
    place = permits.sent(office.applicant)
    desk.accept(assignment=desk_acts.checked(desk_acts.assigned(office.officer)))
    messages = list(Message.objects.filter(person=office.applicant).order_by("pk"))
    assert [message.kind for message in messages] == ["review.in_review", "review.accepted"]
    assert messages[0].title_en == f"Request {place.case.reference} is now in review"
    assert "The decision is promised for" in messages[0].body_en and office.officer.name_ar not in messages[0].body_ar
    assert not any("bill" in message.body_en for message in messages)  # this service has no fee


def test_without_an_officer_nothing_is_told(office: Office) -> None:
    """The red control: what sends the message is that somebody has taken the case up."""
    permits.sent(office.applicant)
    assert not Message.objects.exists()


def test_who_is_overtaken_is_told_once_and_nobody_else(office: Office) -> None:
    passed, urgent = permits.sent(office.applicant), permits.sent(permits.applicant(2))
    also_urgent = permits.sent(permits.applicant(3))
    for entry in (urgent, also_urgent):
        made = queue.ask_override(place=entry, code="danger_to_health", asked_by=office.supervisor)
        queue.allow_override(override=made, allowed_by=office.second)
    for officer in (office.officer, office.colleague):
        desk_acts.assigned(officer)
    run_due(("review.tell_overtaken",))
    for assignment in Assignment.objects.all():
        queue.tell_overtaken(assignment_id=assignment.pk)  # again: nothing new
    told = Message.objects.filter(kind="review.overtaken")
    assert list(told.values_list("person", "subject_key")) == [(office.applicant.pk, passed.case.key)]
    text = told.get()
    assert "Danger to public health" in text.body_en and urgent.case.reference not in text.body_en + text.body_ar


@pytest.mark.django_db(transaction=True)
def test_who_is_overtaken_is_told_by_a_job_that_no_transaction_surrounds(office: Office) -> None:
    permits.sent(office.applicant)
    made = queue.ask_override(place=permits.sent(permits.applicant(2)), code="danger_to_health", asked_by=office.supervisor)
    queue.allow_override(override=made, allowed_by=office.second)
    desk_acts.assigned(office.officer)
    assert run_due(("review.tell_overtaken",)) == 1
    assert Message.objects.filter(kind="review.overtaken").count() == 1


def test_a_hand_out_in_turn_tells_nobody_that_they_were_overtaken(office: Office) -> None:
    permits.sent(office.applicant)
    permits.sent(office.applicant)
    desk_acts.assigned(office.officer)
    run_due(("review.tell_overtaken",))
    assert not Message.objects.filter(kind="review.overtaken").exists()

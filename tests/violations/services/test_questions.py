"""A question of the officer who studies an objection: answered before the legal time for the decision is over, or decided without."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.formats import date_format

from municipality.cases.models import Case
from municipality.incidents import relief
from municipality.incidents.models import Incident, MovedDeadline, PortalPart
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review import queries as review
from municipality.review.models import CorrectionRound, QueueEntry
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from municipality.uploads import registry
from municipality.uploads import services as upload_services
from tests import desk_acts
from tests.conftest import Clock
from tests.factories.incidents import IncidentFactory
from tests.factories.uploads import UploadFactory
from tests.factories.violations import ObjectionFactory
from violations import tasks
from violations.models import Objection, Violation
from violations.services import notices, objections

pytestmark = pytest.mark.django_db
ASKED = [CorrectionRequest("ask_words", "words")]


@pytest.fixture
def objection(write: Callable[..., Violation], owner: Any) -> Objection:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    return ObjectionFactory(violation=Violation.objects.get(pk=row.pk), person=owner)


def ask(objection: Objection, officer: Any) -> CorrectionRound:
    asked = desk.ask_corrections(assignment=desk_acts.assigned(officer), items=ASKED)
    assert isinstance(asked, CorrectionRound)
    return asked


def state(objection: Objection) -> tuple[str, str]:
    return Case.objects.get(pk=objection.case_id).state, QueueEntry.objects.get(case=objection.case_id).state


def test_a_round_ends_before_silence_decides_and_its_message_says_both_days(
    objection: Objection, decider: Callable[..., Any], frozen_clock: Clock
) -> None:
    frozen_clock.move(days=5)
    asked = ask(objection, decider(objection.case.branch_id))
    assert asked.answer_by == dt.date(2026, 12, 19), "five working days of study are left before 24 December"
    body = Message.objects.get(kind="review.corrections_asked").body_en
    with translation.override("en"):
        assert all(date_format(day, "DATE_FORMAT") in body for day in (asked.answer_by, objection.answer_by))
    assert "paused" not in body and "the officer decides on what is there" in body


def test_an_unanswered_question_goes_back_to_its_officer_who_decides_on_the_file(
    objection: Objection, owner: Any, decider: Callable[..., Any], frozen_clock: Clock
) -> None:
    officer = decider(objection.case.branch_id)
    asked = ask(objection, officer)
    frozen_clock.set(clock.start_of(asked.answer_by) + dt.timedelta(hours=9))
    tasks.sweep()
    assert state(objection) == ("corrections", "away"), "its last day still runs"
    frozen_clock.move(days=1)
    tasks.sweep()
    assert state(objection) == ("in_review", "answered") and review.open_round(objection.case) is None
    assert CorrectionRound.objects.get().closed_at == clock.now() and CorrectionRound.objects.get().answered_at is None
    with pytest.raises(Refused, match="not_asked"):
        objections.answer(objection=objection, person=owner, words="كانت للمحل المجاور")
    desk.accept(assignment=desk_acts.checked(desk_acts.assigned(officer)))
    assert Violation.objects.get().state == "annulled"


def test_nothing_goes_on_while_the_party_could_not_answer(objection: Objection, decider: Callable[..., Any], frozen_clock: Clock) -> None:
    asked = ask(objection, decider(objection.case.branch_id))
    start = clock.start_of(asked.answer_by)
    frozen_clock.set(start + dt.timedelta(hours=1))
    incident = Incident.objects.create(part=PortalPart.SIGN_IN, cause="checks", started_at=start)
    frozen_clock.move(days=1)
    assert objections.go_on_unanswered() == 0
    incident.ended_at = incident.relieved_at = clock.now()
    incident.save()
    assert objections.go_on_unanswered() == 1


@pytest.mark.parametrize(("last_day", "moved_to"), [(dt.date(2026, 12, 19), []), (dt.date(2026, 12, 18), [dt.date(2026, 12, 19)])])
def test_an_outage_moves_a_question_no_further_than_silence_leaves(
    objection: Objection, decider: Callable[..., Any], frozen_clock: Clock, last_day: dt.date, moved_to: list[dt.date]
) -> None:
    ask(objection, decider(objection.case.branch_id))
    CorrectionRound.objects.update(answer_by=last_day)
    frozen_clock.set(clock.start_of(last_day) + dt.timedelta(hours=12))
    row = IncidentFactory()
    frozen_clock.move(days=1)
    relief.relieve(row.pk)
    assert CorrectionRound.objects.get().answer_by == dt.date(2026, 12, 19) < objection.answer_by
    assert list(MovedDeadline.objects.filter(kind="review.corrections").values_list("after", flat=True)) == moved_to


def test_a_question_that_leaves_no_day_to_answer_is_refused(objection: Objection, decider: Callable[..., Any], frozen_clock: Clock) -> None:
    officer = decider(objection.case.branch_id)
    frozen_clock.set(clock.start_of(dt.date(2026, 12, 19)) + dt.timedelta(hours=9))
    with pytest.raises(Refused, match="no_time_to_ask"):
        ask(objection, officer)
    assert state(objection) == ("in_review", "held")


def test_an_answer_in_time_closes_its_round_alone(
    objection: Objection, owner: Any, decider: Callable[..., Any], frozen_clock: Clock
) -> None:
    officer = decider(objection.case.branch_id)
    first = ask(objection, officer)
    frozen_clock.set(clock.start_of(first.answer_by + dt.timedelta(days=1)))
    assert objections.go_on_unanswered() == 1
    assert not CorrectionRound.objects.filter(answered_at__isnull=False).exists()


def test_a_file_that_was_refused_answers_nothing(objection: Objection, owner: Any, decider: Callable[..., Any]) -> None:
    ask(objection, decider(objection.case.branch_id))
    paper = UploadFactory(owner=owner, subject=objection.violation.key, slot="objection", judged=False)
    upload_services.refuse(paper, "infected")
    with pytest.raises(Refused, match="no_words"):
        objections.answer(objection=objection, person=owner, words="")
    UploadFactory(owner=owner, subject=objection.violation.key, slot="objection")
    objections.answer(objection=objection, person=owner, words="")
    assert state(objection) == ("in_review", "answered")


def test_an_answer_waits_for_its_file_that_is_still_being_checked(objection: Objection, owner: Any, decider: Callable[..., Any]) -> None:
    ask(objection, decider(objection.case.branch_id))
    paper = UploadFactory(owner=owner, subject=objection.violation.key, slot="objection", judged=False)
    with pytest.raises(Refused, match="files_waiting"):
        objections.answer(objection=objection, person=owner, words="كانت للمحل المجاور")
    assert registry.may_write(owner, objection.violation.key, "objection"), "it can be replaced"
    upload_services.remove(paper, user=owner)
    objections.answer(objection=objection, person=owner, words="كانت للمحل المجاور")


@pytest.mark.guards
def test_a_round_is_either_answered_or_closed(objection: Objection, decider: Callable[..., Any]) -> None:
    asked = ask(objection, decider(objection.case.branch_id))
    with pytest.raises(IntegrityError), transaction.atomic():
        CorrectionRound.objects.filter(pk=asked.pk).update(answered_at=clock.now(), closed_at=clock.now())

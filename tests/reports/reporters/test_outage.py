"""Reporters have as many days to answer and to say that it is not solved as they were promised, also where the portal was out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache

from municipality.accounts.models import User
from municipality.cases.obligations import obligations_of
from municipality.incidents import relief
from municipality.incidents.models import Incident, MovedDeadline
from municipality.kernel import clock
from municipality.notifications.models import Message
from reports.models import Question, Report
from reports.reporters import solved
from reports.reporters.services import Sender
from reports.triage import services as triage
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories import report_steps, reports
from tests.factories.accounts import PersonFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.inspections import inspector
from tests.published_rules import publish_rules

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rules(db: None, settings: Any, frozen_clock: Clock) -> None:
    cache.clear()
    settings.NAMED_LISTS_SECONDS = 0  # pages know at once what moved
    publish_rules()
    inspector("first", "HA")
    inspector("second", "HA")


@pytest.fixture
def person() -> User:
    return PersonFactory()


def out_on(day: dt.date, frozen_clock: Clock) -> Incident:
    """The portal is out from eight o'clock on a last day to the next one."""
    frozen_clock.set(clock.start_of(day) + dt.timedelta(hours=8))
    incident = IncidentFactory(started_at=clock.now(), ended_at=None)
    frozen_clock.move(days=1)
    return incident


def end(incident: Incident) -> None:
    incident.ended_at = clock.now()
    incident.save(update_fields=["ended_at"])
    relief.relieve(incident.pk)


def test_a_question_waits_until_its_last_day_has_moved(person: User, frozen_clock: Clock) -> None:
    report = reports.assigned(Sender(person=person))
    assert report.inspector is not None
    question = triage.ask(report=report, inspector=report.inspector, text="أين؟")
    incident = out_on(question.due_on, frozen_clock)
    assert triage.end_unanswered() == 0, "while it is out"
    end(incident)
    moved = MovedDeadline.objects.get()
    assert (moved.kind, moved.subject) == ("reports.question", report.subject_key) and moved.after > clock.today()
    assert triage.end_unanswered() == 0 and _until(person) == moved.after
    page = signed_in(person).get(f"/en/reports/{report.public_id}/mine/").content.decode()
    assert f"{moved.after.day} {moved.after:%B %Y}" in page.replace("\xa0", " ")
    assert not Message.objects.filter(kind="incidents.deadlines_moved").exists()  # it would name them beside the report
    frozen_clock.set(clock.start_of(moved.after + dt.timedelta(days=1)) + dt.timedelta(hours=9))
    assert triage.end_unanswered() == 1 and Question.objects.get().ended_at is not None


def test_not_solved_can_be_said_as_long_as_the_day_has_moved_to(person: User, frozen_clock: Clock) -> None:
    """Control: without an outage the time is over after `solved_days`."""
    report = report_steps.closed(reports.assigned(Sender(person=person)))
    last = clock.today() + dt.timedelta(days=14)
    incident = out_on(last, frozen_clock)
    assert clock.today() > last and solved.result_to_judge(report) is None
    end(incident)
    moved = MovedDeadline.objects.get()
    assert moved.kind == "reports.solved" and solved.result_to_judge(report) is not None and _until(person) == moved.after
    browser, path = signed_in(person), f"/en/reports/{report.public_id}/"
    assert f"{moved.after.day} {moved.after:%B %Y}" in browser.get(path).content.decode().replace("\xa0", " ")
    assert browser.post(f"{path}mine/", {"solved": "no", "words": "ما زالت"}).status_code == 302
    assert Report.objects.get().state == "received"


def _until(person: User) -> dt.date | None:
    return next((duty.until for duty in obligations_of(person) if duty.code in ("answer_report", "say_solved")), None)

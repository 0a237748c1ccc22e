"""A report is received exactly once, with its promise, and its reporter is kept apart."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from reports.intake import services
from reports.models import Report
from reports.models.reporter import Reporter
from reports.reporters.services import Sender
from reports.triage import services as triage
from tests.conftest import NOON
from tests.factories import reports
from tests.factories.accounts import UserFactory
from tests.factories.inspections import inspector
from tests.published_rules import publish_rules

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    publish_rules()


def test_the_same_key_is_the_same_report() -> None:
    person = UserFactory()
    sent, sender = reports.sent(), Sender(person=person)
    first, again = services.receive(sent, sender), services.receive(sent, sender)
    assert first.is_new and not again.is_new
    assert (again.report.pk, again.secret) == (first.report.pk, first.secret)
    assert Report.objects.count() == Reporter.objects.count() == Job.objects.filter(kind="reports.assign").count() == 1
    with pytest.raises(Refused, match="sent_differently"):
        services.receive(sent, Sender(person=UserFactory()))
    with pytest.raises(Refused, match="sent_differently"):
        services.receive(dataclasses.replace(sent, category="shop"), sender)


def test_whoever_has_only_the_key_of_a_report_does_not_get_its_secret() -> None:
    sent = reports.sent()
    services.receive(sent, Sender())
    assert services.received_before(sent, Sender()) is None
    with pytest.raises(Refused, match="sent_differently"):
        services.receive(sent, Sender())


def test_a_lawful_try_again_is_the_same_report() -> None:
    inspector("mine", "HA")
    sent = reports.sent(captured_at=clock.now() + dt.timedelta(hours=1))
    first = services.receive(sent, Sender(person=UserFactory(), device="phone-1")).report
    triage.assign(first)
    first.refresh_from_db()
    triage.recategorise(report=first, inspector=first.inspector, category="shop", code="other_category")
    later = dataclasses.replace(sent, captured_at=clock.now() + dt.timedelta(minutes=59))  # the clock of the phone is ahead
    again = services.receive(later, Sender(device="phone-1"))  # the session ended meanwhile
    assert again.report.pk == first.pk and not again.is_new


def test_the_log_does_not_name_the_reporter() -> None:
    person = UserFactory()
    report = reports.received(Sender(person=person))
    events = AuditEvent.objects.filter(subject=report.subject_key)
    assert events.count() == 1 and person.public_id not in str(list(events.values()))


def test_the_promise_follows_severity_and_clock() -> None:
    with clock.at(NOON):
        normal, high = reports.received(), reports.received(answers={"blocks_road": "yes"})
        in_office = reports.received(category="shop")
    assert normal.due_at == NOON + dt.timedelta(hours=48) and high.due_at == NOON + dt.timedelta(hours=24)
    assert in_office.due_at > NOON + dt.timedelta(hours=72)


def test_an_emergency_is_not_received() -> None:
    with pytest.raises(Refused, match="emergency"):
        reports.received(category="hazard", answers={"fire_or_gas": "yes"})
    assert not Report.objects.exists()


def test_an_inspector_of_the_branch_is_drawn() -> None:
    mine = inspector("mine", "HA")
    inspector("other", "JA")
    report = reports.assigned()
    assert report.state == "assigned" and report.inspector == mine and report.draw["is_own_branch"]

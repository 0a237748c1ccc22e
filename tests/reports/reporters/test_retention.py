"""Who reported is kept while what the report led to is open, and forgotten once it is over."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from reports.models import Ban, Report
from reports.reporters import bans, retention
from reports.reporters import services as reporters
from reports.reporters.services import Sender
from reports.triage import services as triage
from reports.triage.services.joins import ReportPart
from tests.conftest import Clock
from tests.database_guards import without_guards
from tests.factories import report_steps, reports
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.inspections import inspector
from tests.factories.shops import ShopFactory
from violations.models import Violation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]
DAYS = 91


def violated(*, joined: bool = False) -> tuple[Report, Violation]:
    """A closed report that led to a violation, which is open; `joined` adds another report that was joined with it."""
    drawn = inspector("drawn", "HA", scope=["CLN", "SHP"])
    report = reports.assigned(Sender(phone="96555501234"))
    violation = report_steps.led_to(report, ShopFactory(owner=PersonFactory())).violation
    assert violation is not None
    if joined:
        other = reports.assigned(Sender(phone="96555501235"))
        triage.merge(report=other, into=report, inspector=drawn, why="x")
        report.refresh_from_db()
    report_steps.closed(report)
    return report, violation


def is_known(report: Report) -> bool:
    return reporters.opens(report, secret=reporters.secret_of(report.key))


def test_who_reported_is_kept_until_the_violation_is_over(frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    report, violation = violated(joined=True)
    frozen_clock.move(days=DAYS)
    assert (violation.state in retention.HOLDING, retention.forget()) == (True, 0)
    assert is_known(report) and all(is_known(one) for one in report.joined.all())
    monkeypatch.setattr(retention, "HOLDING", ())  # as once it has ended
    assert retention.forget() == 2 and not is_known(report)
    assert AuditEvent.objects.filter(action="report.reporter_deleted").count() == 2


def test_collecting_what_a_court_set_needs_nobody_who_reported(frozen_clock: Clock) -> None:
    report, violation = violated()
    without_guards()
    Violation.objects.filter(pk=violation.pk).update(state="judged")
    frozen_clock.move(days=DAYS)
    assert retention.forget() == 1 and not is_known(report)


def test_without_the_look_at_the_violation_who_reported_is_gone_while_it_goes_on(
    frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: nobody can say any more who saw what is objected to."""
    report, violation = violated()
    frozen_clock.move(days=DAYS)
    monkeypatch.setattr(retention, "_needed", set)
    assert retention.forget() == 1 and not is_known(report)
    assert Violation.objects.get(pk=violation.pk).state in retention.HOLDING


def test_a_violation_of_a_part_keeps_who_sent_the_whole() -> None:
    drawn = inspector("drawn", "HA", scope=["CLN", "SHP"])
    report = reports.assigned(Sender(phone="96555501234"))
    part, other = triage.split(report=report, inspector=drawn, parts=[ReportPart("waste", "أ"), ReportPart("shop", "ب")])
    triage.assign(part)
    part.refresh_from_db()
    report_steps.led_to(part, ShopFactory(owner=PersonFactory()))
    assert retention._needed() == {report.pk, part.pk} and other.pk not in retention._needed()


def test_an_unanswered_appeal_against_a_stop_keeps_whom_it_is_answered_to(frozen_clock: Clock) -> None:
    inspector("drawn", "HA", scope=["CLN"])
    clerk, other = (StaffFactory(groups=["intake"], login=login) for login in ("first", "second"))
    report = report_steps.closed(reports.assigned(Sender(phone="96555501234")))
    frozen_clock.move(days=DAYS - 2)
    ban: Any = bans.make(report=report, code="false_reports", by=clerk)
    bans.appeal(ban=ban, words="It was there.")
    frozen_clock.move(days=2)
    assert retention.forget() == 0 and is_known(report)
    bans.decide(ban=Ban.objects.get(pk=ban.pk), lift=True, by=other)
    assert retention.forget() == 1

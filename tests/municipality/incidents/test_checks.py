"""Incidents open after some failed checks, close with their length, and a silence of the checks is one of the portal."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import SignInRequest
from municipality.audit.models import AuditEvent
from municipality.incidents import queries, services, signals
from municipality.incidents.models import Cause, Incident, PartCheck, PortalPart
from municipality.incidents.registry import SIGNALS
from municipality.jobs.errors import OnHold
from municipality.jobs.models import Job, JobState
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Channel, Delivery, Message
from payments.models import BankMessageKind, Direction, GatewayMessage
from payments.queries import gateway_answers
from tests.conftest import NOON, Clock
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.incidents import IncidentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def works(rules: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, bool | dt.datetime | None]:
    """What the parts tell at the next check."""
    told: dict[str, bool | dt.datetime | None] = dict.fromkeys(SIGNALS, True)
    for part in [*SIGNALS]:
        monkeypatch.setitem(SIGNALS, part, lambda part=part: told[part])
    return told


def checks(frozen_clock: Clock, count: int) -> None:
    for _ in range(count):
        services.check()
        frozen_clock.move(minutes=1)


def relief_jobs() -> int:
    return Job.objects.filter(kind="incidents.relieve").count()


def test_every_part_has_a_signal() -> None:
    assert set(SIGNALS) == set(PortalPart.values)


def test_an_incident_opens_at_the_third_failure_and_closes_with_its_length(works: Any, frozen_clock: Clock) -> None:
    works["payment"] = False
    checks(frozen_clock, 2)
    assert not Incident.objects.exists()
    checks(frozen_clock, 3)
    row = Incident.objects.get()
    assert (row.part, row.cause, row.started_at, row.ended_at) == ("payment", "checks", NOON, None)
    works["payment"] = None  # nobody pays: nothing is known
    checks(frozen_clock, 70)
    works["payment"] = True
    checks(frozen_clock, 2)
    row.refresh_from_db()
    assert row.minutes == 75 and row.ended_at == NOON + dt.timedelta(minutes=75)
    job = Job.objects.get(kind="incidents.relieve")
    assert job.due_at == row.ended_at + dt.timedelta(minutes=30)
    assert [*AuditEvent.objects.filter(subject=row.key).order_by("pk").values_list("action", flat=True)] == [
        "incident.opened",
        "incident.closed",
    ]


@pytest.mark.parametrize("part", ["sign_in", "payment", "texts"])
def test_one_failed_call_counts_once_and_three_open_an_incident(works: Any, frozen_clock: Clock, part: str) -> None:
    checks(frozen_clock, 1)
    works[part] = clock.now() - dt.timedelta(seconds=30)
    checks(frozen_clock, 5)  # all see the same failed call
    assert not Incident.objects.exists() and PartCheck.objects.get(part=part).failures == 1
    for _ in range(2):
        works[part] = clock.now() - dt.timedelta(seconds=30)
        checks(frozen_clock, 1)
    assert Incident.objects.get().started_at == NOON + dt.timedelta(minutes=1)


@pytest.mark.parametrize(("part", "minutes"), [("payment", 60), ("texts", 300), ("documents", 300)])
def test_a_short_one_and_one_that_keeps_nobody_from_acting_move_nothing(works: Any, frozen_clock: Clock, part: str, minutes: int) -> None:
    works[part] = False
    checks(frozen_clock, 3)
    frozen_clock.set(NOON + dt.timedelta(minutes=minutes - 1))
    PartCheck.objects.update(checked_at=clock.now())  # the portal itself went on
    frozen_clock.move(minutes=1)
    works[part] = True
    checks(frozen_clock, 1)
    assert Incident.objects.get().minutes == minutes and relief_jobs() == 0 and not queries.are_held()


def test_a_silence_of_the_checks_is_found_by_the_first_one_after_it(works: Any, frozen_clock: Clock) -> None:
    checks(frozen_clock, 1)
    frozen_clock.move(minutes=4)
    services.check()
    assert not Incident.objects.exists()
    frozen_clock.move(hours=2)
    assert queries.are_held() and queries.status(queries.limits())[0][0].state == "fails"
    services.check()
    row = Incident.objects.get()
    assert (row.part, row.cause, row.minutes, row.ended_at) == ("portal", Cause.GAP, 120, clock.now())
    assert relief_jobs() == 1 and queries.are_held()
    services.check()
    assert Incident.objects.count() == 1


def test_after_a_silence_the_portal_is_out_until_its_backlog_is_done(works: Any, frozen_clock: Clock) -> None:
    checks(frozen_clock, 1)
    frozen_clock.move(hours=2)
    works["portal"] = False
    checks(frozen_clock, 1)
    assert Incident.objects.get().ended_at is None
    works["portal"] = True
    checks(frozen_clock, 1)
    assert Incident.objects.get().minutes == 122


def test_one_open_incident_a_part(db: None) -> None:
    IncidentFactory(ended_at=None, started_at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        IncidentFactory(ended_at=None, started_at=NOON)
    IncidentFactory(ended_at=None, started_at=NOON, part=PortalPart.PAYMENT)


def test_without_an_edition_nothing_is_checked_or_held(db: None) -> None:
    services.check()
    assert not PartCheck.objects.exists() and not queries.are_held()


def test_a_job_that_ends_something_waits_until_deadlines_have_moved(rules: None) -> None:
    services.wait_for_relief()
    row = IncidentFactory()
    with pytest.raises(OnHold):
        services.wait_for_relief()
    Incident.objects.filter(pk=row.pk).update(relieved_at=clock.now())
    services.wait_for_relief()


def test_staff_find_that_there_was_none_once_and_with_a_reason(rules: None) -> None:
    operator = StaffFactory(groups=["operator"], login="operator")
    row = IncidentFactory()
    with pytest.raises(Refused, match="no_reason"):
        services.withhold(incident=row, reason=" short ", by=operator)
    services.withhold(incident=row, reason="A test of the line, announced to nobody", by=operator)
    assert not queries.are_held() and queries.status(None)[1] == []
    with pytest.raises(Refused, match="moved_already"):
        services.withhold(incident=row, reason="A test of the line, once more", by=operator)
    assert AuditEvent.objects.get(action="incident.withheld").commitment


def test_an_open_incident_that_was_none_ends_and_does_not_hide_the_next_one(works: Any, frozen_clock: Clock) -> None:
    works["payment"] = False
    checks(frozen_clock, 3)
    row = Incident.objects.get()
    services.withhold(incident=row, reason="The bank was asked by a test", by=StaffFactory(groups=["operator"], login="operator"))
    row.refresh_from_db()
    assert row.ended_at == row.withheld_at == clock.now() and relief_jobs() == 0
    checks(frozen_clock, 2)
    assert Incident.objects.count() == 1
    checks(frozen_clock, 1)
    assert Incident.objects.get(ended_at=None).started_at == row.ended_at and queries.are_held()


# What the parts tell.


def test_the_portal_works_while_no_urgent_job_waits(rules: None, frozen_clock: Clock) -> None:
    with transaction.atomic():
        enqueue("incidents.check", key="waits")
        enqueue("incidents.relieve", key="bulk", due_at=NOON - dt.timedelta(hours=1), incident_id=1)
    assert signals.portal_works()
    frozen_clock.move(minutes=3)
    assert not signals.portal_works()


def test_sign_in_is_judged_by_the_last_answer_of_mobile_id(db: None, frozen_clock: Clock) -> None:
    def asked(number: int, **values: Any) -> None:
        times = {"created_at": clock.now(), "expires_at": clock.now() + dt.timedelta(minutes=5)}
        SignInRequest.objects.create(request_id=f"r{number}", browser_hash="x", channel="push", **times, **values)

    assert signals.sign_in_works() is None
    asked(1, civil_id_cipher="waits", away_at=clock.now())
    assert signals.sign_in_works() == NOON
    frozen_clock.move(minutes=1)
    asked(2)
    assert signals.sign_in_works() is True
    frozen_clock.move(minutes=20)
    assert signals.sign_in_works() is None


def test_payment_is_judged_by_the_last_inquiry(db: None, frozen_clock: Clock) -> None:
    assert gateway_answers() is None
    for decoded in ({}, {"failure": "timeout"}):
        GatewayMessage.objects.create(
            direction=Direction.IN, kind=BankMessageKind.INQUIRY_RESPONSE, raw="", decoded=decoded, at=clock.now()
        )
    junk = {"direction": Direction.IN, "kind": BankMessageKind.NOTIFICATION, "raw": "x", "at": clock.now()}
    GatewayMessage.objects.bulk_create([GatewayMessage(**junk) for _ in range(30)])
    assert gateway_answers() == NOON
    GatewayMessage.objects.create(
        direction=Direction.IN, kind=BankMessageKind.INQUIRY_RESPONSE, raw="", decoded={"result": "x"}, at=clock.now()
    )
    assert gateway_answers() is True
    frozen_clock.move(minutes=6)
    assert gateway_answers() is None


def test_text_messages_fail_while_one_waits_for_another_try(db: None, frozen_clock: Clock) -> None:
    assert signals.texts_work() is None
    message = Message.objects.create(kind="x", key="x", person=PersonFactory(), title_ar="x", title_en="x", created_at=clock.now())
    row = Delivery.objects.create(message=message, channel=Channel.SMS)
    with transaction.atomic():
        enqueue("notifications.deliver", key=f"delivery:{row.pk}", delivery_id=row.pk)
    Job.objects.update(tries=3, due_at=NOON + dt.timedelta(seconds=20))
    assert signals.texts_work() == NOON
    Delivery.objects.update(sent_at=clock.now())
    assert signals.texts_work() is True


def test_documents_fail_while_their_jobs_are_on_hold(db: None, frozen_clock: Clock) -> None:
    assert signals.documents_work()
    with transaction.atomic():
        enqueue("licensing.issue_renewal", key="x", case_id=1)
    Job.objects.update(state=JobState.ON_HOLD)
    assert not signals.documents_work()

"""The time to settle and to object after an outage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.utils import translation

from municipality.incidents import relief
from municipality.incidents.models import Incident, MovedDeadline, PortalPart
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.ui.templatetags.portal import day
from payments import queries as payments
from payments.models import Attempt, Bill
from payments.services import start_attempt
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import drop_guard
from tests.factories.accounts import StaffFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.payments import AttemptFactory
from violations.models import Instalment, Violation
from violations.services import court, notices, settlements, terms, violation_reports, visitors

pytestmark = pytest.mark.django_db


def test_settling_is_possible_a_working_day_longer_with_a_new_bill(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    before = served.settle_until
    assert before is not None
    frozen_clock.set(clock.start_of(before) + dt.timedelta(hours=12))
    bill = settlements.bill_for(violation=served, person=owner)
    incident = IncidentFactory()
    frozen_clock.move(days=1)
    assert terms.lapse_due() == 0  # held
    relief.relieve(incident.pk)
    served.refresh_from_db()
    assert served.state == "ordered" and served.settle_until is not None and served.settle_until > before
    assert served.block_from is None or served.block_from > served.settle_until
    assert Bill.objects.get(pk=bill.pk).state == "void"
    assert settlements.bill_for(violation=served, person=owner).due_until == served.settle_until
    assert Message.objects.filter(kind="incidents.deadlines_moved", person=owner).count() == 1
    page = signed_in(owner).get(f"/en/violations/{served.public_id}/")
    assert "the last day moved from" in page.content.decode()
    frozen_clock.set(clock.start_of(served.settle_until) + dt.timedelta(days=1, hours=9))
    assert terms.lapse_due() == 1


@pytest.mark.guards
def test_the_last_day_to_object_moves_only_as_an_incident_says(served: Violation, frozen_clock: Clock) -> None:
    before = served.object_until
    assert before is not None
    with pytest.raises(IntegrityError, match="guard:not_moved"), transaction.atomic():
        Violation.objects.filter(pk=served.pk).update(object_until=before + dt.timedelta(days=1))
    frozen_clock.set(clock.start_of(before) - dt.timedelta(days=2))
    relief.relieve(IncidentFactory().pk)
    served.refresh_from_db()
    moved = MovedDeadline.objects.get(kind="violations.objection")
    assert (moved.before, moved.after) == (before, served.object_until)


@pytest.mark.guards
def test_an_instalment_moves_and_its_plan_stands(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    plan = terms.agree_plan(violation=served, person=owner, count=3)
    first, second = plan.instalments.all()[:2]
    bill = settlements.bill_for(violation=served, person=owner, instalment=first)
    frozen_clock.move(days=1)  # the last day of the first part
    incident = IncidentFactory()
    frozen_clock.move(days=1)
    relief.relieve(incident.pk)
    first.refresh_from_db()
    moved = MovedDeadline.objects.get(kind="violations.instalment")
    assert (moved.thing, moved.before, moved.after) == (first.pk, clock.today() - dt.timedelta(days=1), first.due_on)
    assert first.due_on >= clock.today() and terms.void_missed() == 0, "nobody pays for an outage of the portal"
    assert Bill.objects.get(pk=bill.pk).state == "void"
    assert settlements.bill_for(violation=served, person=owner, instalment=first).due_until == first.due_on
    assert Message.objects.filter(kind="incidents.deadlines_moved", person=owner).count() == 1
    day_more = second.due_on + dt.timedelta(days=1)
    for changes in ({"due_on": day_more}, {"fils": 1}):
        with pytest.raises(IntegrityError, match="guard:not_moved"), transaction.atomic():
            Instalment.objects.filter(pk=second.pk).update(**changes)
    drop_guard("violations_instalment_no_update", "violations_instalment")
    Instalment.objects.filter(pk=second.pk).update(due_on=day_more)
    frozen_clock.set(clock.start_of(first.due_on) + dt.timedelta(days=1, hours=9))
    assert terms.void_missed() == 1


def test_what_has_ended_does_not_move(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    settle_until = served.settle_until
    assert settle_until is not None
    frozen_clock.set(clock.start_of(settle_until) + dt.timedelta(days=1, hours=9))
    assert terms.lapse_due() == 1
    relief.relieve(IncidentFactory(minutes=3 * 24 * 60).pk)
    assert not MovedDeadline.objects.filter(kind="violations.settlement").exists()


@pytest.mark.guards
def test_the_last_day_to_correct_moves_only_as_an_incident_says(write: Callable[..., Violation], frozen_clock: Clock) -> None:
    warned = write("SHP-04", quantity_hundredths=350)
    before = warned.correct_until
    assert warned.state == "warned" and before is not None
    day_more = before + dt.timedelta(days=1)
    with pytest.raises(IntegrityError, match="guard:not_moved"), transaction.atomic():
        Violation.objects.filter(pk=warned.pk).update(correct_until=day_more)
    frozen_clock.set(clock.start_of(before) + dt.timedelta(hours=12))
    relief.relieve(IncidentFactory().pk)
    warned.refresh_from_db()
    moved = MovedDeadline.objects.get(kind="violations.correction")
    assert (moved.before, moved.after) == (before, warned.correct_until)
    drop_guard("violations_violation_correct_until_once", "violations_violation")
    Violation.objects.filter(pk=warned.pk).update(correct_until=day_more)


@pytest.fixture
def out(frozen_clock: Clock) -> Callable[[dt.date], Incident]:
    """Signing in fails from the morning of a day on; the clock stands on the day after."""

    def fail(day: dt.date) -> Incident:
        frozen_clock.set(clock.start_of(day) + dt.timedelta(hours=8))
        incident = IncidentFactory(part=PortalPart.SIGN_IN, started_at=clock.now(), ended_at=None)
        frozen_clock.move(days=1)
        return incident

    return fail


def ended(incident: Incident) -> None:
    incident.ended_at = clock.now()
    incident.save(update_fields=["ended_at"])
    relief.relieve(incident.pk)


def test_nothing_is_referred_until_the_time_to_object_has_moved(
    served: Violation, frozen_clock: Clock, out: Callable[[dt.date], Incident]
) -> None:
    clerk = StaffFactory(groups=["court_clerk"], login="court")
    assert served.settle_until is not None and served.object_until is not None
    frozen_clock.set(clock.start_of(served.settle_until + dt.timedelta(days=1)) + dt.timedelta(hours=9))
    terms.lapse_due()
    incident = out(served.object_until)
    with pytest.raises(Refused, match="held"):
        court.refer(clerk=clerk)
    assert "لا إحالة حتى يتم ذلك" in signed_in(clerk).get("/admin/office/referrals/").content.decode()
    ended(incident)
    row = Violation.objects.get(pk=served.pk)
    assert row.object_until is not None and row.object_until > clock.today()
    with pytest.raises(Refused, match="nothing_due"):
        court.refer(clerk=clerk)
    frozen_clock.set(clock.start_of(row.object_until + dt.timedelta(days=1)) + dt.timedelta(hours=9))
    court.refer(clerk=clerk)
    assert Violation.objects.get(pk=served.pk).state == "referred"


def test_no_report_follows_a_warning_until_its_time_has_moved(
    write: Callable[..., Violation], inspector: Any, frozen_clock: Clock, out: Callable[[dt.date], Incident]
) -> None:
    row = write("SHP-05", quantity_hundredths=300)
    assert row.correct_until is not None
    incident = out(row.correct_until)
    with pytest.raises(Refused, match="held"):
        violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    ended(incident)
    with pytest.raises(Refused, match="correction_runs"):
        violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    row.refresh_from_db()
    frozen_clock.set(clock.start_of(row.correct_until + dt.timedelta(days=1)) + dt.timedelta(hours=9))
    violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    assert row.state == "ordered"


def left_unpaid(attempt: Attempt) -> None:
    """The bank's page was left: its payment ends, and the bill stands."""
    attempt.allocations.update(is_open=False)


def assert_taken_until(bill: Bill, until: dt.date, payer: Any, frozen_clock: Clock) -> None:
    """The bill's page and the basket show a last day, on which it is still paid, and not on the day after."""
    frozen_clock.set(clock.start_of(until) + dt.timedelta(hours=12))
    with translation.override("en"):
        assert str(day(until)) in signed_in(payer).get(f"/en/pay/{bill.public_id}/").content.decode()
    (item,) = payments.basket_of(payer)
    assert (item.bill, item.until, item.can_choose) == (bill, until, True)
    left_unpaid(start_attempt(bills=[bill], payer=payer, language="en", session_key="s"))
    frozen_clock.move(days=1)
    (item,) = payments.basket_of(payer)
    assert item.step == "too_late"
    with pytest.raises(Refused, match="too_late"):
        start_attempt(bills=[bill], payer=payer, language="en", session_key="s")


@pytest.mark.parametrize("in_parts", [False, True], ids=["settlement", "instalment"])
def test_a_bill_that_was_at_the_bank_is_taken_until_the_day_that_moved(
    served: Violation, owner: Any, frozen_clock: Clock, in_parts: bool
) -> None:
    before = served.settle_until
    if in_parts:
        before = terms.agree_plan(violation=served, person=owner, count=3).instalments.all()[0].due_on
    assert before is not None
    frozen_clock.set(clock.start_of(before) + dt.timedelta(hours=12))
    bill = settlements.bill_for(violation=served, person=owner)
    attempt = AttemptFactory(bills=[bill])
    incident = IncidentFactory()
    frozen_clock.move(days=1)
    relief.relieve(incident.pk)
    left_unpaid(attempt)
    bill.refresh_from_db()
    moved = MovedDeadline.objects.get(kind="violations.instalment" if in_parts else "violations.settlement")
    assert bill.state == "due" and bill.due_until == before and moved.after > before
    shown = str(admin.site._registry[Bill].until(bill))  # type: ignore[attr-defined]
    assert str(day(moved.after)) in shown and "kp-tag" not in shown, "nor do staff call it late"
    assert_taken_until(bill, moved.after, owner, frozen_clock)


def test_a_bill_that_was_made_before_the_notice_was_opened_is_taken_until_its_last_day(
    write: Callable[..., Violation], owner: Any, frozen_clock: Clock
) -> None:
    row = write("CLN-03")
    attempt = visitors.start_payment(violation=row, fils=100_000, language="ar", session_key="s")
    left_unpaid(attempt)
    bill = attempt.allocations.get().bill
    assert notices.record_opening(violation=row, person=owner) and bill.due_until is None
    assert row.settle_until is not None
    assert_taken_until(bill, row.settle_until, owner, frozen_clock)

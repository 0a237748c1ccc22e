"""A payment that the bank has confirmed while the violation has yet to hear of it: what waits for it, and in which order it is heard."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments.models import Allocation, Bill, RefundDue
from payments.services import owe_back
from payments.services.settlement import hand_over
from tests.bank import Bank
from tests.conftest import Clock
from tests.due_jobs import JOB_KINDS, run_due
from tests.factories.accounts import StaffFactory
from tests.factories.payments import AttemptFactory
from violations import invariants, queries
from violations.models import Plan, Violation
from violations.services import court, dues, objections, relief, settlements, terms

pytestmark = pytest.mark.django_db
WITHOUT_HAND_OVER = tuple(kind for kind in JOB_KINDS if kind != "payments.hand_over")


def fresh(row: Violation) -> Violation:
    return Violation.objects.select_related("shop", "party").get(pk=row.pk)


def settle_unheard(bill: Bill) -> Allocation:
    """Pay a bill at the bank, as far as the portal's own inquiry."""
    Bank.book.decide(AttemptFactory(bills=[bill]))
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due(WITHOUT_HAND_OVER)
    allocation = Allocation.objects.get(bill=bill)
    assert allocation.is_settled and allocation.handed_over_at is None
    return allocation


@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "the last part first"])
def test_the_last_two_parts_complete_the_plan_in_either_order(served: Violation, owner: Any, in_order: bool) -> None:
    terms.agree_plan(violation=served, person=owner, count=2)
    parts = [settle_unheard(settlements.bill_for(violation=served, person=owner)) for _part in range(2)]
    for allocation in parts if in_order else reversed(parts):
        hand_over(allocation_id=allocation.pk)
    assert (fresh(served).state, Plan.objects.get().state, queries.paid_fils(served)) == ("paid", "paid", 100_000)
    assert not RefundDue.objects.exists()
    assert AuditEvent.objects.filter(action="violation.instalment_paid", subject=served.key).count() == 2
    assert list(invariants.findings()) == []


def test_what_was_paid_in_time_neither_lapses_nor_goes_to_the_court(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    allocation = settle_unheard(settlements.bill_for(violation=served, person=owner))
    assert dues.dues(owner) == []
    frozen_clock.move(days=60)
    assert terms.lapse_due() == 0
    with pytest.raises(Refused, match="nothing_due"):
        court.refer(clerk=StaffFactory(groups=["court_clerk"], login="court"))
    hand_over(allocation_id=allocation.pk)
    assert fresh(served).state == "paid" and not RefundDue.objects.exists()


def test_nothing_else_is_begun_while_a_payment_is_unheard(served: Violation, owner: Any) -> None:
    allocation = settle_unheard(settlements.bill_for(violation=served, person=owner))
    with pytest.raises(Refused, match="at_bank"):
        objections.file(violation=served, person=owner, ground="facts_wrong", words="لم تكن الأكياس للمحل")
    with pytest.raises(Refused, match="at_bank"):
        terms.extend(violation=served, person=owner)
    with pytest.raises(Refused, match="at_bank"):
        terms.agree_plan(violation=served, person=owner, count=2)
    clerk, head = (StaffFactory(groups=[group], login=group, branch=served.branch) for group in (relief.ASKS, relief.ALLOWS))
    asked = relief.ask_relief(violation=served, code="hardship", note_ar="x", percent=0, asked_by=clerk)
    with pytest.raises(Refused, match="payment_open"):
        relief.allow_relief(relief=asked, allowed_by=head)
    hand_over(allocation_id=allocation.pk)
    assert fresh(served).state == "paid" and not RefundDue.objects.exists()


def test_a_plan_does_not_fall_over_a_part_that_is_paid_and_unheard(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    terms.agree_plan(violation=served, person=owner, count=3)
    allocation = settle_unheard(settlements.bill_for(violation=served, person=owner))
    frozen_clock.move(days=31)
    assert terms.void_missed() == 0
    hand_over(allocation_id=allocation.pk)
    assert terms.void_missed() == 1 and not RefundDue.objects.exists()


def test_what_is_owed_back_before_the_violation_heard_of_it_is_not_waited_for(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    allocation = settle_unheard(settlements.bill_for(violation=served, person=owner))
    owe_back(bill=allocation.bill, reason="test", actor=system("test"))
    frozen_clock.move(days=60)
    assert terms.lapse_due() == 1


def test_what_was_paid_of_the_sum_of_the_court_does_not_go_back(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    terms.agree_plan(violation=served, person=owner, count=2)
    hand_over(allocation_id=settle_unheard(settlements.bill_for(violation=served, person=owner)).pk)
    frozen_clock.move(days=31)
    terms.void_missed()
    frozen_clock.move(days=15)
    terms.lapse_due()
    one, two = (StaffFactory(groups=["court_clerk"], login=login) for login in ("one", "two"))
    court.refer(clerk=one)
    facts: dict[str, Any] = {"ruling_no": "12/2027", "ruled_on": clock.today(), "fils": 30_000}
    ruling = court.enter_judgment(violation=fresh(served), **facts, clerk=one)
    court.confirm_judgment(judgment=ruling, **facts, clerk=two)
    settle_unheard(settlements.bill_for(violation=fresh(served), person=owner))
    assert (fresh(served).state, settlements.given_back(fresh(served))) == ("judged", "50.000")

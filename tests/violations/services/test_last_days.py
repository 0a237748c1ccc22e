"""Last days that pass while a payment is taken for paid, or is under review: the party loses neither settlement nor objection by them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments import services as payments
from payments.models import Attempt, Bill, RefundDue
from payments.services import inquiries
from tests.bank import Bank
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.factories.payments import AttemptFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import decide, pay
from violations import invariants, queries, tasks
from violations.models import Instalment, Violation
from violations.services import notices, settlements, terms

pytestmark = pytest.mark.django_db
KEPT = 14  # days, of the rulebook


def fresh(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


@pytest.fixture
def served(write: Callable[..., Violation], owner: Any) -> Violation:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    return fresh(row)


def take_back() -> None:
    """The bank reverses the newest payment, and the violation hears of it."""
    attempt = Attempt.objects.order_by("-pk")[0]
    payments.void_attempt(attempt=attempt, inquiry=attempt.inquiries.order_by("-pk")[0])
    assert run_due(("payments.tell_void",)) == 1


def test_a_settlement_taken_back_after_its_last_day_is_open_for_the_kept_days(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    assert served.settle_until is not None
    frozen_clock.set(clock.start_of(served.settle_until) + dt.timedelta(hours=23, minutes=50))
    assert pay(served, owner).state == "paid"
    frozen_clock.set(clock.start_of(served.settle_until) + dt.timedelta(days=1, minutes=20))
    take_back()
    tasks.sweep()
    row, until = fresh(served), clock.today() + dt.timedelta(days=KEPT)
    assert (row.state, row.settle_until) == ("ordered", until)
    assert row.block_from is not None and row.block_from > until
    message = Message.objects.get(kind="violations.payment_taken_back")
    assert "It is open again" in message.body_en and f"The last day to pay is {until.day} " in message.body_en
    assert pay(row, owner).state == "paid" and list(invariants.findings()) == []


def test_a_settlement_taken_back_in_time_keeps_its_later_day(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    until = terms.extend(violation=served, person=owner)
    pay(fresh(served), owner)
    take_back()
    assert fresh(served).settle_until == until
    assert pay(fresh(served), owner).state == "paid"


def test_a_payment_taken_back_before_the_violation_heard_of_it_keeps_the_day_too(
    served: Violation, owner: Any, frozen_clock: Clock
) -> None:
    assert served.settle_until is not None
    Bank.book.decide(AttemptFactory(bills=[settlements.bill_for(violation=served, person=owner)]))
    inquiries.inquire(attempt_id=Attempt.objects.get().pk)
    frozen_clock.set(clock.start_of(served.settle_until) + dt.timedelta(days=2))
    take_back()
    assert fresh(served).settle_until == clock.today() + dt.timedelta(days=KEPT)


def test_a_part_taken_back_after_its_last_day_does_not_cost_the_plan(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    plan = terms.agree_plan(violation=served, person=owner, count=2)
    first, _second = plan.instalments.all()
    pay(fresh(served), owner)
    frozen_clock.set(clock.start_of(first.due_on) + dt.timedelta(days=1, minutes=20))
    take_back()
    tasks.sweep()
    assert fresh(served).state == "instalments"
    assert plan.instalments.get(number=1).due_on == clock.today() + dt.timedelta(days=KEPT)
    pay(fresh(served), owner)
    assert pay(fresh(served), owner).state == "paid" and list(invariants.findings()) == []


def test_no_other_last_day_of_a_part_moves(served: Violation, owner: Any) -> None:
    plan = terms.agree_plan(violation=served, person=owner, count=3)
    pay(fresh(served), owner)
    pay(fresh(served), owner)
    take_back()
    first, second, third = plan.instalments.order_by("number")
    for part, days in ((first, 1), (second, -1), (third, -1)):
        with pytest.raises(Exception, match="not_moved"), transaction.atomic():
            Instalment.objects.filter(pk=part.pk).update(due_on=part.due_on + dt.timedelta(days=days))
    Instalment.objects.filter(pk=third.pk).update(due_on=third.due_on + dt.timedelta(days=1))  # it could not be paid before the second


def test_a_plan_that_is_agreed_at_night_does_not_fall_at_midnight(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    frozen_clock.set(clock.start_of(clock.today()) + dt.timedelta(hours=23, minutes=55))
    plan = terms.agree_plan(violation=served, person=owner, count=2)
    frozen_clock.move(minutes=10)
    tasks.sweep()
    assert fresh(served).state == "instalments"
    assert plan.instalments.get(number=1).due_on == clock.today()
    frozen_clock.move(days=1)
    tasks.sweep()
    assert fresh(served).state == "ordered"


def test_each_payment_of_the_same_bill_is_told(signed_by_two: Violation, owner: Any, stranger: Any) -> None:
    bill = settlements.bill_for(violation=fresh(signed_by_two), person=owner)
    for turn in (1, 2):
        assert pay(fresh(signed_by_two), owner).state == "paid"
        assert Message.objects.filter(kind="violations.settled", person=stranger).count() == turn
        take_back()
        bill.refresh_from_db()


def doubted_part(row: Violation, owner: Any) -> Attempt:
    """The bank says SUSPECT about the payment of the next part."""
    attempt: Attempt = AttemptFactory(bills=[settlements.bill_for(violation=row, person=owner)])
    Bank.book.decide(attempt, "FAILURE(SUSPECT)")
    inquiries.inquire(attempt_id=attempt.pk)
    return attempt


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_review_of_a_part_costs_the_next_one_nothing(served: Violation, owner: Any, frozen_clock: Clock, is_taken: bool) -> None:
    plan = terms.agree_plan(violation=served, person=owner, count=3)
    attempt = doubted_part(fresh(served), owner)
    second = plan.instalments.get(number=2)
    frozen_clock.set(clock.start_of(second.due_on) + dt.timedelta(days=-5 if not is_taken else 2))
    tasks.sweep()
    if is_taken:
        Bank.book.decide(attempt)
        inquiries.inquire(attempt_id=attempt.pk)
        run_due()
        assert plan.instalments.get(number=2).due_on == clock.today() + dt.timedelta(days=KEPT)
    else:
        end_unpaid(Attempt.objects.get(pk=attempt.pk))
        frozen_clock.move(days=10)
        pay(fresh(served), owner)
    tasks.sweep()
    assert fresh(served).state == "instalments"
    pay(fresh(served), owner)
    assert pay(fresh(served), owner).state == "paid" and list(invariants.findings()) == []


@pytest.fixture
def in_review(served: Violation, owner: Any) -> Attempt:
    """The bank says SUSPECT about the payment of the settlement."""
    attempt: Attempt = AttemptFactory(bills=[settlements.bill_for(violation=served, person=owner)])
    Bank.book.decide(attempt, "FAILURE(SUSPECT)")
    inquiries.inquire(attempt_id=attempt.pk)
    attempt.refresh_from_db()
    assert attempt.state == "mismatch"
    return attempt


def end_unpaid(attempt: Attempt) -> None:
    cashier, checker = (StaffFactory(groups=[group], login=group) for group in ("cashier", "finance_checker"))
    finding = payments.record_finding(
        attempt=attempt, found_by=cashier, is_taken=False, fils=None, bank_reference="KB-77", proof="لم يخصم البنك شيئاً"
    )
    payments.decide_finding(finding=finding, decided_by=checker, agrees=True)


def test_what_is_under_review_lets_an_objection_pass_and_what_was_taken_goes_back(
    served: Violation, owner: Any, decider: Callable[..., Any], in_review: Attempt
) -> None:
    with pytest.raises(Refused, match="at_bank"):
        terms.extend(violation=served, person=owner)
    objection = ObjectionFactory(violation=fresh(served), person=owner)
    assert (fresh(served).state, Bill.objects.get().state) == ("objected", "void")
    Bank.book.decide(in_review)
    inquiries.inquire(attempt_id=in_review.pk)
    in_review.refresh_from_db()
    assert (in_review.state, RefundDue.objects.get().fils) == ("refund_due", in_review.fils)
    decide(objection, decider, uphold=True)
    assert fresh(served).state == "annulled" and list(invariants.findings()) == []


def test_a_payment_on_its_way_still_holds_an_objection(served: Violation, owner: Any) -> None:
    AttemptFactory(bills=[settlements.bill_for(violation=served, person=owner)])
    with pytest.raises(Refused, match="at_bank"):
        ObjectionFactory(violation=fresh(served), person=owner)


def test_a_review_that_ends_after_the_last_day_keeps_the_settlement_open(
    served: Violation, owner: Any, in_review: Attempt, frozen_clock: Clock
) -> None:
    frozen_clock.move(days=40)
    tasks.sweep()
    assert fresh(served).state == "ordered"
    end_unpaid(in_review)
    tasks.sweep()
    row = fresh(served)
    assert (row.state, row.settle_until) == ("ordered", clock.today() + dt.timedelta(days=KEPT))
    run_due(("payments.tell_not_taken",))
    assert Message.objects.filter(kind="payments.payment_not_taken", person=owner).exists()
    assert pay(row, owner).state == "paid" and queries.is_at_bank(row) is False and list(invariants.findings()) == []


def test_a_late_capture_of_what_an_objection_voided_keeps_the_settlement_open(
    served: Violation, owner: Any, decider: Callable[..., Any], in_review: Attempt, frozen_clock: Clock
) -> None:
    decide(ObjectionFactory(violation=fresh(served), person=owner), decider, uphold=False)
    assert (fresh(served).state, queries.is_at_bank(served)) == ("ordered", True)
    frozen_clock.move(days=60)
    tasks.sweep()
    Bank.book.decide(in_review)
    inquiries.inquire(attempt_id=in_review.pk)
    tasks.sweep()
    row = fresh(served)
    assert (row.state, row.settle_until) == ("ordered", clock.today() + dt.timedelta(days=KEPT))
    assert RefundDue.objects.get().fils == in_review.fils
    assert pay(row, owner).state == "paid" and list(invariants.findings()) == []

"""The bank takes a paid part back after its plan fell: what was credited for it is owed again, in the sum that is open now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.notifications.models import Message
from payments.models import Attempt, Bill, Inquiry
from payments.services.settlement import void_attempt
from tests.bank import Bank
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.factories.payments import AttemptFactory
from tests.violations.conftest import pay
from violations import invariants, queries
from violations.models import Violation
from violations.services import notices, reversals, settlements, terms
from violations.states import PlanState

pytestmark = pytest.mark.django_db


def fresh(row: Violation) -> Violation:
    return Violation.objects.select_related("shop", "party").get(pk=row.pk)


def owed(row: Violation) -> int:
    order = queries.order_of(row)
    assert order is not None
    return order.fils


@pytest.fixture
def fallen(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> Violation:
    """The first of two parts is paid, the second was missed: the rest, KD 50, is due."""
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    terms.agree_plan(violation=fresh(row), person=owner, count=2)
    pay(fresh(row), owner)
    frozen_clock.move(days=31)
    terms.void_missed()
    assert (fresh(row).state, fresh(row).plan.state, owed(row)) == ("ordered", PlanState.VOID, 50_000)
    return fresh(row)


def take_back(row: Violation, kind: str = "instalment") -> Bill:
    """The bank reverses the payment of a bill, and the violation hears of it."""
    bill = Bill.objects.get(pk=row.charges.filter(kind=kind).order_by("pk")[0].bill_id)
    attempt = Attempt.objects.get(allocations__bill=bill, allocations__is_settled=True)
    void_attempt(attempt=attempt, inquiry=Inquiry.objects.filter(attempt=attempt).order_by("-pk")[0])
    run_due(("payments.tell_void",))
    return Bill.objects.get(pk=bill.pk)


def test_the_part_is_owed_again_with_the_rest(fallen: Violation, owner: Any) -> None:
    stale = settlements.bill_for(violation=fallen, person=owner)
    assert stale.total_fils == 50_000
    part = take_back(fallen)
    row = fresh(fallen)
    stale.refresh_from_db()
    assert (row.state, owed(row), part.state, stale.state) == ("ordered", 100_000, "void", "void")
    assert row.settle_until == clock.today() + dt.timedelta(days=14)
    bill = settlements.bill_for(violation=row, person=owner)
    assert (bill.total_fils, bill.due_until) == (100_000, row.settle_until)
    assert Message.objects.filter(person=owner, kind="violations.payment_taken_back").count() == 1
    assert pay(row, owner).state == "paid" and queries.paid_fils(row) == 100_000
    assert list(invariants.findings()) == []


def test_page_bill_and_message_say_one_sum(fallen: Violation, owner: Any) -> None:
    take_back(fallen)
    row = fresh(fallen)
    message = Message.objects.get(person=owner, kind="violations.payment_taken_back")
    page = signed_in(owner).get(f"/en/violations/{row.public_id}/").content.decode()
    assert "To pay now: 100.000 dinars." in message.body_en and "100.000 د.ك" in message.body_ar
    assert "100.000" in page and settlements.bill_for(violation=row, person=owner).total_fils == 100_000


def test_of_what_goes_to_the_court_the_message_names_no_way_to_pay(fallen: Violation, owner: Any, frozen_clock: Clock) -> None:
    frozen_clock.move(days=15)
    terms.lapse_due()
    take_back(fallen)
    message = Message.objects.get(person=owner, kind="violations.payment_taken_back")
    assert fresh(fallen).state == "overdue" and settlements.payable(fresh(fallen)) is None
    assert "It cannot be paid now; its page says why." in message.body_en and "how to pay" not in message.body_en
    assert "The court decides" in signed_in(owner).get(f"/en/violations/{fallen.public_id}/").content.decode()


def test_after_the_rest_was_paid_the_part_alone_is_open(fallen: Violation, owner: Any, frozen_clock: Clock) -> None:
    assert pay(fallen, owner).state == "paid"
    frozen_clock.move(days=40)
    take_back(fallen)
    row = fresh(fallen)
    assert (row.state, owed(row), row.settle_until) == ("ordered", 50_000, clock.today() + dt.timedelta(days=14))
    assert list(invariants.findings()) == []
    assert pay(row, owner).state == "paid" and queries.paid_fils(row) == 100_000


def test_both_taken_back_are_both_owed(fallen: Violation, owner: Any) -> None:
    assert pay(fallen, owner).state == "paid"
    take_back(fallen)
    rest = take_back(fallen, kind="settlement")
    row = fresh(fallen)
    assert (row.state, owed(row), rest.state) == ("ordered", 100_000, "void")
    assert pay(row, owner).state == "paid" and queries.paid_fils(row) == 100_000
    assert list(invariants.findings()) == []


def test_an_overdue_sum_grows_by_the_part(fallen: Violation, frozen_clock: Clock) -> None:
    frozen_clock.move(days=15)
    assert terms.lapse_due() == 1
    take_back(fallen)
    row = fresh(fallen)
    assert (row.state, owed(row), queries.paid_fils(row)) == ("overdue", 100_000, 0), "the court is told of the whole sum"


def test_a_payment_of_the_rest_that_is_at_the_bank_is_waited_for(fallen: Violation, owner: Any) -> None:
    bill = settlements.bill_for(violation=fallen, person=owner)
    attempt = AttemptFactory(bills=[bill])
    take_back(fallen)
    job = Job.objects.get(kind="payments.tell_void")
    assert (owed(fallen), job.state, job.tries) == (50_000, "on_hold", 0)
    Bank.book.decide(attempt)
    for minutes in (3, 30):
        with clock.at(clock.now() + dt.timedelta(minutes=minutes)):
            run_due()
    row = fresh(fallen)
    assert (row.state, owed(row)) == ("ordered", 50_000), "the rest was paid, the part is owed"
    assert queries.paid_fils(row) == 50_000


def test_heard_of_twice_it_is_added_once(fallen: Violation) -> None:
    part = take_back(fallen)
    reversals.voided(part.pk)
    assert owed(fallen) == 100_000


def test_red_control_without_a_new_order_the_part_is_lost(fallen: Violation, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reversals, "_owe_again", lambda *_arguments: None)
    take_back(fallen)
    assert pay(fresh(fallen), owner).state == "paid" and queries.paid_fils(fallen) == 50_000

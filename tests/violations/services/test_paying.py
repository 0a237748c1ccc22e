"""From proved service to payment: periods, bills, extension, instalments, blocks, and what the bank takes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from licensing.health.states import RENEWAL
from municipality.cases import queries as cases
from municipality.kernel import clock, guards
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.notifications.models import Delivery, Message
from payments.models import Bill, RefundDue
from payments.services import redirect_url, start_attempt
from payments.services import settle as confirm
from payments.services.inquiries import ask
from shops.models import Shop
from tests.bank import Bank
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.factories.payments import AttemptFactory
from tests.violations.conftest import pay, settle
from violations import invariants, panels, queries
from violations.models import Charge, Plan, Service, SettlementOrder, Signed, Violation
from violations.services import blocks, court, dues, notices, reversals, settlements, terms

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 24)


def fresh(row: Violation) -> Violation:
    return Violation.objects.select_related("shop", "party").get(pk=row.pk)


# --- Service ----------------------------------------------------------------------------------------------------------------


def test_no_period_runs_before_the_notice_was_opened(
    write: Callable[..., Violation], owner: Any, stranger: Any, frozen_clock: Clock
) -> None:
    row = write("CLN-03")
    assert (row.settle_until, row.object_until, row.block_from) == (None, None, None)
    frozen_clock.move(days=40)
    assert terms.lapse_due() == 0
    assert not notices.record_opening(violation=row, person=stranger)
    assert notices.record_opening(violation=row, person=owner)
    today = clock.today()
    assert (row.settle_until, row.object_until) == (today + dt.timedelta(days=14), today + dt.timedelta(days=30))
    assert not notices.record_opening(violation=row, person=owner)  # once


def test_a_signature_on_the_spot_serves_at_once(write: Callable[..., Violation]) -> None:
    row = write("CLN-03", signed=Signed.SIGNED)
    assert Service.objects.get(violation=row).ground == "signed"
    assert row.settle_until == DAY + dt.timedelta(days=14)


def sent(row: Violation, channel: str, state: str = "sent") -> None:
    Delivery.objects.filter(message__subject_key=row.key, channel=channel).update(
        state=state, sent_at=clock.now() if state == "sent" else None
    )


def test_two_channels_serve_after_seven_days_and_a_bounce_does_not(write: Callable[..., Violation], frozen_clock: Clock) -> None:
    row = write("CLN-03")
    sent(row, "email")
    sent(row, "sms", "failed")
    frozen_clock.move(days=30)
    assert notices.sweep() == 0
    sent(row, "sms")
    assert notices.sweep() == 0
    frozen_clock.move(days=7)
    assert notices.sweep() == 1
    assert Service.objects.get(violation=row).ground == "two_channels"


# --- Settlement -------------------------------------------------------------------------------------------------------------


def test_a_settlement_is_paid_once_and_ends_it(served: Violation, owner: Any) -> None:
    row = pay(served, owner)
    assert row.state == "paid"
    bill = Bill.objects.get(pk=Charge.objects.get(violation=row).bill_id)
    assert (bill.total_fils, bill.lines.get().revenue_account) == (100_000, "CLEAN-SETTLEMENTS")
    assert not Message.objects.filter(kind="violations.settled").exists(), "the payment confirms it to the payer"
    assert list(invariants.findings()) == []
    with pytest.raises(Refused, match="nothing_payable"):
        settlements.bill_for(violation=row, person=owner)


def test_no_second_bill_is_issued_while_a_payment_is_on_its_way_to_the_violation(served: Violation, owner: Any) -> None:
    bill = settlements.bill_for(violation=served, person=owner)
    attempt = AttemptFactory(bills=[bill])
    Bank.book.decide(attempt)
    inquiry = ask(attempt)
    assert inquiry is not None
    confirm(attempt=attempt, inquiry=inquiry)  # the job that tells the violation has not run yet
    with pytest.raises(Refused, match="paid"):
        settlements.bill_for(violation=served, person=owner)
    assert fresh(served).state == "ordered" and Charge.objects.filter(violation=served).count() == 1


def test_the_bill_is_handed_out_again_and_never_to_a_stranger(served: Violation, owner: Any, stranger: Any) -> None:
    first = settlements.bill_for(violation=served, person=owner)
    assert settlements.bill_for(violation=served, person=owner) == first
    with pytest.raises(NotPermitted, match="not_yours"):
        settlements.bill_for(violation=served, person=stranger)


def test_a_settlement_ends_with_its_last_day(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    bill = settlements.bill_for(violation=served, person=owner)
    frozen_clock.move(days=14)
    assert terms.lapse_due() == 0
    frozen_clock.move(days=1)
    assert terms.lapse_due() == 1
    assert (fresh(served).state, Bill.objects.get(pk=bill.pk).state) == ("overdue", "void")
    with pytest.raises(Refused, match="nothing_payable"):
        settlements.bill_for(violation=served, person=owner)


def test_a_settlement_that_cannot_be_ended_holds_no_other_up(
    served: Violation,
    write: Callable[..., Violation],
    make_shop: Callable[..., Shop],
    owner: Any,
    frozen_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = write("CLN-03", shop=make_shop())
    assert notices.record_opening(violation=other, person=owner)
    frozen_clock.move(days=15)
    cancel = settlements.cancel_bills

    def fails_for_one(row: Violation, **given: Any) -> None:
        if row.pk == served.pk:
            raise ZeroDivisionError
        cancel(row, **given)

    monkeypatch.setattr(settlements, "cancel_bills", fails_for_one)
    assert terms.lapse_due() == 1
    assert (fresh(served).state, fresh(other).state) == ("ordered", "overdue")


def test_a_payment_begun_in_time_counts_although_the_bank_answers_late(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    bill = settlements.bill_for(violation=served, person=owner)
    frozen_clock.move(days=14, hours=11)  # 23:00 of the last day
    attempt = start_attempt(bills=[bill], payer=owner, language="en", session_key="session-1")
    redirect_url(attempt)
    Bank.book.decide(attempt)
    frozen_clock.move(hours=2)
    assert terms.lapse_due() == 0  # it is at the bank
    run_due()
    assert fresh(served).state == "paid"


@pytest.mark.guards
def test_after_the_referral_the_settlement_cannot_be_charged_by_any_door(served: Violation, owner: Any) -> None:
    order = SettlementOrder.objects.get(violation=served)
    bill = settlements.bill_for(violation=served, person=owner)
    values = {"violation": served, "kind": "settlement", "order": order, "made_at": clock.now()}
    connection.check_constraints()
    guards.remove(connection)
    Violation.objects.filter(pk=served.pk).update(state="referred")
    connection.check_constraints()  # what is deferred must not wait while triggers are made
    guards.install(connection)
    with pytest.raises(IntegrityError), transaction.atomic():
        Charge.objects.create(bill=_copy_of(bill), **values)
    connection.check_constraints()
    guards.remove(connection)
    Charge.objects.create(bill=_copy_of(bill), **values)  # without the guard the harm happens
    connection.check_constraints()  # what is deferred must not wait while triggers are made
    guards.install(connection)


def _copy_of(bill: Bill) -> Bill:
    from payments.services import issue_bill
    from tests.factories.payments import bill_line

    return issue_bill(
        kind=bill.kind,
        subject=bill.subject,
        payer=bill.payer,
        title_ar="صلح",
        title_en="Settlement",
        lines=[bill_line(bill.total_fils)],
        actor=settlements.ME,
    )


@pytest.mark.guards
def test_a_charge_is_always_the_computed_sum(served: Violation, owner: Any) -> None:
    from payments.services import issue_bill
    from tests.factories.payments import bill_line

    cheap = issue_bill(
        kind=settlements.BILL, subject=served.key, payer=owner, title_ar="صلح", title_en="S", lines=[bill_line(1_000)], actor=settlements.ME
    )
    order = SettlementOrder.objects.get(violation=served)
    with pytest.raises(IntegrityError, match="charge_is_another_sum"), transaction.atomic():
        Charge.objects.create(violation=served, bill=cheap, kind="settlement", order=order, made_at=clock.now())


@pytest.mark.guards
def test_nothing_is_paid_without_a_paid_bill(served: Violation) -> None:

    with pytest.raises(IntegrityError, match="paid_without_ground"), transaction.atomic():
        transition(served, "settle", actor=settlements.ME)


def test_what_the_bank_takes_back_is_open_again(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    pay(served, owner)
    charge = Charge.objects.get(violation=served)
    reversals.voided(charge.bill_id)
    row = fresh(served)
    assert row.state == "ordered"
    assert Message.objects.filter(person=owner, kind="violations.payment_taken_back").exists()


def test_a_sum_that_is_not_owed_any_more_is_given_back(served: Violation, owner: Any) -> None:
    bill = settlements.bill_for(violation=served, person=owner)
    attempt = start_attempt(bills=[bill], payer=owner, language="en", session_key="session-1")
    redirect_url(attempt)
    Bank.book.decide(attempt)
    connection.check_constraints()
    guards.remove(connection)
    Violation.objects.filter(pk=served.pk).update(state="annulled")
    connection.check_constraints()  # what is deferred must not wait while triggers are made
    guards.install(connection)
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()
    refund = RefundDue.objects.get()
    assert (refund.reason, refund.fils, refund.payer) == ("not_owed", 100_000, owner)


# --- Time and parts -----------------------------------------------------------------------------------------------------------


def test_more_time_is_given_once(served: Violation, owner: Any) -> None:
    settlements.bill_for(violation=served, person=owner)
    assert terms.extend(violation=served, person=owner) == DAY + dt.timedelta(days=44)
    with pytest.raises(Refused, match="extended_once"):
        terms.extend(violation=served, person=owner)
    assert settlements.bill_for(violation=served, person=owner).due_until == DAY + dt.timedelta(days=44)


def test_a_plan_is_paid_part_by_part(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    plan = terms.agree_plan(violation=served, person=owner, count=3)
    assert [(part.fils, part.due_on) for part in plan.instalments.all()] == [
        (33_334, DAY + dt.timedelta(days=1)),
        (33_333, DAY + dt.timedelta(days=30)),
        (33_333, DAY + dt.timedelta(days=60)),
    ]
    for turn in range(3):
        assert fresh(served).state == "instalments"
        assert terms.void_missed() == 0
        (line,) = panels.my_shops(owner, [served.shop])[served.shop.key]  # type: ignore[list-item,union-attr]
        assert line.is_due and line.deadline == DAY + dt.timedelta(days=30 * turn or 1), "that of the first unpaid one"
        settle(settlements.bill_for(violation=served, person=owner))
        frozen_clock.move(days=20 if turn < 2 else 0)
    assert (fresh(served).state, Plan.objects.get().state, queries.paid_fils(served)) == ("paid", "paid", 100_000)
    assert list(invariants.findings()) == []


def test_one_missed_part_voids_the_plan_and_the_rest_is_due(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    terms.agree_plan(violation=served, person=owner, count=6)
    settle(settlements.bill_for(violation=served, person=owner))
    frozen_clock.move(days=31)
    assert terms.void_missed() == 1
    row = fresh(served)
    assert (row.state, Plan.objects.get().state) == ("ordered", "void")
    assert queries.order_of(row).fils == 100_000 - 16_667  # type: ignore[union-attr]
    assert row.settle_until == clock.today() + dt.timedelta(days=14)
    with pytest.raises(Refused, match="planned_once"):
        terms.agree_plan(violation=row, person=owner, count=2)
    assert pay(row, owner).state == "paid"
    assert queries.paid_fils(row) == 100_000


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_only_the_offered_numbers_of_parts_are_taken(served: Violation, owner: Any, count: int) -> None:
    with pytest.raises(Refused, match="bad_count"):
        terms.agree_plan(violation=served, person=owner, count=count)


# --- What it stops ---------------------------------------------------------------------------------------------------------------


def test_an_unpaid_violation_stops_the_renewal_and_payment_of_the_court_amount_frees_it(
    served: Violation, owner: Any, shop: Shop, frozen_clock: Clock
) -> None:
    frozen_clock.move(days=20)
    terms.lapse_due()
    assert blocks.place_due() == 0  # not before thirty days from service
    frozen_clock.move(days=11)
    assert blocks.place_due() == 1
    assert blocks.place_due() == 0  # once
    (stop,) = cases.active_blocks(shop.key, RENEWAL)
    assert stop.ground == "unpaid_violation" and "Paying it" not in stop.sentence_en, "nothing can be paid before the court has set a sum"
    assert Message.objects.filter(person=owner, kind="violations.services_stopped").count() == 1
    with pytest.raises(IntegrityError, match="stop_without_ground"), transaction.atomic():
        blocks.lift(fresh(served), reason="test")
    clerk, second = (StaffFactory(groups=["court_clerk"], login=login) for login in ("court", "court2"))
    court.refer(clerk=clerk)
    ruling = court.enter_judgment(violation=served, ruling_no="7/2026", ruled_on=clock.today(), fils=150_000, clerk=clerk)
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=second, ruling_no="7/2026", fils=150_000)
    assert cases.active_blocks(shop.key, RENEWAL)
    assert pay(served, owner).state == "paid"
    assert cases.active_blocks(shop.key, RENEWAL) == []
    with translation.override("en"):
        said = dues.outcome(Charge.objects.get(violation=served, kind="court").bill)
        assert said is not None and "amount set by the court is paid" in str(said.title) and "go to court" not in str(said.text)


def test_an_open_settlement_or_plan_stops_nothing(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    terms.agree_plan(violation=served, person=owner, count=6)
    settle(settlements.bill_for(violation=served, person=owner))
    frozen_clock.move(days=30)
    settle(settlements.bill_for(violation=served, person=owner))
    frozen_clock.move(days=5)
    assert blocks.place_due() == 0


def test_an_order_above_the_maximum_of_the_court_is_found(served: Violation) -> None:
    order = queries.order_of(served)
    assert order is not None and order.fils <= served.rule.band_max_fils  # type: ignore[operator]
    assert list(invariants.findings()) == []
    order.pk, order.version, order.fils = None, order.version + 1, 300_001
    order.save(force_insert=True)
    assert any("more than the court could impose" in finding for finding in invariants.findings())

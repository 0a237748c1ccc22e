"""Violations in the basket: what is owed without a bill, three of them and a licence in one payment, each with its receipt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.templatetags.portal import day
from payments import queries as payments
from payments.models import Attempt, Bill, Receipt
from payments.registry import PAYABLES, Payable
from payments.services import redirect_url
from payments.services.basket import pay_basket
from tests.bank import Bank
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.factories.payments import BillFactory
from violations import invariants
from violations.models import Violation
from violations.services import court, dues, notices, settlements, terms

pytestmark = pytest.mark.django_db
OTHER = "tests.licence"


@pytest.fixture
def licence(owner: Any) -> Bill:
    """A bill of another service."""
    if OTHER not in PAYABLES:
        PAYABLES.register(OTHER, Payable(lambda _bill: None, lambda _bill: None))
    return BillFactory(kind=OTHER, subject="shop:x", payer=owner)


@pytest.fixture
def judged(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> Violation:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    frozen_clock.move(days=31)
    terms.lapse_due()
    first, second = (StaffFactory(groups=["court_clerk"], login=f"court{turn}") for turn in (1, 2))
    court.refer(clerk=first)
    ruling = court.enter_judgment(violation=row, ruling_no="7", ruled_on=clock.today(), fils=150_000, clerk=first)
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=second, ruling_no="7", fils=150_000)
    return row


def values(person: Any) -> list[str]:
    return [item.value for item in payments.basket_of(person) if item.can_choose]


def test_three_violations_and_a_licence_are_one_payment_with_a_receipt_each(
    judged: Violation, write: Callable[..., Violation], make_shop: Callable[..., Any], licence: Bill, owner: Any, stranger: Any
) -> None:
    settled, parts = write("CLN-01"), write("CLN-03", shop=make_shop())
    notices.record_opening(violation=parts, person=owner)
    terms.agree_plan(violation=parts, person=owner, count=2)
    assert values(stranger) == []
    items = payments.basket_of(owner)
    assert [item.bill for item in items] == [licence, None, None, None]
    assert Bill.objects.count() == 1, "looking makes no bill"
    attempt = pay_basket(payer=owner, chosen=values(owner), language="ar", session_key="s")
    assert attempt.allocations.count() == 4
    redirect_url(attempt)
    assert values(owner) == [], "what is at the bank is not offered a second time"
    Bank.book.decide(attempt)
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()
    assert Attempt.objects.count() == 1
    states = {row.pk: row.state for row in Violation.objects.all()}
    assert states == {judged.pk: "paid", settled.pk: "paid", parts.pk: "instalments"}
    assert Receipt.objects.count() == 4
    assert list(invariants.findings()) == []


def test_a_bill_that_stands_is_not_offered_twice(write: Callable[..., Violation], owner: Any) -> None:
    row = write("CLN-01")
    bill = settlements.bill_for(violation=row, person=owner)
    assert values(owner) == [f"bill:{bill.public_id}:{bill.total_fils}"]


def test_what_is_owed_no_more_or_costs_something_else_is_told_and_nothing_is_taken(
    write: Callable[..., Violation], owner: Any, stranger: Any, frozen_clock: Clock
) -> None:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    (value,) = values(owner)
    with pytest.raises(Refused, match="price_changed"):
        pay_basket(payer=owner, chosen=[f"{value.rpartition(':')[0]}:1"], language="ar", session_key="s")
    with pytest.raises(Refused, match="not_in_basket"):
        pay_basket(payer=stranger, chosen=[value], language="ar", session_key="s")
    frozen_clock.move(days=15)
    assert values(owner) == [], "its last day has passed, before any sweep"
    with pytest.raises(Refused, match="not_in_basket"):
        pay_basket(payer=owner, chosen=[value], language="ar", session_key="s")
    assert not Attempt.objects.exists() and not Bill.objects.exists()


def test_a_hundred_violations_ask_no_more_than_one(
    write: Callable[..., Violation], owner: Any, make_shop: Any, django_assert_max_num_queries: Any
) -> None:
    write("CLN-01", shop=make_shop())
    with CaptureQueriesContext(connection) as one:
        assert len(payments.basket_of(owner)) == 1
    for _ in range(11):
        write("CLN-01", shop=make_shop())
    with django_assert_max_num_queries(len(one)):
        assert len(payments.basket_of(owner)) == 12


def test_a_settlement_is_an_offer_with_or_without_its_bill_and_names_offence_shop_and_last_day(
    write: Callable[..., Violation], owner: Any
) -> None:
    row = write("CLN-03")
    (item,) = payments.basket_of(owner)
    assert item.until is None and item.no_day, "its notice is not opened yet"
    notices.record_opening(violation=row, person=owner)
    for _turn in ("due", "bill"):
        (item,) = payments.basket_of(owner)
        fresh = Violation.objects.get(pk=row.pk)
        assert item.is_offer and item.name_en == f"Settlement of a violation: {row.offence_facts['name_en']}"
        assert (item.shop_name_ar, item.reference, item.until) == (row.shop.name_ar, row.reference, fresh.settle_until)  # type: ignore[union-attr]
        assert fresh.block_from is not None and day(fresh.block_from) in item.left, "from when leaving it stops a renewal"
        assert item.note == dues.ENDS and row.public_id in item.url and not item.no_day
        settlements.bill_for(violation=row, person=owner)


def test_what_the_court_set_and_an_instalment_are_due_and_no_offer(
    judged: Violation, write: Callable[..., Violation], make_shop: Callable[..., Any], owner: Any
) -> None:
    parts = write("CLN-03", shop=make_shop())
    notices.record_opening(violation=parts, person=owner)
    terms.agree_plan(violation=parts, person=owner, count=3)
    for _turn in ("due", "bill"):
        items = sorted(payments.basket_of(owner), key=lambda item: item.name_en)
        assert [item.name_en.partition(":")[0] for item in items] == ["Amount set by the court", "Instalment 1 of 3"]
        assert not any(item.is_offer for item in items) and items[1].note == dues.MISSED
        for row in (judged, parts):
            settlements.bill_for(violation=row, person=owner)

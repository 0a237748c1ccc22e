"""Of two attempts for one bill the bank captures the first one late, takes it back, and captures the second before the service heard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from payments import registry
from payments.models import Allocation, Attempt, Bill, RefundDue
from payments.registry import Payable
from payments.services import inquiries, settlement
from tests.bank import Book
from tests.due_jobs import run_due
from tests.payments.conftest import START
from tests.payments.records import one

pytestmark = pytest.mark.django_db
HEARD = ("payments.hand_over", "payments.tell_void")


@pytest.fixture
def thing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the service of the bill was told. As the services do, it refuses a second payment for what it takes for paid."""
    told: list[str] = []

    def paid(bill_id: int) -> None:
        if told and told[-1] == "paid":
            raise Refused("not_owed")
        told.append("paid")

    monkeypatch.setattr(registry, "PAYABLES", registry.PAYABLES)
    monkeypatch.setitem(registry.PAYABLES, "tests.thing", Payable(paid, lambda bill_id: told.append("voided")))
    return told


@pytest.fixture
def two(at_bank: Callable[..., Attempt], bank: Book, thing: list[str]) -> tuple[Allocation, Allocation]:
    """Settled allocations of one bill: that of the first attempt is taken back, that of the second pays it now."""
    first = at_bank()
    bank.decide(first, "NOT CAPTURED")
    inquiries.inquire(attempt_id=first.pk, step=1)
    second = at_bank(Bill.objects.get())
    bank.decide(first)
    inquiries.inquire(attempt_id=first.pk, step=2)
    run_due(("payments.hand_over",))
    bank.decide(first, "NOT CAPTURED")
    inquiries.confirm(attempt_id=first.pk)
    bank.decide(second)
    inquiries.inquire(attempt_id=second.pk, step=1)
    old, new = Allocation.objects.order_by("pk")
    assert (thing, Bill.objects.get().state, old.is_settled, new.is_settled) == (["paid"], "paid", False, True)
    return old, new


def ends_paid(thing: list[str]) -> bool:
    done = not Job.objects.filter(kind__in=HEARD).exclude(state="done").exists()
    return done and thing[-1] == "paid" and Bill.objects.get().state == "paid" and not RefundDue.objects.exists()


def hear(*kinds: str) -> None:
    """Run the jobs of these kinds in this order, a minute apart."""
    for minute, kind in enumerate(kinds, 1):
        with clock.at(START + dt.timedelta(minutes=minute)):
            run_due((kind,))


@pytest.mark.parametrize("kinds", [HEARD, HEARD[::-1]])
def test_the_second_payment_stands_for_the_first_whichever_is_heard_of_first(
    two: tuple[Allocation, Allocation], thing: list[str], kinds: tuple[str, str]
) -> None:
    hear(*kinds, *kinds)
    assert ends_paid(thing) and thing == ["paid"]
    assert Allocation.objects.get(pk=two[1].pk).handed_over_at is not None
    assert one("payment.replaced").subject == two[0].attempt.key


def test_the_second_is_taken_back_as_the_first_was(two: tuple[Allocation, Allocation], bank: Book, thing: list[str]) -> None:
    hear(*HEARD, *HEARD)
    second = two[1].attempt
    bank.decide(second, "NOT CAPTURED")
    inquiries.confirm(attempt_id=second.pk)
    hear("payments.tell_void")
    assert (thing, Bill.objects.get().state) == (["paid", "voided"], "due")


def test_red_control_without_the_wait_the_second_is_refused(
    two: tuple[Allocation, Allocation], thing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settlement, "is_reversal_unheard", lambda *_, **_more: False)
    hear(*HEARD)
    assert (thing, RefundDue.objects.get().reason) == (["paid", "voided"], "not_owed"), "paid, given back, and owed once more"


def test_a_reversal_told_twice_leaves_the_second_payment(two: tuple[Allocation, Allocation], thing: list[str]) -> None:
    """The worker died before the job was marked as done."""
    settlement.notify_void(allocation_id=two[0].pk)
    settlement.notify_void(allocation_id=two[0].pk)
    assert (thing, Bill.objects.get().state) == (["paid"], "paid")

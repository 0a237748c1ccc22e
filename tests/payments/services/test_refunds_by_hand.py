"""An amount that goes back by hand must not leave twice: once by us, once by the bank that takes the payment back itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import invariants
from payments.models import Attempt, Bill, RefundDue
from payments.services import approve_refund, owe_back, propose_refund, returns
from tests.bank import Book
from tests.due_jobs import run_due
from tests.payments.conftest import START, walk

pytestmark = pytest.mark.django_db
BY = system("tests")


@pytest.fixture
def proposed(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, cashier: Any) -> RefundDue:
    """Paid three minutes ago, refused by its service, and proposed to go back outside the gateway."""
    bank.decide(at_bank())
    walk(3)
    refund = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    assert refund is not None
    propose_refund(
        refund=refund, proposed_by=cashier, code="service_refused", way="by_hand", remaining_fils=refund.fils, bank_reference="BANK-1"
    )
    return refund


def test_nothing_leaves_by_hand_before_the_bank_was_asked_for_the_last_time(proposed: RefundDue, checker: Any) -> None:
    with pytest.raises(Refused) as refused:
        approve_refund(refund=proposed, approved_by=checker, remaining_fils=proposed.fils)
    assert refused.value.code == "not_confirmed" and RefundDue.objects.get().state == "proposed"
    walk(14)
    approve_refund(refund=RefundDue.objects.get(), approved_by=checker, remaining_fils=proposed.fils)
    assert RefundDue.objects.get().state == "paid_out" and not list(invariants.findings())


def test_the_control_without_that_the_money_leaves_twice_and_a_person_is_told(
    proposed: RefundDue, checker: Any, bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returns, "_require_confirmed", lambda _attempt: None)
    approve_refund(refund=proposed, approved_by=checker, remaining_fils=proposed.fils)
    bank.decide(Attempt.objects.get(), "FAILURE(NOT CAPTURED)")
    with clock.at(START + dt.timedelta(minutes=14)):
        run_due()
    assert Attempt.objects.get().state == "paid" and RefundDue.objects.get().state == "paid_out"
    assert AuditEvent.objects.filter(action="payment.reversed_after_refund", subject=Attempt.objects.get().key).count() == 1
    assert not Job.objects.filter(state=JobState.DEAD).exists()

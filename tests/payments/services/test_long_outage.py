"""A bank that is away longer than the tries of one job: what it took back meanwhile is seen as soon as it answers again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import invariants, rules
from payments.models import Attempt, Bill
from payments.services import approve_refund, inquiries, owe_back, propose_refund
from payments.states import AttemptState, BillState
from tests.bank import Book
from tests.due_jobs import run_due
from tests.payments.conftest import START, walk

pytestmark = pytest.mark.django_db


def pass_hours(begin: float, end: float) -> None:
    """The sweep and the worker, every five minutes between two times after the frozen start (hours)."""
    for minutes in range(int(begin * 60), int(end * 60) + 1, 5):
        with clock.at(START + dt.timedelta(minutes=minutes)):
            inquiries.sweep()
            run_due()


def question() -> Job:
    return Job.objects.get(kind="payments.confirm")


@pytest.fixture
def reversed_in_silence(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> Attempt:
    """Paid; then the bank answers nothing any more, and takes the payment back."""
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    bank.is_down = True
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    return attempt


@pytest.mark.parametrize("hours", [1, 6, 23])
def test_a_reversal_is_seen_after_an_outage_of_many_hours(hours: int, reversed_in_silence: Attempt, bank: Book) -> None:
    pass_hours(0, hours)
    assert question().state == JobState.DEAD  # and says in the admin that the bank gave no answer
    assert "no answer" in question().last_error
    bank.is_down = False
    pass_hours(hours, hours + 1.25)
    assert (Attempt.objects.get().state, Bill.objects.get().state) == (AttemptState.VOIDED, BillState.DUE)
    assert (question().state, question().last_error) == (JobState.DONE, "")
    assert not list(invariants.findings())


def test_the_control_without_another_round_the_reversal_is_never_seen(
    reversed_in_silence: Attempt, bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquiries, "retry_dead", lambda *_args, **_kwargs: 0)
    pass_hours(0, 1)
    bank.is_down = False
    pass_hours(1, 24)
    assert (Attempt.objects.get().state, Bill.objects.get().state) == (AttemptState.PAID, BillState.PAID)
    assert question().state == JobState.DEAD


def test_the_bank_is_asked_in_rounds_an_hour_apart_and_for_a_day_only(reversed_in_silence: Attempt, bank: Book) -> None:
    asked = len(bank.asked)
    pass_hours(0, 48)
    rounds = [question().finished_at]
    assert question().state == JobState.DEAD and rounds[0] is not None
    assert START + rules.CONFIRM_WITHIN < rounds[0] < START + dt.timedelta(hours=25)
    # A round takes up to 40 minutes where the worker looks every five only, and an hour lies between two.
    assert 8 * 14 <= len(bank.asked) - asked <= 8 * 25
    assert Attempt.objects.get().state == AttemptState.PAID  # no answer takes nothing back
    bank.is_down = False
    pass_hours(48, 50)
    assert question().state == JobState.DEAD


def test_nothing_leaves_by_hand_while_the_bank_has_not_answered(
    reversed_in_silence: Attempt, bank: Book, cashier: Any, checker: Any
) -> None:
    refund = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=system("tests"))
    assert refund is not None
    pass_hours(0, 3)
    with clock.at(START + dt.timedelta(hours=3)):
        propose_refund(
            refund=refund, proposed_by=cashier, code="service_refused", way="by_hand", remaining_fils=refund.fils, bank_reference="BANK-1"
        )
        with pytest.raises(Refused) as refused:
            approve_refund(refund=refund, approved_by=checker, remaining_fils=refund.fils)
    assert refused.value.code == "not_confirmed"
    bank.is_down = False
    pass_hours(3, 4.25)
    refund.refresh_from_db()
    assert (refund.state, Attempt.objects.get().state) == ("released", AttemptState.VOIDED)

"""Two tabs that pay one bill, captures that come twice, refunds that are approved and sent all at once (goals P7 and P8)."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet

from municipality.kernel import clock, guards
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused, TransitionRefused
from payments import invariants
from payments.models import Allocation, Attempt, Bill, RefundDue
from payments.providers import provider_named
from payments.services import approve_refund, inquire, owe_back, propose_refund, send_refund, start_attempt
from payments.services.returns import remaining_of
from payments.states import AttemptState, RefundState
from tests.bank import Bank, Book
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.factories.rulebook import publish_rulebook
from tests.tools.chaos.payments_at_once import at_bank, at_once, bills

pytestmark = [
    *(pytest.mark.chaos, pytest.mark.postgres, pytest.mark.slow),
    *(pytest.mark.timeout(7200), pytest.mark.django_db(transaction=True)),
]
FULL = os.environ.get("CHAOS_FULL") == "1"
TABS, REFUNDS, CALLS = (500, 100, 20) if FULL else (20, 10, 20)
BY = system("tests")


class Patient(Book):
    """A bank that counts under a lock, and pays out as often as it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


@pytest.fixture(autouse=True)
def bank(settings: Any) -> Book:
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"
    Bank.book = Patient()
    return Bank.book


# P7


@pytest.fixture
def replies(transactional_db: None) -> None:
    publish_rulebook("replies.money")


def test_two_tabs_begin_one_payment_and_what_is_captured_twice_is_owed_back_within_a_quarter_of_an_hour(bank: Book) -> None:
    due = bills(TABS)

    def start(bill: Bill) -> None:
        start_attempt(bills=[bill], payer=bill.payer, language="ar", session_key="s")

    assert not at_once(2, due, start)
    assert Allocation.objects.filter(is_open=True).count() == Attempt.objects.count() == TABS
    # The same again, with the bank's silence first and its money twice.
    first = at_bank_of(due, bank, "FAILURE(HOST TIMEOUT)")
    assert set(Attempt.objects.values_list("state", flat=True)) == {AttemptState.TIMED_OUT}
    second = at_bank_of(due, bank, "CAPTURED")
    for attempt in first:
        bank.decide(attempt)
    began = clock.now()
    for minute in range(0, 16, 3):
        with clock.at(began + dt.timedelta(minutes=minute)):
            run_due(("payments.inquire",))
    assert {a.state for a in Attempt.objects.filter(pk__in=[a.pk for a in second])} == {AttemptState.PAID}
    assert Counter(Attempt.objects.filter(pk__in=[a.pk for a in first]).values_list("state", flat=True)) == {AttemptState.REFUND_DUE: TABS}
    assert RefundDue.objects.filter(state=RefundState.DUE, allocation__isnull=True).count() == TABS
    assert not list(invariants.findings())


def at_bank_of(due: list[Bill], book: Book, result: str) -> list[Attempt]:
    """A payment of each bill at the bank, which decides; each asked about once."""
    from payments.services import redirect_url

    attempts = []
    for bill in due:
        attempt = start_attempt(bills=[bill], payer=bill.payer, language="ar", session_key="s")
        redirect_url(attempt)
        book.decide(attempt, result)
        inquire(attempt_id=attempt.pk)
        attempts.append(attempt)
    return attempts


# P8


def proposed(book: Book, count: int, cashier: Any) -> list[RefundDue]:
    """Payments that were confirmed, refused by their service, and proposed to go back."""
    found = []
    for attempt in at_bank(book, count):
        inquire(attempt_id=attempt.pk)
        refund = owe_back(bill=Bill.objects.get(allocations__attempt=attempt), reason="shop_closed", actor=BY)
        assert refund is not None
        propose_refund(refund=refund, proposed_by=cashier, code="service_refused", remaining_fils=remaining_of(refund))
        found.append(refund)
    return found


def sent(book: Book) -> Counter[str]:
    """Track id → fils that left, counted by calls, since a sum kept by threads is none."""
    total: Counter[str] = Counter()
    for trackid, fils in book.called:
        total[trackid] += fils
    return total


def test_refunds_approved_and_sent_all_at_once_leave_once(bank: Book, replies: None) -> None:
    cashier, checker = StaffFactory(groups=["cashier"]), StaffFactory(groups=["finance_checker"], login="checker")
    refunds = proposed(bank, REFUNDS, cashier)

    def approve(refund: RefundDue) -> None:
        approve_refund(refund=refund, approved_by=checker, remaining_fils=refund.fils)

    refused = at_once(CALLS, refunds, approve)
    assert len(refused) == REFUNDS * (CALLS - 1) and {type(error) for error in refused} <= {TransitionRefused, Refused}
    assert not at_once(CALLS, refunds, lambda refund: send_refund(refund_id=refund.pk))
    captured = dict(Attempt.objects.values_list("trackid", "fils"))
    assert all(fils <= captured[trackid] for trackid, fils in sent(bank).items()) and len(bank.called) == REFUNDS
    # Whoever finds a refund under way does not send it again; its outcome is asked for.
    assert set(RefundDue.objects.values_list("state", flat=True)) <= {RefundState.PAID_OUT, RefundState.UNKNOWN}
    assert not list(invariants.findings())


def test_one_person_as_both_is_refused_by_the_database_every_time(bank: Book, replies: None) -> None:
    cashier = StaffFactory(groups=["cashier", "finance_checker"], login="both")
    for refund in proposed(bank, REFUNDS, cashier):
        for change in ({"approved_by": cashier}, {"approved_by_id": F("proposed_by_id")}, {"state": RefundState.APPROVED}):
            with pytest.raises(IntegrityError), transaction.atomic():
                RefundDue.objects.filter(pk=refund.pk).update(**change)
    assert set(RefundDue.objects.values_list("state", flat=True)) == {RefundState.PROPOSED}


def test_the_control_without_check_lock_and_state_sends_more_than_was_taken(
    bank: Book, replies: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cashier, checker = StaffFactory(groups=["cashier"]), StaffFactory(groups=["finance_checker"], login="checker")
    refunds = proposed(bank, 5, cashier)

    def careless(refund: RefundDue) -> None:
        """Looks, and sends, and writes."""
        row = RefundDue.objects.select_related("attempt").get(pk=refund.pk)
        if row.state == RefundState.PROPOSED:
            provider_named("knet").refund(trackid=row.attempt.trackid, fils=row.fils)
            RefundDue.objects.filter(pk=row.pk).update(state=RefundState.PAID_OUT, approved_by=checker)

    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self.all())
    gate = threading.Barrier(CALLS)
    true = Bank.refund

    def slow(self: Bank, *, trackid: str, fils: int) -> Any:
        gate.wait(60)  # all have looked before the first has written
        return true(self, trackid=trackid, fils=fils)

    monkeypatch.setattr(Bank, "refund", slow)
    guards.remove(connection)
    try:
        at_once(CALLS, refunds, careless)
        captured = dict(Attempt.objects.values_list("trackid", "fils"))
        assert [track for track, fils in sent(bank).items() if fils > captured[track]]
        assert [finding for finding in invariants.findings() if "owed" in finding or "returned" in finding or "refund" in finding]
    finally:
        with transaction.atomic():
            RefundDue.objects.update(state=RefundState.PROPOSED, approved_by=None)
            guards.install(connection)


def test_the_control_without_the_check_lets_one_person_be_both(bank: Book, replies: None) -> None:
    both = StaffFactory(groups=["cashier", "finance_checker"], login="both")
    [refund] = proposed(bank, 1, both)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_refunddue DROP CONSTRAINT payments_refund_two_people")
        guards.remove(connection)
        assert RefundDue.objects.filter(pk=refund.pk).update(approved_by=both) == 1
        transaction.set_rollback(True)

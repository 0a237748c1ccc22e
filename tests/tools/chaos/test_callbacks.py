"""Many payments × simultaneous duplicates. Ten thousand copies of one payment prove little: the first has ended before the rest arrive."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client

from payments import invariants, registry
from payments.models import Allocation, Attempt, Bill, CallbackBytes, GatewayMessage, Inquiry, Receipt
from payments.services import hand_over, inquire, settlement, start_attempt
from payments.states import AttemptState, BillState
from tests.bank import Bank, Book, notification
from tests.database_guards import without_uniqueness
from tests.tools.chaos.payments_at_once import at_bank, at_once, bills
from tools.chaos.portal import size

pytestmark = [
    *(pytest.mark.chaos, pytest.mark.postgres, pytest.mark.slow),
    *(pytest.mark.timeout(1200), pytest.mark.django_db(transaction=True)),
]
PAYMENTS = int(os.environ.get("CHAOS_PAYMENTS") or size(40, 200))
DUPLICATES = int(os.environ.get("CHAOS_DUPLICATES", "50"))
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def bank(settings: Any) -> Book:
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"
    Bank.book = Book()
    return Bank.book


def test_dup_fifty_simultaneous_duplicates_of_each_payment_give_one_receipt_each(bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(told.append, told.append))
    attempts = at_bank(bank, PAYMENTS)
    answers: list[tuple[int, bytes]] = []

    def notify(attempt: Attempt) -> None:
        answer = Client().post("/pay/knet/response", notification(attempt), content_type=FORM)
        answers.append((answer.status_code, answer.content))

    assert not at_once(DUPLICATES, attempts, notify)
    assert len(answers) == PAYMENTS * DUPLICATES and {status for status, _ in answers} == {200}
    assert {line for _, line in answers} == {f"REDIRECT=https://portal.example.test/pay/r/{a.token}".encode() for a in attempts}
    kept = GatewayMessage.objects.filter(kind="notification")
    assert kept.exclude(fingerprint="").count() == PAYMENTS  # the bank's message whole, once; the same again up to the caps
    again = kept.filter(fingerprint="").count()
    assert again == sum(CallbackBytes.objects.filter(key__startswith="attempt:").values_list("kept", flat=True))
    assert again <= PAYMENTS * (DUPLICATES - 1)
    assert set(Attempt.objects.values_list("state", flat=True)) == {AttemptState.CONFIRMING}

    # Duplicates of the job itself: a broker delivers at least once, and a person may press "again".
    assert not at_once(min(DUPLICATES, 10), attempts, lambda attempt: inquire(attempt_id=attempt.pk, why="ack"))
    assert Receipt.objects.count() == PAYMENTS
    assert set(Bill.objects.values_list("state", flat=True)) == {BillState.PAID}
    assert not at_once(10, list(Allocation.objects.order_by("pk")), lambda allocation: hand_over(allocation_id=allocation.pk))
    assert sorted(told) == sorted(Bill.objects.values_list("pk", flat=True))
    assert not list(invariants.findings())


def test_dup_settling_the_same_inquiry_at_the_same_moment_settles_once(bank: Book) -> None:
    attempts = at_bank(bank, PAYMENTS)
    inquiries = _answers(attempts)
    assert not at_once(DUPLICATES, inquiries, lambda i: settlement.settle(attempt=i.attempt, inquiry=i) and None)
    assert Receipt.objects.count() == PAYMENTS
    assert not list(invariants.findings())


def _answers(attempts: list[Attempt]) -> list[Inquiry]:
    from payments.services.inquiries import ask

    found = [ask(attempt) for attempt in attempts]
    return [inquiry for inquiry in found if inquiry is not None]


def test_dup_the_control_without_lock_row_count_and_unique_key_gives_more_receipts_than_payments(
    bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = at_bank(bank, 20)
    inquiries = _answers(attempts)

    def careless(row: Any, name: str, *, actor: Any, reason: str = "", data: Any = None, **changes: Any) -> None:
        """A transition that looks, waits and writes."""
        time.sleep(0.02)
        from municipality.kernel.workflow import WORKFLOWS

        row.state = WORKFLOWS[row.workflow_name].move(name, row.state).target
        type(row)._base_manager.filter(pk=row.pk).update(state=row.state, **changes)

    with without_uniqueness("payments_receipt", "allocation_id"):
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self.all())
        monkeypatch.setattr(settlement, "transition", careless)
        at_once(20, inquiries, lambda i: settlement.settle(attempt=i.attempt, inquiry=i) and None)
        assert Receipt.objects.count() > 2 * len(attempts)
        assert list(invariants.findings())


def open_allocations() -> int:
    return Allocation.objects.filter(is_open=True).count()


def test_tabs_beginning_at_the_same_moment_share_one_attempt(bank: Book) -> None:
    due = bills(20)

    def start(bill: Bill) -> None:
        start_attempt(bills=[bill], payer=bill.payer, language="ar", session_key="s")

    assert not at_once(25, due, start)
    assert open_allocations() == Attempt.objects.count() == len(due)
    assert not list(invariants.findings())


def test_tabs_the_control_without_lock_and_index_opens_several_attempts(bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    due = bills(10)
    with without_uniqueness("payments_allocation", "bill_id"):
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self.all())
        at_once(25, due, lambda bill: start_attempt(bills=[bill], payer=bill.payer, language="ar", session_key="s") and None)
        assert open_allocations() > len(due)
        assert [f for f in invariants.findings() if "open attempts" in f]


def test_replay_old_answers_of_settled_payments_change_nothing(bank: Book) -> None:
    attempts = at_bank(bank, 20)
    texts = [notification(attempt) for attempt in attempts]
    for attempt in attempts:
        inquire(attempt_id=attempt.pk)
    before = list(Attempt.objects.order_by("pk").values_list("state", "last_event_id"))
    assert not at_once(50, texts, lambda text: Client().post("/pay/knet/response", text, content_type=FORM) and None)
    assert list(Attempt.objects.order_by("pk").values_list("state", "last_event_id")) == before
    assert Receipt.objects.count() == len(attempts)

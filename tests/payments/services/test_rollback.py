"""State, record and promised work stand together or not at all: whatever fails last takes everything before it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import registry
from payments.models import Attempt, BankStatement, Bill, Difference, GatewayMessage, LedgerPosting, RefundDue
from payments.services import (
    attempts,
    bills,
    callbacks,
    differences,
    give_up,
    inquiries,
    ledger,
    note_error,
    owe_back,
    reconciliation,
    refunds,
    returns,
    settle,
    settlement,
    start_attempt,
    void_attempt,
    void_bill,
)
from tests.bank import Book
from tests.payments.bank_statements import content, line, take
from tests.payments.conftest import START
from tests.payments.refunds import LATER, approve, propose

pytestmark = pytest.mark.django_db
BY = system("tests")


class Failed(Exception):
    """What a test lets happen at the end of an act."""


def everything() -> dict[str, list[Any]]:
    """All rows that an act of payments can leave."""
    models = [*apps.get_app_config("payments").get_models(), AuditEvent, Job]
    return {model.__name__: sorted(map(repr, model.objects.values_list())) for model in models}


@pytest.fixture
def assert_undone(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run an act whose last step fails; nothing of it may be left. The control: a step that does not fail does leave something."""

    def run(module: Any, step: str, act: Callable[[], Any], *, after: int = 0) -> None:
        plain, calls = getattr(module, step), []

        def fails(*given: Any, **named: Any) -> Any:
            calls.append(given)
            if len(calls) > after:
                raise Failed
            return plain(*given, **named)

        before = everything()
        with monkeypatch.context() as broken:
            broken.setattr(module, step, fails)
            with pytest.raises(Failed):
                act()
        assert everything() == before
        with transaction.atomic():
            act()
            assert everything() != before
            transaction.set_rollback(True)

    return run


@pytest.fixture
def paid(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> Attempt:
    """A payment that is settled; no job of it ran."""
    attempt = at_bank()
    bank.decide(attempt)
    settle(attempt=attempt, inquiry=inquiries.ask(attempt))  # type: ignore[arg-type]
    return Attempt.objects.get(pk=attempt.pk)


@pytest.fixture
def owed(paid: Attempt) -> RefundDue:
    found = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    assert found is not None
    return found


def test_beginning_and_giving_up(assert_undone: Callable[..., None], issue: Any, payer: Any, at_bank: Callable[..., Attempt]) -> None:
    bill, attempt = issue(), at_bank(issue(subject="case:b"))
    assert_undone(attempts, "record", lambda: start_attempt(bills=[bill], payer=payer, language="ar", session_key="s"))
    assert_undone(attempts, "enqueue_now", lambda: give_up(attempt=attempt, payer=payer))
    assert_undone(bills, "record", lambda: void_bill(bill=bill, actor=BY))
    assert_undone(callbacks, "enqueue_now", lambda: note_error(query={"Error": "x"}, remote_addr="", person=payer))


def test_asking_and_settling(assert_undone: Callable[..., None], at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    assert_undone(inquiries.rules, "judge", lambda: inquiries.ask(attempt))
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None
    for step in ("record", "enqueue"):
        assert_undone(settlement, step, lambda: settle(attempt=Attempt.objects.get(), inquiry=inquiry))


def test_taking_back_and_refusing(assert_undone: Callable[..., None], paid: Attempt, bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.decide(paid, "NOT CAPTURED")
    inquiry = inquiries.ask(paid)
    assert inquiry is not None
    assert_undone(settlement, "record", lambda: void_attempt(attempt=Attempt.objects.get(), inquiry=inquiry))

    def refuse(bill_id: int) -> None:
        raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(refuse, refuse))
    assert_undone(settlement, "owe_allocation", lambda: settlement.hand_over(allocation_id=paid.allocations.get().pk))
    assert_undone(refunds, "record", lambda: owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY))


def test_proposing_approving_and_sending_back(assert_undone: Callable[..., None], owed: RefundDue, cashier: Any, checker: Any) -> None:
    assert_undone(returns, "record", lambda: propose(RefundDue.objects.get(), cashier))
    propose(owed, cashier)
    assert_undone(returns, "record", lambda: returns.send_back_refund(refund=RefundDue.objects.get(), checker=checker))
    for step in ("record", "enqueue"):
        assert_undone(returns, step, lambda: approve(RefundDue.objects.get(), checker))


def test_the_outcome_of_a_refund(
    assert_undone: Callable[..., None], owed: RefundDue, cashier: Any, checker: Any, bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(owed, cashier)
    approve(owed, checker)
    bank.refund_day, bank.tells_credit = "lost", False
    assert_undone(GatewayMessage.objects, "create", lambda: returns._save_messages(owed.attempt, "<q/>", "<a/>", {}), after=1)
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
        assert_undone(returns, "enqueue", lambda: returns._record_outcome(owed.pk, "paid", "", None))
        assert_undone(returns, "record", lambda: returns.look_up_refund(refund=owed, found_by=cashier, is_paid=True, bank_reference="REF1"))
        returns.look_up_refund(refund=owed, found_by=cashier, is_paid=True, bank_reference="REF1")
        assert_undone(returns, "enqueue", lambda: returns.confirm_finding(refund=owed, confirmed_by=checker, agrees=True))


def test_a_correction_is_whole_or_not_there(assert_undone: Callable[..., None], paid: Attempt, cashier: Any, checker: Any) -> None:
    def propose_it() -> Any:
        return ledger.propose_correction(
            posting=LedgerPosting.objects.get(), from_account="1422101", to_account="1422999", code="wrong_account", proposed_by=cashier
        )

    assert_undone(ledger, "record", propose_it)
    correction = propose_it()
    for approved in (True, False):
        assert_undone(
            ledger,
            "record",
            lambda approved=approved: ledger.decide_correction(correction=correction, decided_by=checker, approve=approved),
        )


def test_the_banks_file_and_its_differences(assert_undone: Callable[..., None], paid: Attempt, cashier: Any, checker: Any) -> None:
    text = content(line("GHOST", 5))
    assert_undone(reconciliation, "record", lambda: reconciliation.load_statement(content=text, file_name="x", loaded_by=cashier))
    loaded = reconciliation.load_statement(content=text, file_name="x", loaded_by=cashier)
    assert_undone(reconciliation, "record", lambda: reconciliation.drop_statement(statement=loaded, dropped_by=cashier))
    assert_undone(reconciliation, "record", lambda: reconciliation.take_statement(statement=loaded, taken_by=cashier))
    reconciliation.take_statement(statement=loaded, taken_by=cashier)
    assert BankStatement.objects.get().taken_at == START
    ghost, missing = Difference.objects.get(trackid="GHOST"), Difference.objects.get(trackid=paid.trackid)
    assert_undone(differences, "record", lambda: differences.add_note(difference=ghost, by=cashier, text="x"))
    assert_undone(differences, "record", lambda: differences.ask_gateway(difference=missing, by=cashier))
    differences.add_note(difference=ghost, by=cashier, text="x")
    assert_undone(differences, "record", lambda: differences.propose_closing(difference=ghost, proposed_by=cashier, code="bank_asked"))
    differences.propose_closing(difference=ghost, proposed_by=cashier, code="bank_asked")
    assert_undone(differences, "record", lambda: differences.close_difference(difference=ghost, closed_by=checker))


def test_what_agrees_at_last(assert_undone: Callable[..., None], paid: Attempt, cashier: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    take(cashier, line("GHOST", 5))
    with monkeypatch.context() as later:
        later.setattr(reconciliation, "rematch", lambda: 0)
        take(cashier, line(paid))
    assert_undone(reconciliation, "record", reconciliation.rematch)

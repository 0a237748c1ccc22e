"""A deposit goes back alone, once, by two people: booked from the deposits, never from revenue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments import balances, invariants, queries
from payments.models import Attempt, Bill, BillLine, LedgerPosting, RefundDue
from payments.rules import DEPOSITS
from payments.services import owe_back, owe_deposit
from tests.bank import Book
from tests.database_guards import drop_guard
from tests.due_jobs import run_due
from tests.factories.payments import BillFactory, bill_line
from tests.payments.bank_statements import line as bank_line
from tests.payments.bank_statements import take
from tests.payments.conftest import START, walk
from tests.payments.refunds import LATER, approve, propose
from violations import invariants as violation_invariants

pytestmark = pytest.mark.django_db
BY = system("tests")


@pytest.fixture
def unpaid(payer: Any) -> Bill:
    lines = [bill_line(10_000), bill_line(5_000, "deposit_1", DEPOSITS), bill_line(5_000, "deposit_2", DEPOSITS)]
    return BillFactory(payer=payer, lines=lines)


@pytest.fixture
def paid(at_bank: Callable[..., Attempt], unpaid: Bill, bank: Book, paid_for: Any) -> Bill:
    """A bill with two deposits alike, paid and handed over."""
    bank.decide(at_bank(unpaid))
    walk(3)
    return Bill.objects.get()


def owe(code: str = "deposit_1") -> RefundDue | None:
    return owe_deposit(line=BillLine.objects.get(code=code), reason="board_ended", actor=BY)


def owed(code: str = "deposit_1") -> RefundDue:
    refund = owe(code)
    assert refund is not None
    return refund


def pay_out(refund: RefundDue, cashier: Any, checker: Any) -> None:
    with clock.at(LATER):
        propose(refund, cashier)
        approve(refund, checker)
        run_due(("payments.send_refund",))
        run_due(("payments.tell_paid_out",))


def test_a_deposit_is_booked_out_of_the_deposits_and_the_fee_stays_earned(paid: Bill, payer: Any) -> None:
    refund = owed()
    assert balances.balances() == {"clearing-knet": 20_000, "1422101": -10_000, "deposits": -5_000, "owed-back": -5_000}
    assert (refund.fils, refund.state, refund.payer, refund.allocation, refund.bill) == (5_000, "due", payer, None, paid)
    posting = LedgerPosting.objects.get(kind="owe")
    assert (posting.bill, posting.fils) == (paid, 5_000)
    assert posting.entries.get(account=DEPOSITS).line == refund.line
    event = AuditEvent.objects.get(action="bill.deposit_due")
    assert (event.subject, event.data["line"], event.data["fils"]) == (paid.key, "deposit_1", 5_000)
    assert Bill.objects.get().state == "paid" and not list(invariants.findings())


@pytest.mark.guards
def test_it_goes_back_once_by_two_people_and_the_bill_stays_paid(paid: Bill, payer: Any, cashier: Any, checker: Any) -> None:
    pay_out(owed(), cashier, checker)
    assert RefundDue.objects.get().state == "paid_out"
    assert balances.balances() == {"clearing-knet": 15_000, "1422101": -10_000, "deposits": -5_000, "owed-back": 0}
    assert Bill.objects.get().state == "paid" and Attempt.objects.get().state == "paid"
    assert Message.objects.filter(person=payer, kind="payments.amount_paid_out").count() == 1
    assert owe() is None and RefundDue.objects.count() == 1
    pay_out(owed("deposit_2"), cashier, checker)
    assert balances.balances()["deposits"] == 0 and not list(invariants.findings())


def test_only_a_deposit_goes_back_for_a_reason_and_only_of_a_paid_bill(unpaid: Bill) -> None:
    assert owe() is None
    fee = BillLine.objects.get(code="renewal")
    for wrong in ({"line": fee, "reason": "board_ended"}, {"line": BillLine.objects.get(code="deposit_1"), "reason": ""}):
        with pytest.raises(ValueError, match="a deposit is owed back for a reason"):
            owe_deposit(actor=BY, **wrong)
    assert not RefundDue.objects.exists()


def test_a_bill_of_which_a_deposit_was_returned_is_not_returned_as_a_whole(paid: Bill) -> None:
    owe()
    with pytest.raises(Refused) as refused:
        owe_back(bill=paid, reason="shop_closed", actor=BY)
    assert refused.value.code == "deposit_returned" and RefundDue.objects.count() == 1


def test_after_the_whole_bill_no_deposit_goes_back(paid: Bill) -> None:
    owe_back(bill=paid, reason="shop_closed", actor=BY)
    assert owe() is None and not list(invariants.findings())


def test_a_reversal_by_the_bank_releases_it_and_a_second_payment_holds_it_again(paid: Bill, bank: Book, at_bank: Any) -> None:
    owe()
    bank.decide(Attempt.objects.get(), "FAILURE(NOT CAPTURED)")
    walk(13)
    assert RefundDue.objects.get().state == "released" and Bill.objects.get().state == "due"
    assert set(balances.balances().values()) == {0} and not list(invariants.findings())
    assert queries.returned_parts(paid) == []
    again = at_bank(Bill.objects.get())
    bank.decide(again)
    with clock.at(LATER):
        run_due(("payments.inquire", "payments.hand_over"))
    walk(16, step=1)
    assert Bill.objects.get().state == "paid"
    assert owed().attempt == again and not list(invariants.findings())


def test_a_reversal_after_it_was_paid_out_changes_nothing(paid: Bill, bank: Book, cashier: Any, checker: Any) -> None:
    refund = owed()
    propose(refund, cashier, way="by_hand", bank_reference="TRF-1")
    with clock.at(LATER):
        run_due(("payments.confirm",))
        approve(refund, checker)
    from payments.services import settlement

    attempt = Attempt.objects.get()
    assert settlement.void_attempt(attempt=attempt, inquiry=attempt.inquiries.order_by("-pk")[0]) is True
    assert Attempt.objects.get().state == "paid" and AuditEvent.objects.filter(action="payment.reversed_after_refund").exists()
    assert not list(invariants.findings())


# What the database refuses.


def row(paid: Bill, code: str = "deposit_1", **more: Any) -> dict[str, Any]:
    line, attempt = BillLine.objects.get(code=code), Attempt.objects.get()
    facts = {"attempt": attempt, "line": line, "payer": paid.payer, "subject": paid.subject, "fils": line.fils}
    return facts | {"reason": "x", "due_since": START} | more


@pytest.mark.guards
@pytest.mark.parametrize("what", ["fee", "more", "both"])
def test_the_database_refuses_what_is_no_deposit_or_another_amount(what: str, paid: Bill) -> None:
    attacks = {
        "fee": row(paid, "renewal"),
        "more": row(paid, fils=5_001),
        "both": row(paid, allocation=paid.allocations.get()),
    }
    with pytest.raises(DatabaseError), transaction.atomic():
        RefundDue.objects.create(**attacks[what])
    if what != "both":
        with transaction.atomic():
            drop_guard("payments_refund_line_left" if what == "more" else "violations_part_given_back", "payments_refunddue")
            RefundDue.objects.create(**attacks[what])
            found = [*invariants.findings(), *violation_invariants.findings()]
            assert [finding for finding in found if "owed back" in finding or "goes back on no ruling" in finding]
            transaction.set_rollback(True)


@pytest.mark.guards
def test_the_database_refuses_a_second_return_of_one_deposit(paid: Bill, cashier: Any, checker: Any) -> None:
    pay_out(owed(), cashier, checker)
    with pytest.raises(IntegrityError), transaction.atomic():
        RefundDue.objects.create(**row(paid))
    RefundDue.objects.create(**row(paid, "deposit_2"))


@pytest.mark.guards
def test_a_deposit_goes_back_in_parts_but_no_more_of_it_than_there_is(paid: Bill) -> None:
    line = BillLine.objects.get(code="deposit_1")
    parts = [owe_deposit(line=line, reason="smaller", actor=BY, most_fils=fils) for fils in (2_000, 500)]
    assert [part and part.fils for part in parts] == [2_000, 500] and not list(invariants.findings())
    with pytest.raises(IntegrityError, match="returned_already"), transaction.atomic():
        RefundDue.objects.create(**row(paid, fils=2_501))
    rest = owe_deposit(line=line, reason="gone", actor=BY)
    assert rest is not None and rest.fils == 2_500 and not list(invariants.findings())
    assert owe_deposit(line=line, reason="gone", actor=BY) is None
    with transaction.atomic():
        drop_guard("payments_refund_line_left", "payments_refunddue")
        RefundDue.objects.create(**row(paid, fils=1))
        assert [finding for finding in invariants.findings() if "of line" in finding]
        transaction.set_rollback(True)


@pytest.mark.guards
def test_the_database_refuses_the_whole_bill_after_a_deposit_and_the_control_shows_the_harm(paid: Bill) -> None:
    owe()
    whole = row(paid, line=None, allocation=paid.allocations.get(), fils=20_000)
    with pytest.raises(DatabaseError, match="deposit_returned"), transaction.atomic():
        RefundDue.objects.create(**whole)
    with transaction.atomic():
        drop_guard("payments_refund_deposit_once", "payments_refunddue")
        RefundDue.objects.create(**whole)
        assert list(invariants.findings())
        transaction.set_rollback(True)


# The daily match.


def test_deposits_alike_are_matched_one_by_one(paid: Bill, bank: Book, cashier: Any, checker: Any) -> None:
    attempt = Attempt.objects.get()
    pay_out(owed(), cashier, checker)
    bank.refund_day = "lost"
    pay_out(owed("deposit_2"), cashier, checker)
    second = RefundDue.objects.get(line__code="deposit_2")
    assert second.state == "unknown"
    with clock.at(LATER):
        assert take(cashier, bank_line(attempt, 20_000), bank_line(attempt, 5_000, "REFUND", ref="R1")) == []
        second.refresh_from_db()
        assert second.state == "unknown", "the line is that of the first deposit"
        assert take(cashier, bank_line(attempt, 5_000, "REFUND", ref="R2")) == []
    second.refresh_from_db()
    assert (second.state, second.bank_reference) == ("paid_out", "R2") and not list(invariants.findings())


def test_a_second_deposit_that_the_bank_does_not_list_is_missing(paid: Bill, cashier: Any, checker: Any) -> None:
    attempt = Attempt.objects.get()
    pay_out(owed(), cashier, checker)
    with clock.at(LATER):
        assert take(cashier, bank_line(attempt, 20_000), bank_line(attempt, 5_000, "REFUND", ref="R1")) == []
    pay_out(owed("deposit_2"), cashier, checker)
    with clock.at(LATER):
        (found,) = take(cashier, bank_line("OTHER", 1))[1:]
    assert (found.kind, found.ledger_fils) == ("missing_at_bank", 5_000)
    assert found.posting is not None and found.posting.refund == RefundDue.objects.get(line__code="deposit_2")

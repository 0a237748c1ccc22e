"""Money goes out by two people, once, and its outcome is what the bank says."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction

from municipality.audit.models import AuditEvent
from municipality.kernel import clock, failpoints, guards
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from municipality.kernel.transitions import transition
from municipality.notifications.models import Message
from payments import balances, invariants, rules
from payments.models import Attempt, Bill, GatewayMessage, LedgerPosting, RefundDue
from payments.rules import InquiryAnswer, judge_credit, judge_refund
from payments.services import (
    confirm_finding,
    look_up_refund,
    owe_back,
    returns,
    send_back_refund,
    send_refund,
)
from payments.services.returns import remaining_of
from tests.bank import Book
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.payments.conftest import walk
from tests.payments.refunds import LATER, approve, propose

pytestmark = pytest.mark.django_db
BY = system("tests")


@pytest.fixture
def owed(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> RefundDue:
    """An amount owed back for a bill that was paid."""
    attempt = at_bank()
    bank.decide(attempt)
    walk(13)
    found = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    assert found is not None
    return found


def fresh(refund: RefundDue) -> RefundDue:
    return RefundDue.objects.get(pk=refund.pk)


@pytest.fixture
def approved(owed: RefundDue, cashier: Any, checker: Any) -> RefundDue:
    propose(owed, cashier)
    approve(owed, checker)
    return owed


def at(minutes: float) -> None:
    with clock.at(LATER + dt.timedelta(minutes=minutes)):
        run_due()


@pytest.mark.guards
def test_an_amount_goes_back_once_by_two_people_and_everybody_is_told(approved: RefundDue, bank: Book, payer: Any) -> None:
    at(0)
    refund = fresh(approved)
    assert (refund.state, refund.bank_reference) == ("paid_out", "632999000777")
    assert bank.called == [(refund.attempt.trackid, 10_000)]
    assert Bill.objects.get().state == "refunded"
    assert set(balances.balances().values()) == {0}
    assert Message.objects.filter(person=payer, kind="payments.amount_paid_out").count() == 1
    acts = ["refund.proposed", "refund.approved", "refund.paid_out"]
    assert list(AuditEvent.objects.filter(subject=refund.key).order_by("pk").values_list("action", flat=True)) == acts
    assert not list(invariants.findings())
    at(60)
    send_refund(refund_id=refund.pk)
    assert len(bank.called) == 1


def test_a_whole_capture_for_nothing_goes_back_too(at_bank: Callable[..., Attempt], bank: Book, cashier: Any, checker: Any) -> None:
    from payments.services import void_bill

    attempt = at_bank()
    bank.decide(attempt, "FAILURE(HOST TIMEOUT)")
    walk(3)
    void_bill(bill=Bill.objects.get(), actor=BY)
    bank.decide(attempt)
    walk(15)
    refund = RefundDue.objects.get()
    assert (refund.state, refund.reason) == ("due", "nothing_due")  # the request for a refund came by itself
    propose(refund, cashier, code="nothing_was_due")
    approve(refund, checker)
    at(10)
    assert fresh(refund).state == "paid_out" and Attempt.objects.get().state == "refunded"
    assert not list(invariants.findings())


def test_it_is_not_sent_before_the_bank_could_have_reversed_the_payment_itself(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, cashier: Any, checker: Any
) -> None:
    bank.decide(at_bank())
    walk(3)
    refund = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    assert refund is not None
    propose(refund, cashier)
    approve(refund, checker)
    bank.decide(Attempt.objects.get(), "FAILURE(NOT CAPTURED)")
    walk(30)
    assert fresh(refund).state == "released" and bank.called == []
    assert not list(invariants.findings())


@pytest.mark.parametrize("role", ["nobody", "officer", "cashier"])
def test_only_another_person_of_the_second_role_approves(role: str, owed: RefundDue, cashier: Any, checker: Any) -> None:
    propose(owed, cashier)
    if role == "cashier":
        cashier.groups.add(*checker.groups.all())  # who holds both roles is one person all the same
    person = cashier if role == "cashier" else StaffFactory(groups=[role] if role != "nobody" else [], login="other")
    with pytest.raises(NotPermitted) as refused:
        approve(owed, person)
    assert refused.value.status == 403 and fresh(owed).state == "proposed"


@pytest.mark.guards
def test_the_database_refuses_one_person_as_both_and_the_control_shows_the_harm(owed: RefundDue, cashier: Any) -> None:
    propose(owed, cashier)
    row = fresh(owed)
    for changes in ({"approved_by": cashier}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            transition(row, "approve", actor=BY, **changes)
    from tests.database_guards import drop_guard

    with transaction.atomic():
        drop_guard("payments_refund_by_two_people", "payments_refunddue")
        transition(row, "approve", actor=BY)
        assert [finding for finding in invariants.findings() if "without two people" in finding]
        transaction.set_rollback(True)


@pytest.mark.guards
def test_what_two_people_agreed_on_stays_as_it_was(approved: RefundDue, checker: Any) -> None:
    for changes in ({"approved_by": None}, {"proposed_by": None}, {"way": "by_hand"}, {"remaining_fils": 1}, {"code": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RefundDue.objects.update(**changes)


def test_a_stale_page_approves_nothing(
    at_bank: Callable[..., Attempt], issue: Any, bank: Book, paid_for: Any, cashier: Any, checker: Any
) -> None:
    first, second = issue(3_000), issue(4_000, subject="case:b")
    bank.decide(at_bank(first, second))
    walk(13)
    refunds = [owe_back(bill=Bill.objects.get(pk=bill.pk), reason="shop_closed", actor=BY) for bill in (first, second)]
    assert refunds[0] is not None and refunds[1] is not None
    for refund in refunds:
        propose(refund, cashier)
    shown = remaining_of(refunds[1])
    approve(refunds[0], checker)
    with pytest.raises(Refused) as stale:
        approve(refunds[1], checker, shown)
    assert (stale.value.code, stale.value.status) == ("stale", 409)
    send_back_refund(refund=refunds[1], checker=checker)
    with pytest.raises(Refused) as waiting:
        propose(refunds[1], cashier)
    assert waiting.value.code == "another_on_its_way"
    at(0)
    propose(refunds[1], cashier)
    assert fresh(refunds[1]).remaining_fils == 4_000
    approve(refunds[1], checker)
    at(1)
    assert set(RefundDue.objects.values_list("state", flat=True)) == {"paid_out"}
    assert sum(fils for _trackid, fils in bank.called) == 7_000 and not list(invariants.findings())


def test_a_second_approval_of_the_same_amount_is_refused(approved: RefundDue) -> None:
    with pytest.raises(TransitionRefused):
        approve(approved, StaffFactory(groups=["finance_checker"], login="another"))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"code": "because"}, "bad_code"),
        ({"code": "wrong_account"}, "bad_code"),
        ({"way": "cash"}, "bad_reference"),
        ({"way": "by_hand"}, "bad_reference"),
        ({"way": "by_hand", "bank_reference": "=cmd"}, "bad_reference"),
        ({"bank_reference": "REF123"}, "bad_reference"),
        ({"remaining_fils": 9_999}, "stale"),
    ],
)
def test_a_proposal_names_a_ground_and_a_way(more: dict[str, Any], code: str, owed: RefundDue, cashier: Any) -> None:
    with pytest.raises(Refused) as refused:
        propose(owed, cashier, **more)
    assert refused.value.code == code and fresh(owed).state == "due"


def test_a_proposal_that_is_sent_back_may_be_made_again(owed: RefundDue, cashier: Any, checker: Any) -> None:
    propose(owed, cashier)
    send_back_refund(refund=owed, checker=checker)
    assert fresh(owed).state == "due"
    propose(owed, cashier)
    assert fresh(owed).state == "proposed"


def test_a_refund_that_the_bank_refuses_stays_owed(approved: RefundDue, bank: Book, cashier: Any) -> None:
    bank.refund_day = "refused"
    at(0)
    refund = fresh(approved)
    assert refund.state == "due" and refund.last_event is not None and refund.last_event.data == {"result": "IPAY0100033"}
    assert Bill.objects.get().state == "refund_due" and not list(invariants.findings())
    propose(refund, cashier)


def test_one_paid_out_by_hand_is_booked_when_the_second_person_confirms(owed: RefundDue, bank: Book, cashier: Any, checker: Any) -> None:
    propose(owed, cashier, way="by_hand", bank_reference="TRF-2026-0007")
    assert fresh(owed).state == "proposed"
    approve(owed, checker)
    assert (fresh(owed).state, fresh(owed).bank_reference) == ("paid_out", "TRF-2026-0007")
    at(0)
    assert bank.called == [] and set(balances.balances().values()) == {0} and not list(invariants.findings())


# Nobody knows whether it was done.


@pytest.mark.parametrize(("day", "end", "minutes"), [("lost", "paid_out", 3), ("odd", "paid_out", 3), ("dropped", "due", 16)])
def test_a_lost_answer_is_settled_by_inquiry_and_never_by_sending_again(
    day: str, end: str, minutes: int, approved: RefundDue, bank: Book
) -> None:
    bank.refund_day = day
    at(0)
    assert fresh(approved).state == "unknown"
    assert Bill.objects.get().state == "refund_due" and not list(invariants.findings())
    if day == "dropped":
        at(3)  # the bank may still be at work: a first "not returned" is not believed
        assert fresh(approved).state == "unknown"
    at(minutes)
    assert fresh(approved).state == end and len(bank.called) == 1
    assert not list(invariants.findings())


def test_a_bank_that_does_not_say_what_it_returned_leaves_it_to_two_people(
    approved: RefundDue, bank: Book, cashier: Any, checker: Any
) -> None:
    bank.refund_day, bank.tells_credit = "lost", False
    for minutes in (0, 3, 6, 16, 61, 241, 721, 1441, 3000):
        at(minutes)
    assert fresh(approved).state == "unknown" and len(bank.called) == 1
    with pytest.raises(Refused):
        look_up_refund(refund=approved, found_by=cashier, is_paid=True)
    look_up_refund(refund=approved, found_by=cashier, is_paid=True, bank_reference="632999000777")
    cashier.groups.add(*checker.groups.all())
    with pytest.raises(NotPermitted):
        confirm_finding(refund=approved, confirmed_by=cashier, agrees=True)
    confirm_finding(refund=approved, confirmed_by=checker, agrees=False)
    assert fresh(approved).state == "unknown"
    look_up_refund(refund=approved, found_by=cashier, is_paid=True, bank_reference="632999000777")
    confirm_finding(refund=approved, confirmed_by=checker, agrees=True)
    assert fresh(approved).state == "paid_out" and not list(invariants.findings())
    with pytest.raises(TransitionRefused):
        confirm_finding(refund=approved, confirmed_by=checker, agrees=True)


def test_one_found_not_paid_is_owed_again(approved: RefundDue, bank: Book, cashier: Any, checker: Any) -> None:
    bank.refund_day, bank.tells_credit = "dropped", False
    at(0)
    look_up_refund(refund=approved, found_by=cashier, is_paid=False)
    confirm_finding(refund=approved, confirmed_by=checker, agrees=True)
    assert fresh(approved).state == "due" and not list(invariants.findings())


@pytest.mark.parametrize("place", ["refund.sending", "refund.sent"])
def test_a_process_that_dies_around_the_call_does_not_pay_twice(
    place: str, approved: RefundDue, bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == place:
            raise Killed

    with clock.at(LATER):
        monkeypatch.setattr("payments.services.returns.failpoint", die)
        with pytest.raises(Killed):
            send_refund(refund_id=approved.pk)
        monkeypatch.setattr("payments.services.returns.failpoint", failpoints.failpoint)
        send_refund(refund_id=approved.pk)
    assert fresh(approved).state == "unknown" and len(bank.called) == (place == "refund.sent")
    at(16)
    assert fresh(approved).state == ("paid_out" if bank.called else "due") and len(bank.called) <= 1
    assert not list(invariants.findings())


def test_both_messages_are_kept_without_the_password(approved: RefundDue, bank: Book) -> None:
    at(0)
    kinds = GatewayMessage.objects.filter(kind__startswith="refund").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["refund_request", "refund_response"]


def test_an_answer_about_another_payment_or_amount_is_not_understood() -> None:
    good = InquiryAnswer("CAPTURED", trackid="T", fils=5)
    assert judge_refund(good, trackid="T", fils=5) == "paid"
    for other in (
        InquiryAnswer("CAPTURED", trackid="U", fils=5),
        InquiryAnswer("CAPTURED", trackid="T", fils=6),
        InquiryAnswer("VOIDED", trackid="T", fils=5),
    ):
        assert judge_refund(other, trackid="T", fils=5) == "unknown"
    assert judge_refund(InquiryAnswer("NOT CAPTURED", trackid="T"), trackid="T", fils=5) == "refused"
    for credited, meaning in ((None, "unknown"), (0, "unpaid"), (5, "paid"), (4, "unknown")):
        assert judge_credit(InquiryAnswer("CAPTURED", trackid="T", credited_fils=credited), trackid="T", before=0, fils=5) == meaning
    assert judge_credit(InquiryAnswer("CAPTURED", trackid="U", credited_fils=5), trackid="T", before=0, fils=5) == "unknown"
    assert rules.REFUND_MINUTES[2] * 60 >= rules.REFUND_UNPAID_AFTER.total_seconds()


# Two at the same moment.


def race(refund: RefundDue, checkers: list[Any]) -> list[str]:
    """Approve at once from several connections; what each got."""
    barrier, got = threading.Barrier(len(checkers)), []

    def one(person: Any) -> None:
        close_old_connections()
        with clock.at(LATER):
            barrier.wait()
            try:
                approve(refund, person)
                got.append("approved")
            except (Refused, IntegrityError) as refused:
                got.append(type(refused).__name__)
            finally:
                close_old_connections()

    threads = [threading.Thread(target=one, args=(person,)) for person in checkers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_approvals_at_once_are_one_refund(owed: RefundDue, cashier: Any, bank: Book) -> None:
    propose(owed, cashier)
    got = race(owed, [StaffFactory(groups=["finance_checker"], login=f"checker-{n}") for n in range(8)])
    assert got.count("approved") == 1
    at(0)
    assert len(bank.called) == 1 and LedgerPosting.objects.filter(kind="refund").count() == 1
    assert not list(invariants.findings())


@pytest.mark.guards
def test_without_lock_and_single_writer_two_approvals_pay_twice(
    owed: RefundDue, cashier: Any, checker: Any, bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control: both read the row before either wrote it, and whoever writes asks nobody."""
    propose(owed, cashier)
    with transaction.atomic():
        guards.remove(connection)

        def write(row: Any, name: str, **given: Any) -> None:
            type(row).objects.filter(pk=row.pk).update(state={"approve": "approved", "send": "sending"}.get(name, row.state))

        monkeypatch.setattr(returns, "transition", write)
        seen = {"proposed": fresh(owed)}
        monkeypatch.setattr(returns, "_locked", lambda refund: seen["proposed"])
        for person in (checker, StaffFactory(groups=["finance_checker"], login="another")):
            approve(owed, person)
        seen["proposed"] = fresh(owed)
        monkeypatch.setattr(returns, "_record_outcome", lambda *given: None)
        for _approval in range(2):
            send_refund(refund_id=owed.pk)
        assert bank.returned[owed.attempt.trackid] == 20_000
        transaction.set_rollback(True)

"""What refunds and receipts leave behind: each step in the record, the jobs that were promised, and what is rendered once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.documents.models import Document
from municipality.documents.rendering import RendererMissing
from municipality.documents.signing import SignerMissing
from municipality.jobs.errors import OnHold
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments import invariants
from payments.models import Attempt, Bill, GatewayMessage, Receipt, RefundDue
from payments.services import (
    inquiries,
    owe_back,
    receipts,
    returns,
    void_bill,
)
from payments.states import AttemptState
from tests.bank import Bank, Book
from tests.due_jobs import run_due
from tests.payments.conftest import START
from tests.payments.records import BY, jobs, one, seconds
from tests.payments.refunds import LATER, approve, propose

pytestmark = pytest.mark.django_db


@pytest.fixture
def owed(settled: Attempt) -> RefundDue:
    found = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=BY)
    assert found is not None
    return found


def test_each_step_of_a_refund_is_recorded(owed: RefundDue, cashier: Any, checker: Any, bank: Book) -> None:
    propose(owed, cashier)
    assert owed.state == "proposed"
    facts = {"code": "service_refused", "way": "gateway", "fils": 10_000, "remaining": 10_000}
    act = one("refund.proposed")
    assert (act.subject, act.actor_key, act.actor_role, act.data) == (owed.key, cashier.key, "cashier", facts)
    returns.send_back_refund(refund=owed, checker=checker)
    back = one("refund.sent_back")
    assert (back.actor_key, back.actor_role, back.data) == (checker.key, "finance_checker", {"code": "service_refused"})
    propose(owed, cashier)
    approve(owed, checker)
    assert owed.state == "approved"
    act = one("refund.approved")
    assert (act.subject, act.actor_key, act.data) == (owed.key, checker.key, facts)
    row = RefundDue.objects.get()
    assert (row.approved_by, row.approved_at, row.remaining_fils, row.proposed_by) == (checker, START, 10_000, cashier)
    assert row.last_event is not None and row.last_event.data == {"remaining": 10_000}
    ((key, due),) = jobs("payments.send_refund")
    assert key == f"{row.key}:{row.last_event_id}" and due == seconds(600 + 2 * 60)
    with clock.at(LATER):
        returns.send_refund(refund_id=row.pk)
    act = one("refund.paid_out")
    assert act.data == {"fils": 10_000, "way": "gateway"}
    assert [key for key, _due in jobs("payments.tell_paid_out")] == [row.key]
    row = RefundDue.objects.get()
    assert (row.sent_at, row.paid_out_at) == (LATER, LATER)
    assert row.last_event is not None and row.last_event.data == {"reference": "632999000777"}
    bill = Bill.objects.get()
    assert bill.last_event is not None and bill.last_event.data == {"refund": row.key}


def test_a_refund_approved_late_is_sent_at_once(owed: RefundDue, cashier: Any, checker: Any) -> None:
    with clock.at(LATER):
        propose(owed, cashier)
        approve(owed, checker)
    assert jobs("payments.send_refund")[0][1] == LATER - START


def test_a_gateway_that_is_not_set_up_sends_nothing_and_the_amount_stays_owed(
    owed: RefundDue, cashier: Any, checker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from payments.providers.port import NotConfigured

    def missing(self: Any, **given: Any) -> Any:
        raise NotConfigured("KNET_PASSWORD")

    propose(owed, cashier)
    approve(owed, checker)
    monkeypatch.setattr(Bank, "refund", missing)
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
    row = RefundDue.objects.get()
    assert row.state == "due" and row.last_event is not None and row.last_event.reason == "gateway_unavailable"
    assert one("refund.failed").data == {"reason": "gateway_unavailable"}
    assert not GatewayMessage.objects.filter(kind__startswith="refund").exists()


@pytest.mark.parametrize(("day", "reason"), [("lost", "no_answer"), ("odd", "not_understood")])
def test_an_unknown_outcome_is_recorded_and_asked_about_by_the_schedule(
    day: str, reason: str, owed: RefundDue, cashier: Any, checker: Any, bank: Book
) -> None:
    propose(owed, cashier)
    approve(owed, checker)
    bank.refund_day = day
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
    row = RefundDue.objects.get()
    assert row.state == "unknown" and one("refund.unknown").data == {"reason": reason}
    assert row.last_event is not None and row.last_event.reason == reason
    promised = [(key, START + due - LATER) for key, due in jobs("payments.ask_refund")]
    assert promised == [
        (f"{row.key}:{row.last_event_id}:{step}", dt.timedelta(minutes=minutes))
        for step, minutes in enumerate((2, 5, 15, 60, 240, 720, 1440))
    ]
    kept = list(GatewayMessage.objects.filter(kind__startswith="refund").order_by("pk").values_list("kind", "raw", "decoded"))
    if day == "lost":
        assert kept == [("refund_request", "<action>2</action>", {}), ("refund_response", "", {"failure": "ReadTimeout"})]
    else:
        assert kept[0][1:] == ("<q/>", {}) and kept[1][1] == "<a/>" and kept[1][2]["result"] == "PROCESSED"


def test_a_refund_on_its_way_is_told_about_by_inquiries_whose_messages_are_kept(
    owed: RefundDue, cashier: Any, checker: Any, bank: Book
) -> None:
    returns.ask_refund(refund_id=owed.pk)
    assert len(bank.asked) == 1  # that of the settlement: nothing is asked about a refund that was not sent
    propose(owed, cashier)
    approve(owed, checker)
    bank.refund_day = "dropped"
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
        bank.is_down = True
        returns.ask_refund(refund_id=owed.pk)
    kept = GatewayMessage.objects.filter(kind="refund_response").latest("pk")
    assert kept.decoded == {"failure": "ConnectTimeout"} and RefundDue.objects.get().state == "unknown"
    bank.is_down = False
    with clock.at(LATER + dt.timedelta(minutes=15) - seconds(1)):
        returns.ask_refund(refund_id=owed.pk)
        assert RefundDue.objects.get().state == "unknown"
    with clock.at(LATER + dt.timedelta(minutes=15)):
        returns.ask_refund(refund_id=owed.pk)
    row = RefundDue.objects.get()
    assert row.state == "due" and row.last_event is not None and row.last_event.reason == "not_at_bank"
    assert GatewayMessage.objects.filter(kind="refund_response").count() == 4


@pytest.mark.parametrize("arrived", [False, True])
def test_a_payment_taken_back_by_the_bank_waits_for_what_became_of_its_refund(
    arrived: bool, owed: RefundDue, cashier: Any, checker: Any, bank: Book, settled: Attempt
) -> None:
    propose(owed, cashier)
    approve(owed, checker)
    bank.refund_day = "lost" if arrived else "dropped"
    with clock.at(LATER):
        returns.send_refund(refund_id=owed.pk)
        bank.decide(settled, "FAILURE(NOT CAPTURED)")
        for known in ("unknown", "looked_up"):
            with pytest.raises(inquiries.Unanswered, match="on its way back"):
                inquiries.confirm(attempt_id=settled.pk)
            assert (Attempt.objects.get().state, RefundDue.objects.get().state) == (AttemptState.PAID, known)
            assert not list(invariants.findings())
            if known == "unknown":
                returns.look_up_refund(refund=owed, found_by=cashier, is_paid=arrived, bank_reference="BANK-1" if arrived else "")
        returns.confirm_finding(refund=owed, confirmed_by=checker, agrees=True)
        inquiries.confirm(attempt_id=settled.pk)
    assert one("refund.looked_up").data == {"paid": arrived} and one("refund.looked_up").actor_key == cashier.key
    assert one("refund.finding_decided").data == {"agrees": True, "paid": arrived}
    assert not list(invariants.findings())
    if arrived:  # the money left twice, and both books are true
        assert (Attempt.objects.get().state, RefundDue.objects.get().state) == (AttemptState.PAID, "paid_out")
        assert one("payment.reversed_after_refund").data["fils"] == settled.fils
    else:
        assert (Attempt.objects.get().state, RefundDue.objects.get().state) == (AttemptState.VOIDED, "released")
        assert one("refund.failed").data == {"reason": "not_at_bank", "by": checker.key}


def test_a_person_of_another_role_takes_no_step(owed: RefundDue, cashier: Any, checker: Any, payer: Any) -> None:
    from municipality.kernel.errors import NotPermitted

    for step in (
        lambda: propose(owed, checker),
        lambda: returns.send_back_refund(refund=owed, checker=cashier),
        lambda: approve(owed, payer),
        lambda: returns.look_up_refund(refund=owed, found_by=checker, is_paid=False),
        lambda: returns.confirm_finding(refund=owed, confirmed_by=cashier, agrees=True),
    ):
        with pytest.raises(NotPermitted) as refused:
            step()
        assert refused.value.code == "not_your_role"
    cashier.is_staff = False
    with pytest.raises(NotPermitted):
        propose(owed, cashier)


def test_a_reference_has_four_to_forty_letters_and_digits(owed: RefundDue, cashier: Any) -> None:

    for reference in ("ABC", "A" * 41, "A B C"):
        with pytest.raises(Refused, match="bad_reference"):
            propose(owed, cashier, way="by_hand", bank_reference=reference)
    propose(owed, cashier, way="by_hand", bank_reference="A" * 40)
    assert RefundDue.objects.get().bank_reference == "A" * 40


def test_running_jobs_leaves_nothing_dead(settled: Attempt) -> None:
    with clock.at(LATER):
        run_due()
    assert not Job.objects.filter(state="dead").exists()


# The receipt's document.


@pytest.mark.parametrize(("missing", "capability"), [(RendererMissing("no library"), "renderer"), (SignerMissing("no key"), "signer")])
def test_a_receipt_waits_for_what_is_missing(
    missing: Exception, capability: str, settled: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(facts: Any, document: Any) -> bytes:
        raise missing

    monkeypatch.setattr(receipts.documents, "render_and_seal", fails)
    with pytest.raises(OnHold) as parked:
        receipts.write_document(receipt_id=Receipt.objects.get().pk)
    assert parked.value.capability == capability and Receipt.objects.get().document is None


def test_a_payment_reversed_while_its_receipt_is_rendered_gets_none(settled: Attempt, bank: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def render(facts: Any, document: Any) -> bytes:
        bank.decide(settled, "NOT CAPTURED")
        inquiries.confirm(attempt_id=settled.pk)
        return b"%PDF-1.7"

    monkeypatch.setattr(receipts.documents, "render_and_seal", render)
    receipts.write_document(receipt_id=Receipt.objects.get().pk)
    assert Receipt.objects.get().document is None and Document.objects.get().state == "draft"
    receipts.write_document(receipt_id=Receipt.objects.get().pk)  # and is not rendered again
    assert Receipt.objects.get().document is None


def test_a_receipt_is_rendered_once(settled: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Any] = []

    def render(facts: Any, document: Any) -> bytes:
        rendered.append(document)
        if len(rendered) == 1:  # another worker is quicker
            receipts.write_document(receipt_id=Receipt.objects.get().pk)
        return b"%PDF-1.7"

    monkeypatch.setattr(receipts.documents, "render_and_seal", render)
    for _time in range(2):
        receipts.write_document(receipt_id=Receipt.objects.get().pk)
    receipt = Receipt.objects.get()
    assert len(rendered) == 2 and receipt.document == rendered[0] == rendered[1]
    assert receipt.document is not None and (receipt.document.state, receipt.document.number) == ("active", receipt.number)


def test_whoever_gets_a_whole_payment_back_is_told(
    at_bank: Callable[..., Attempt], bank: Book, payer: Any, cashier: Any, checker: Any, paid_for: Any
) -> None:
    attempt = at_bank()
    bank.decide(attempt, "HOST TIMEOUT")
    inquiries.inquire(attempt_id=attempt.pk, step=1)
    void_bill(bill=Bill.objects.get(), actor=BY)
    bank.decide(attempt)
    inquiries.inquire(attempt_id=attempt.pk, step=2)
    refund = RefundDue.objects.get()
    propose(refund, cashier, code="nothing_was_due")
    approve(refund, checker)
    with clock.at(LATER):
        run_due()
    message = Message.objects.get(kind="payments.amount_paid_out")
    assert message.person == payer and "10.000" in message.body_en

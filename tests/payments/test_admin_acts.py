"""The pages on which two people pay back and correct: Arabic, with buttons, and never by one of them alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from municipality.audit.models import AccessLogEntry
from municipality.cases.roles import ensure_roles
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments.models import Attempt, Bill, LedgerCorrection, LedgerPosting, RefundDue
from payments.services import owe_back
from tests.bank import Book
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.payments.conftest import walk
from tests.payments.refunds import LATER

pytestmark = pytest.mark.django_db


@pytest.fixture
def owed(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> RefundDue:
    ensure_roles()
    bank.decide(at_bank())
    walk(13)
    found = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=system("tests"))
    assert found is not None
    return found


def page(refund: RefundDue) -> str:
    return f"/admin/payments/refunddue/{refund.pk}/pay-out/"


def shown(client: Client, refund: RefundDue) -> dict[str, str]:
    """What the page of a refund hides in its forms, to be sent with a step."""
    html = client.get(page(refund)).content.decode()
    return dict(re.findall(r'type="hidden" name="(remaining|seen)" value="(\d+)"', html))


PROPOSAL = {"step": "propose", "code": "service_refused", "way": "gateway", "remaining": "10000"}


def test_two_people_pay_an_amount_back_by_buttons(owed: RefundDue, cashier: Any, checker: Any, bank: Book, payer: Any) -> None:
    first, second = signed_in(cashier), signed_in(checker)
    text = first.get(page(owed)).content.decode()
    assert "اقتراح الصرف" in text and 'value="approve"' not in text
    assert first.post(page(owed), PROPOSAL).status_code == 302
    assert 'value="approve"' not in first.get(page(owed)).content.decode()
    text = second.get(page(owed)).content.decode()
    assert 'value="approve"' in text and "10.000" in text and str(cashier.name_ar) in text
    assert second.post(page(owed), {"step": "approve", **shown(second, owed)}).status_code == 302
    with clock.at(LATER):
        run_due()
    assert RefundDue.objects.get().state == "paid_out" and len(bank.called) == 1
    assert set(AccessLogEntry.objects.filter(person_key=payer.key).values_list("viewer_role", "purpose")) == {
        ("cashier", "paying_back"),
        ("finance_checker", "paying_back"),
    }


def test_a_stale_page_and_a_second_approval_come_back_with_409(owed: RefundDue, cashier: Any, checker: Any) -> None:
    signed_in(cashier).post(page(owed), PROPOSAL)
    client = signed_in(checker)
    told = shown(client, owed)
    for remaining in ("9999", "", "x" * 20):
        answer = client.post(page(owed), {**told, "step": "approve", "remaining": remaining})
        assert answer.status_code == 409 and "تغيّر المتبقي من الدفعة" in answer.content.decode()
    for seen in ("", "0", "x"):
        answer = client.post(page(owed), {**told, "step": "approve", "seen": seen})
        assert answer.status_code == 409 and "تغيّر المقترح أو النتيجة" in answer.content.decode()
    assert client.post(page(owed), {"step": "approve", **told}).status_code == 302
    assert client.post(page(owed), {"step": "approve", **told}).status_code == 409


def test_another_proposal_than_the_page_showed_is_not_approved(owed: RefundDue, cashier: Any, checker: Any) -> None:
    first, second = signed_in(cashier), signed_in(checker)
    first.post(page(owed), PROPOSAL)
    told = shown(second, owed)
    assert second.post(page(owed), {"step": "send_back", **told}).status_code == 302
    first.post(page(owed), PROPOSAL | {"way": "by_hand", "bank_reference": "KB-2026-77"})
    for step in ("approve", "send_back"):
        refused = second.post(page(owed), {"step": step, **told})
        assert refused.status_code == 409 and RefundDue.objects.get().state == "proposed", "as much is left, but by another way"
    assert "KB-2026-77" in refused.content.decode(), "the page of the refusal shows what is approved now"
    assert second.post(page(owed), {"step": "approve", **shown(second, owed)}).status_code == 302


def test_whoever_proposed_does_not_approve_by_hand_made_requests(owed: RefundDue, cashier: Any, checker: Any) -> None:
    cashier.groups.add(*checker.groups.all())
    client = signed_in(cashier)
    client.post(page(owed), PROPOSAL)
    assert client.post(page(owed), {"step": "approve", "remaining": "10000"}).status_code == 403
    assert signed_in(StaffFactory(groups=["auditor"])).post(page(owed), {"step": "approve"}).status_code == 403
    assert RefundDue.objects.get().state == "proposed"


def test_a_finding_at_the_bank_is_entered_and_confirmed_by_buttons(owed: RefundDue, cashier: Any, checker: Any, bank: Book) -> None:
    bank.refund_day, bank.tells_credit = "lost", False
    first, second = signed_in(cashier), signed_in(checker)
    first.post(page(owed), PROPOSAL)
    second.post(page(owed), {"step": "approve", **shown(second, owed)})
    with clock.at(LATER):
        run_due()
    assert 'value="look_up"' in first.get(page(owed)).content.decode()
    assert first.post(page(owed), {"step": "look_up", "paid": "yes"}).status_code == 409
    first.post(page(owed), {"step": "look_up", "paid": "yes", "bank_reference": "632999000777"})
    assert 'value="confirm"' in second.get(page(owed)).content.decode()
    told = shown(second, owed)
    assert second.post(page(owed), {"step": "disagree", **told}).status_code == 302
    first.post(page(owed), {"step": "look_up", "paid": "no"})
    for step in ("confirm", "disagree"):
        refused = second.post(page(owed), {"step": step, **told})
        assert refused.status_code == 409 and RefundDue.objects.get().state == "looked_up", "not the finding that the page showed"
    second.post(page(owed), {"step": "disagree", **shown(second, owed)})
    first.post(page(owed), {"step": "look_up", "paid": "yes", "bank_reference": "632999000777"})
    second.post(page(owed), {"step": "confirm", **shown(second, owed)})
    assert RefundDue.objects.get().state == "paid_out"


def test_a_posting_is_corrected_by_two_people_on_their_pages(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, cashier: Any, checker: Any
) -> None:
    ensure_roles()
    bank.decide(at_bank())
    walk(3)
    posting = LedgerPosting.objects.get()
    client, second = signed_in(cashier), signed_in(checker)
    correct = f"/admin/payments/ledgerposting/{posting.pk}/correct/"
    assert "1422101" in client.get(correct).content.decode()
    assert client.post(correct, {"from_account": "1422101", "to_account": "=1", "code": "wrong_account"}).status_code == 409
    assert client.post(correct, {"from_account": "1422101", "to_account": "1422999", "code": "wrong_account"}).status_code == 302
    decide = f"/admin/payments/ledgercorrection/{LedgerCorrection.objects.get().pk}/decide/"
    assert client.get(decide).status_code == 403
    assert second.post(decide, {"step": "maybe"}).status_code == 409
    assert second.post(decide, {"step": "approve"}).status_code == 302
    assert LedgerPosting.objects.count() == 3
    assert second.post(decide, {"step": "approve"}).status_code == 409
    listing = client.get("/admin/payments/ledgerposting/").content.decode()
    assert posting.number in listing and posting.key not in listing and "صحيح قيد" in listing

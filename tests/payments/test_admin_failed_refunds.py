"""What the cash office reads when the bank refuses a refund, when no statement is loaded, and of what was paid on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from municipality.cases.roles import ensure_roles
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from municipality.rulebook.queries import words_of_reason
from payments.models import Attempt, Bill, LedgerPosting, RefundDue
from payments.services import owe_back, reconciliation
from tests.bank import Book
from tests.browsers import signed_in
from tests.database_guards import without_guards
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.payments.bank_statements import line, take
from tests.payments.conftest import START, walk
from tests.payments.refunds import LATER, approve, propose

pytestmark = pytest.mark.django_db
TOMORROW = START + dt.timedelta(days=1)


@pytest.fixture
def paid(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> Iterator[Attempt]:
    ensure_roles()
    bank.decide(at_bank())
    walk(13)
    return Attempt.objects.get()


@pytest.fixture
def refused(paid: Attempt, bank: Book, cashier: Any, checker: Any) -> RefundDue:
    refund = owe_back(bill=Bill.objects.get(), reason="service_refused", actor=system("tests"))
    assert refund is not None
    propose(refund, cashier)
    approve(refund, checker)
    bank.refund_day = "refused"
    with clock.at(LATER):
        run_due()
    return RefundDue.objects.get()


def english(user: Any) -> Client:
    client = signed_in(user)
    client.cookies["staff_language"] = "en"
    return client


def read(user: Any, path: str) -> str:
    with clock.at(LATER):
        answer = english(user).get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def test_a_refusal_of_the_bank_is_told_on_the_row_the_pages_and_as_work(refused: RefundDue, cashier: Any, checker: Any) -> None:
    pages = ("/admin/", "/admin/payments/refunddue/", f"/admin/payments/refunddue/{refused.pk}/change/")
    for path in (*pages, f"/admin/payments/refunddue/{refused.pk}/pay-out/"):
        text = read(cashier, path)
        assert "Refused by the bank" in text and "IPAY0100033" in text, path
    text = read(cashier, pages[2])
    field = BeautifulSoup(text, "html.parser").select_one(".field-approver .readonly")
    assert field is not None and field.get_text(strip=True) == "—", "nobody approves what stands open again"
    assert checker.login in text, "the course keeps who approved it"
    assert str(refused) == refused.attempt.trackid
    assert f"{refused.attempt_id} →" not in text
    listing = read(cashier, "/admin/payments/refunddue/?failed=yes")
    assert "IPAY0100033" in listing
    row = BeautifulSoup(listing, "html.parser").select_one("#result_list tbody tr")
    assert row is not None and f"KD\N{NO-BREAK SPACE}{refused.fils // 1000}." in row.get_text(" "), "an amount carries its currency"
    assert [mark.get_text(strip=True) for mark in row.select(".kp-tag--warn")] == ["Amount to be returned"], "red is the refusal alone"
    assert [mark.get_text(strip=True) for mark in row.select(".kp-tag--bad")] == ["Not paid out"]


def test_after_a_new_proposal_the_old_refusal_is_an_earlier_try_and_no_failure(refused: RefundDue, cashier: Any) -> None:
    """The control: the sentence comes from the last event alone. Who approves next reads what the bank said before."""
    assert refused.failure is not None
    propose(refused, cashier)
    again = RefundDue.objects.get()
    assert again.failure is None
    page = read(cashier, f"/admin/payments/refunddue/{again.pk}/pay-out/")
    assert "The last try to pay it back failed" not in page and "IPAY0100033" in page
    assert "IPAY0100033" not in read(cashier, "/admin/payments/refunddue/?failed=yes")


def test_no_difference_is_no_agreement_while_no_statement_is_loaded(paid: Attempt, cashier: Any) -> None:
    with clock.at(START):
        assert reconciliation.not_compared() == [], "the day itself is not over"
    with clock.at(TOMORROW):
        client = english(cashier)
        assert reconciliation.not_compared() == [clock.day_of(START)]
        text = client.get("/admin/").content.decode()
        assert "Not compared yet: no statement of the bank is loaded for" in text and "A statement of the bank is missing" in text
        days = client.get("/admin/payments/difference/days/").content.decode()
        assert "Not compared: no statement is loaded." in days and "The day is not over." in days
        take(cashier, line(paid, day=clock.day_of(START).isoformat()))
        assert reconciliation.not_compared() == []
        text = client.get("/admin/").content.decode()
        assert "Not compared yet" not in text and "between bank, gateway and ledger" in text


def test_a_day_between_two_statements_is_not_compared(paid: Attempt, cashier: Any) -> None:
    around = [clock.day_of(START) + dt.timedelta(days=step) for step in (-1, 1)]
    with clock.at(START + dt.timedelta(days=2)):
        for day in around:
            take(cashier, line(f"OTHER{day.day}", day=day.isoformat()))
        totals = {row.day: row.bank for row in reconciliation.days(count=5)}
        assert totals[around[0]] is not None and totals[around[1]] is not None and totals[clock.day_of(START)] is None
        assert reconciliation.not_compared() == [clock.day_of(START)]


def test_what_was_paid_on_a_day_is_listed_with_its_total(paid: Attempt, cashier: Any) -> None:
    day = clock.day_of(START).isoformat()
    bill = Bill.objects.get()
    text = read(cashier, f"/admin/payments/ledgerposting/day/?day={day}")
    assert text.count("10.000") == 2 and bill.title_en in text and paid.payment_id in text
    assert bill.payer.name_ar not in text
    other = read(cashier, "/admin/payments/ledgerposting/day/?day=2026-01-02")
    assert "Nothing was paid on this day." in other and "0.000" in other
    wrong = signed_in(cashier).get("/admin/payments/ledgerposting/day/?day=soon")
    assert wrong.status_code == 400 and 'value="soon"' in wrong.content.decode()
    assert signed_in(StaffFactory(groups=["officer"])).get("/admin/payments/ledgerposting/day/").status_code == 403


def test_a_posting_says_what_alone_can_be_paid_back(paid: Attempt, cashier: Any) -> None:
    posting = LedgerPosting.objects.get()
    assert "Only an amount that is owed back can be paid back" in read(cashier, f"/admin/payments/ledgerposting/{posting.pk}/change/")


def test_a_common_legal_source_stands_once_below_the_reasons(refused: RefundDue, cashier: Any) -> None:
    text = read(cashier, f"/admin/payments/refunddue/{refused.pk}/pay-out/")
    assert text.count("No text was found") == 1 and text.count('name="code"') > 3
    words = words_of_reason("deposit_over")
    assert words is not None and words["label_en"] == "Deposit whose cause is over"


def test_the_cash_office_reads_that_a_visitor_paid_and_the_payer_is_promised_nothing(paid: Attempt, cashier: Any) -> None:
    refund = owe_back(bill=Bill.objects.get(), reason="service_refused", actor=system("tests"))
    assert refund is not None
    pay_out = f"/admin/payments/refunddue/{refund.pk}/pay-out/"
    assert "Visitor, not signed in" not in read(cashier, pay_out), "the control: the payer paid"
    without_guards()
    Attempt.objects.update(started_by=None, session_digest="x")
    assert "Visitor, not signed in" in read(cashier, pay_out)
    with clock.at(LATER):
        run_due()
    told = Message.objects.get(kind="payments.amount_returned")
    assert "the card that paid" in told.body_en and " you this" not in told.body_en
    assert told.title_en.endswith("is to be returned") and "owed to you" not in told.short_en

"""A payment under review always comes to an end: the bank is asked every day, and two people record what its records say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.cases.roles import ensure_roles
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.notifications.models import Message
from payments import invariants, services
from payments.models import Allocation, Attempt, Bill, Difference, Inquiry, PaymentFinding, RefundDue
from payments.services import inquiries, reconciliation
from payments.services.returns import remaining_of
from payments.states import BillState
from tests.bank import Book
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.payments.bank_statements import DAY, line, take
from tests.payments.conftest import START

pytestmark = pytest.mark.django_db


@pytest.fixture
def doubted(at_bank: Callable[..., Attempt], bank: Book) -> Attempt:
    """A payment of which the bank says SUSPECT."""
    attempt = at_bank()
    bank.decide(attempt, "FAILURE(SUSPECT)")
    inquiries.inquire(attempt_id=attempt.pk)
    attempt.refresh_from_db()
    assert attempt.state == "mismatch"
    return attempt


def find(attempt: Attempt, by: Any, *, fils: int | None = None, **more: Any) -> PaymentFinding:
    values = {"is_taken": fils is not None, "bank_reference": "KB-2026-77", "proof": "كتاب البنك"} | more
    return services.record_finding(attempt=attempt, found_by=by, fils=fils, **values)


def test_it_is_asked_about_every_day_once_the_schedule_is_over(doubted: Attempt, bank: Book) -> None:
    for day in range(2, 5):
        with clock.at(START + dt.timedelta(days=day)):
            inquiries.sweep()
            inquiries.sweep()
            before = Inquiry.objects.count()
            run_due(("payments.inquire",))
            asked = Inquiry.objects.count() - before
        assert asked >= 1 if day == 2 else asked == 1, "once a day, whatever is left of the schedule on the first"
    bank.decide(doubted, "NOT CAPTURED")
    with clock.at(START + dt.timedelta(days=6)):
        inquiries.sweep()
        run_due()
    doubted.refresh_from_db()
    assert doubted.state == "declined"
    message = Message.objects.get(kind="payments.payment_not_taken")
    assert "was not taken" in message.body_en and "10.000 د.ك" in message.body_ar
    assert "can be paid again" in message.body_en and "من جديد" in message.body_ar and "again" in message.short_en


def test_whoever_paid_meanwhile_is_not_asked_to_pay_again(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    attempt = at_bank()
    bank.decide(attempt, "NOT CAPTURED")
    inquiries.inquire(attempt_id=attempt.pk)
    second = at_bank(Bill.objects.get())
    bank.decide(second)
    inquiries.inquire(attempt_id=second.pk)
    assert Bill.objects.get().state == BillState.PAID
    for result in ("FAILURE(SUSPECT)", "NOT CAPTURED"):
        bank.decide(attempt, result)
        inquiries.inquire(attempt_id=attempt.pk)
    run_due(("payments.tell_not_taken",))
    message = Message.objects.get(kind="payments.payment_not_taken")
    assert "was not taken" in message.body_en and "again" not in message.body_en + message.short_en
    assert "من جديد" not in message.body_ar + message.short_ar


@pytest.mark.parametrize("hint", ["", "given_up", "error"])
def test_a_payment_that_the_bank_does_not_find_stays_under_review(doubted: Attempt, bank: Book, hint: str) -> None:
    bank.entries.clear()
    Attempt.objects.filter(pk=doubted.pk).update(hint=hint)
    with clock.at(START + dt.timedelta(days=40)):
        inquiries.inquire(attempt_id=doubted.pk)
    doubted.refresh_from_db()
    assert (Inquiry.objects.order_by("-pk")[0].outcome, doubted.state) == ("not_found", "mismatch")


def test_two_people_find_that_nothing_was_taken_and_the_bill_is_open_again(
    doubted: Attempt, cashier: Any, checker: Any, payer: Any
) -> None:
    finding = find(doubted, cashier)
    with pytest.raises(Refused, match="found_already"):
        find(doubted, cashier)
    bill = Bill.objects.get()
    with pytest.raises(Refused, match="payment_open"):
        services.void_bill(bill=bill, actor=Actor("cashier", cashier.key))
    services.decide_finding(finding=finding, decided_by=checker, agrees=True)
    doubted.refresh_from_db()
    assert (doubted.state, bill.state, doubted.allocations.get().is_open) == ("expired", BillState.DUE, False)
    assert AuditEvent.objects.get(action="payment.finding_decided").data == {"agrees": True, "taken": False, "fils": None}
    run_due(("payments.tell_not_taken",))
    assert Message.objects.get(kind="payments.payment_not_taken").person == payer
    again = services.start_attempt(bills=[bill], payer=payer, language="en", session_key="x")
    assert again.pk != doubted.pk and list(invariants.findings()) == []


def test_what_was_taken_goes_back_by_hand_and_the_books_agree(doubted: Attempt, cashier: Any, checker: Any) -> None:
    services.decide_finding(finding=find(doubted, cashier, fils=12_500), decided_by=checker, agrees=True)
    doubted.refresh_from_db()
    refund = RefundDue.objects.get()
    assert (doubted.state, refund.fils, Bill.objects.get().state, remaining_of(refund)) == ("refund_due", 12_500, "due", 12_500)
    assert list(invariants.findings()) == [] and reconciliation.days(count=1)[0].agrees
    run_due(("payments.tell_owed_attempt",))
    message = Message.objects.get(kind="payments.amount_returned")
    assert "12.500 dinars" in message.body_en and "goes to the card" not in message.body_en
    assert "by bank transfer" in message.body_en and "بتحويل بنكي" in message.body_ar
    page = signed_in(message.person).get(f"/pay/r/{doubted.token}", headers={"Accept-Language": "en"}).content.decode()
    assert "The Municipality returns it by bank transfer" in page and "card you paid with" not in page
    asked: dict[str, Any] = {"refund": refund, "proposed_by": cashier, "code": "service_refused", "remaining_fils": 12_500}
    with pytest.raises(Refused, match="by_hand_only"):
        services.propose_refund(**asked)
    services.propose_refund(**asked, way="by_hand", bank_reference="TRF-1234")
    services.approve_refund(refund=refund, approved_by=checker, remaining_fils=12_500)
    doubted.refresh_from_db()
    assert doubted.state == "refunded" and list(invariants.findings()) == []


def test_everybody_whose_bill_was_in_the_payment_is_told(
    issue: Callable[..., Bill], at_bank: Callable[..., Attempt], bank: Book, payer: Any, stranger: Any, cashier: Any, checker: Any
) -> None:
    attempt = at_bank(issue())
    Allocation.objects.create(attempt=attempt, bill=issue(5_000, person=stranger, subject="case:def"), fils=5_000)
    bank.decide(attempt, "FAILURE(SUSPECT)")
    inquiries.inquire(attempt_id=attempt.pk)
    services.decide_finding(finding=find(attempt, cashier, fils=15_000), decided_by=checker, agrees=True)
    run_due(("payments.tell_owed_attempt", "payments.tell_not_taken"))
    told = {message.person: message for message in Message.objects.all()}
    assert {person: message.kind for person, message in told.items()} == {
        payer: "payments.amount_returned",
        stranger: "payments.payment_not_taken",
    }
    other = told[stranger]
    assert "what the bank took is returned" in other.body_en and "can be paid again" in other.body_en
    assert "not taken" not in other.title_en + other.short_en and "يُرد" in other.body_ar + other.short_ar


def test_what_was_found_is_compared_with_the_statements_of_the_bank(doubted: Attempt, cashier: Any, checker: Any) -> None:
    services.decide_finding(finding=find(doubted, cashier, fils=12_500), decided_by=checker, agrees=True)
    missing = take(cashier, line("T1", 1_000))
    kinds = [(d.kind, d.trackid, d.ledger_fils, str(d.day)) for d in missing if d.trackid != "T1"]
    assert kinds == [("missing_at_bank", doubted.trackid, 12_500, DAY)]
    assert take(cashier, line(doubted.trackid, 12_500, day="2026-11-25").replace(",,", ",100202632900000001,")) == []
    assert Difference.objects.get(trackid=doubted.trackid).code == "timing" and list(invariants.findings()) == []


def test_an_answer_that_agrees_settles_it_although_a_finding_waits(doubted: Attempt, bank: Book, cashier: Any, checker: Any) -> None:
    finding = find(doubted, cashier)
    bank.decide(doubted)
    services.ask_again(attempt=doubted, by=cashier)
    run_due()
    doubted.refresh_from_db()
    assert (doubted.state, Bill.objects.get().state) == ("paid", "paid")
    finding.refresh_from_db()
    assert finding.closed_at is not None
    with pytest.raises(Refused, match="not_in_review"):
        services.decide_finding(finding=finding, decided_by=checker, agrees=True)
    with pytest.raises(Refused, match="not_in_review"):
        services.ask_again(attempt=doubted, by=cashier)


def test_an_answer_that_ends_the_review_closes_a_finding_that_waits(doubted: Attempt, bank: Book, cashier: Any, checker: Any) -> None:
    stale = find(doubted, cashier, fils=1)
    for result in ("NOT CAPTURED", "FAILURE(SUSPECT)"):
        bank.decide(doubted, result)
        inquiries.inquire(attempt_id=doubted.pk)
    doubted.refresh_from_db()
    stale.refresh_from_db()
    assert (doubted.state, stale.closed_at, stale.decided_at) == ("mismatch", START, None)
    with pytest.raises(Refused, match="done"):
        services.decide_finding(finding=stale, decided_by=checker, agrees=True)
    services.decide_finding(finding=find(doubted, cashier), decided_by=checker, agrees=True)
    doubted.refresh_from_db()
    assert doubted.state == "expired" and list(invariants.findings()) == []


def test_the_database_refuses_an_end_by_a_finding_of_an_earlier_review(doubted: Attempt, bank: Book, cashier: Any, checker: Any) -> None:
    services.decide_finding(finding=find(doubted, cashier), decided_by=checker, agrees=True)
    with clock.at(START + dt.timedelta(hours=1)):
        inquiries.inquire(attempt_id=doubted.pk)
        doubted.refresh_from_db()
        assert doubted.state == "mismatch"
        with pytest.raises(Exception, match="found_without_second_person"), transaction.atomic():
            transition(doubted, "find_not_taken", actor=Actor("finance_checker", checker.key), reason="x")


def test_a_finding_that_is_not_confirmed_changes_nothing(doubted: Attempt, cashier: Any, checker: Any) -> None:
    finding = find(doubted, cashier, fils=1)
    services.decide_finding(finding=finding, decided_by=checker, agrees=False)
    doubted.refresh_from_db()
    assert doubted.state == "mismatch" and not RefundDue.objects.exists()
    with pytest.raises(Refused, match="done"):
        services.decide_finding(finding=finding, decided_by=checker, agrees=True)
    find(doubted, cashier)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"fils": 0}, "bad_amount"),
        ({"fils": 10**9}, "bad_amount"),
        ({"is_taken": True}, "bad_amount"),
        ({"bank_reference": ""}, "bad_reference"),
        ({"proof": " "}, "no_proof"),
    ],
)
def test_a_finding_without_what_proves_it_is_refused(doubted: Attempt, cashier: Any, facts: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        find(doubted, cashier, **facts)


def test_only_the_cash_office_finds_and_another_person_confirms(doubted: Attempt, cashier: Any, checker: Any, payer: Any) -> None:
    for who in (checker, payer):
        with pytest.raises(NotPermitted, match="not_your_role"):
            find(doubted, who)
        with pytest.raises(NotPermitted, match="not_your_role"):
            services.ask_again(attempt=doubted, by=who)
    cashier.groups.add(checker.groups.get())
    finding = find(doubted, cashier)
    with pytest.raises(NotPermitted, match="own_proposal"):
        services.decide_finding(finding=finding, decided_by=cashier, agrees=True)


def test_the_database_refuses_one_person_as_both_and_an_end_without_them(doubted: Attempt, cashier: Any, checker: Any) -> None:
    finding = find(doubted, cashier)
    with pytest.raises(IntegrityError, match="payments_finding_two_people"), transaction.atomic():
        PaymentFinding.objects.filter(pk=finding.pk).update(decided_by=cashier, decided_at=clock.now(), is_confirmed=True)
    for move in ("find_taken", "find_not_taken"):
        with pytest.raises(Exception, match="found_without_second_person"), transaction.atomic():
            transition(doubted, move, actor=Actor("finance_checker", checker.key), reason="x")
    PaymentFinding.objects.filter(pk=finding.pk).update(decided_by=checker, decided_at=clock.now(), is_confirmed=True)
    doubted = Attempt.objects.get(pk=doubted.pk)
    with pytest.raises(Exception, match="found_without_second_person"), transaction.atomic():
        transition(doubted, "find_taken", actor=Actor("finance_checker", checker.key), reason="x")  # it found that nothing was taken
    transition(doubted, "find_not_taken", actor=Actor("finance_checker", checker.key), reason="x")


def test_the_cash_office_sees_it_first_and_works_on_it(doubted: Attempt, cashier: Any, checker: Any) -> None:
    ensure_roles()
    url = f"/admin/payments/attempt/{doubted.pk}/review/"
    first, second = signed_in(cashier), signed_in(checker)
    assert url in first.get("/admin/").content.decode()
    listed = first.get("/admin/payments/attempt/reviews/").content.decode()
    assert doubted.trackid in listed and 'href="/admin/payments/attempt/"' not in listed
    assert "FAILURE(SUSPECT)" in first.get(url).content.decode()
    assert first.post(url, {"step": "ask"}).status_code == 302
    assert AuditEvent.objects.filter(action="payment.asked_again", subject=doubted.key).exists()
    told = {"step": "find", "taken": "yes", "amount": "9.500", "bank_reference": "KB-2026-77", "proof": "كتاب البنك"}
    assert first.post(url, told | {"amount": "much"}).status_code == 409
    assert first.post(url, told).status_code == 302
    assert _step(first, url) == [] and _step(second, url) == ["confirm", "disagree"]
    finding = PaymentFinding.objects.get()
    assert f'name="seen" value="{finding.public_id}"' in second.get(url).content.decode()
    assert second.post(url, {"step": "confirm", "seen": finding.public_id}).status_code == 302
    refund = RefundDue.objects.get()
    assert refund.fils == 9_500
    assert _step(second, url) == []
    read = second.get(url).content.decode()
    assert "KB-2026-77" in read and "كتاب البنك" in read and "9.500" in read
    assert url in second.get(f"/admin/payments/refunddue/{refund.pk}/pay-out/").content.decode()
    auditor = signed_in(StaffFactory(groups=["auditor"], login="auditor"))
    read = auditor.get(f"/admin/payments/attempt/{doubted.pk}/change/").content.decode()
    assert "KB-2026-77" in read and "كتاب البنك" in read
    assert second.get(f"/admin/payments/attempt/{doubted.pk + 1}/review/").status_code == 404


def test_another_finding_than_the_page_showed_is_not_confirmed(doubted: Attempt, cashier: Any, checker: Any) -> None:
    ensure_roles()
    url = f"/admin/payments/attempt/{doubted.pk}/review/"
    seen, second = find(doubted, cashier), signed_in(checker)
    services.decide_finding(finding=seen, decided_by=checker, agrees=False)
    waiting = find(doubted, cashier, fils=9_500)
    for told in (seen.public_id, "", "x"):
        for step in ("confirm", "disagree"):
            assert second.post(url, {"step": step, "seen": told}).status_code == 409
    assert PaymentFinding.objects.get(pk=waiting.pk).decided_at is None and not RefundDue.objects.exists()
    assert second.post(url, {"step": "confirm", "seen": waiting.public_id}).status_code == 302


def test_the_payer_reads_who_looked_at_a_payment_under_review(doubted: Attempt, cashier: Any, checker: Any, payer: Any) -> None:
    ensure_roles()
    url = f"/admin/payments/attempt/{doubted.pk}/review/"
    for viewer in (cashier, checker):
        assert signed_in(viewer).get(url).status_code == 200
    looks = list(AccessLogEntry.objects.order_by("pk").values_list("viewer_key", "viewer_role", "person_key", "subject", "purpose"))
    assert looks == [
        (cashier.key, "cashier", payer.key, doubted.key, "payment_review"),
        (checker.key, "finance_checker", payer.key, doubted.key, "payment_review"),
    ]
    for language, reason in (("ar", "الاطلاع على عملية دفع قيد المراجعة"), ("en", "look at a payment that is under review")):
        assert reason in signed_in(payer).get(f"/{language}/profile/looks/").content.decode()


def _step(browser: Client, url: str) -> list[str]:
    page = browser.get(url).content.decode()
    return [step for step in ("find", "confirm", "disagree") if f'value="{step}"' in page]

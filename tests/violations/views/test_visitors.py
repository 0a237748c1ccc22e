"""Paying for somebody else: by the number and four digits, without an account, in one browser and within an hour."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted
from municipality.notifications.models import Message
from payments import invariants as of_payments
from payments.documents import ReceiptFacts
from payments.models import Allocation, Attempt, Bill, Receipt
from payments.rules import new_trackid
from payments.services import give_up, redirect_url, start_attempt
from tests.bank import Bank
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories.accounts import NOURA, SALIM, StaffFactory
from tests.factories.payments import BillFactory
from violations import invariants, queries
from violations.models import Charge, Violation
from violations.services import notices, objections, settlements, terms, visitors

pytestmark = pytest.mark.django_db
FILS = {"fils": "100000"}


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def url(row: Violation, rest: str = "") -> str:
    return f"/en/violations/{row.public_id}/{rest}"


def found(row: Violation, client: Client | None = None) -> Client:
    """A browser that found the violation by number and digits."""
    client = client or Client()
    assert client.post("/en/violations/", {"number": row.number, "last_four": SALIM[-4:]}).status_code == 302
    return client


def begin(client: Client, row: Violation, **form: str) -> Any:
    return client.post(url(row, "pay-for/"), FILS | form)


def arrive(attempt: Attempt) -> None:
    """The bank takes the amount, and tells it."""
    Bank.book.decide(attempt)
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()


def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rulebook with payment by visitors switched off."""
    limits = queries.limits
    monkeypatch.setattr(queries, "limits", lambda on=None: limits(on) | {"visitors_pay": 0})


def test_a_relative_pays_without_an_account_and_the_party_is_told(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    client = found(row)
    page = client.get(url(row)).content.decode()
    assert url(row, "pay-for/") in page
    form = client.get(url(row, "pay-for/")).content.decode()
    assert form.index("Paying ends the right to object") < form.index('<button class="kp-btn kp-btn--fill"')
    answer = begin(client, row)
    assert answer.status_code == 303 and answer["Location"].startswith("https://bank.example.test/")
    attempt = Attempt.objects.get()
    bill = Charge.objects.get(violation=row).bill
    assert (attempt.started_by, attempt.fils, bill.payer) == (None, 100_000, owner)
    event = AuditEvent.objects.get(action="payment.started")
    assert (event.actor_role, event.actor_key, event.data["fils"]) == ("visitor", "visitor:web", 100_000)
    assert attempt.events.get(move="redirect").actor_role == "visitor"
    open_page = client.get(f"/pay/r/{attempt.token}", headers={"Accept-Language": "en"}).content.decode()
    assert "The outcome appears here." in open_page and "confirmed by a message" not in open_page
    assert "kept with your request" not in open_page and "open this page again later in this browser" in open_page
    assert "the full report and the objection:" in page, "it can still be objected to"
    arrive(attempt)
    row.refresh_from_db()
    assert row.state == "paid"
    after = client.get(url(row)).content.decode()
    assert "the full report and the objection:" not in after and "words and the full report:" in after
    assert Message.objects.filter(person=owner, kind="violations.paid_for_you").count() == 1
    assert not Message.objects.filter(kind__in=["violations.settled", "payments.payment_received"]).exists(), "one message for one act"
    assert "right to object has ended" in Message.objects.get(kind="violations.paid_for_you").body_en
    result = client.get(f"/pay/r/{attempt.token}").content.decode()
    assert "The bank’s numbers for this payment" in result and url(row) in result.replace("/ar/", "/en/")
    assert "The bank’s numbers for this payment" not in Client().get(f"/pay/r/{attempt.token}").content.decode()
    assert attempt.trackid in signed_in(owner).get(f"/pay/r/{attempt.token}").content.decode()
    assert list(invariants.findings()) == list(of_payments.findings()) == []
    assert begin(client, row).status_code == 409  # a replay
    assert Attempt.objects.count() == 1


def test_nobody_pays_what_they_did_not_find(write: Callable[..., Violation], make_shop: Callable[..., Any], stranger: Any) -> None:
    row, other = write(), write(shop=make_shop())
    client = found(row)
    for browser in (Client(), signed_in(stranger)):
        assert browser.get(url(row, "pay-for/")).status_code == begin(browser, row).status_code == 404
    assert client.get(url(other, "pay-for/")).status_code == begin(client, other).status_code == 404
    assert not Attempt.objects.exists()


def test_what_was_found_an_hour_ago_is_to_be_found_again(write: Callable[..., Violation], monkeypatch: pytest.MonkeyPatch) -> None:
    row = write()
    client = found(row)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3599)
    assert client.get(url(row, "pay-for/")).status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    assert client.get(url(row, "pay-for/")).status_code == begin(client, row).status_code == 404


def test_staff_do_not_pay_as_visitors(write: Callable[..., Violation]) -> None:
    row = write()
    client = found(row, signed_in(StaffFactory(login="s")))
    assert client.get(url(row, "pay-for/")).status_code == begin(client, row).status_code == 403


def test_the_party_and_a_signed_in_relative(write: Callable[..., Violation], owner: Any, stranger: Any) -> None:
    row = write()
    party = signed_in(owner)
    assert party.get(url(row, "pay-for/"))["Location"] == begin(party, row)["Location"] == url(row, "pay/")
    relative = found(row, signed_in(stranger))
    assert begin(relative, row).status_code == 303
    attempt = Attempt.objects.get()
    assert attempt.started_by is None  # they use no right of their account
    assert "The bank’s numbers for this payment" in relative.get(f"/pay/r/{attempt.token}").content.decode()


def test_an_objection_that_is_studied_refuses_the_payment_of_a_visitor(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    client = found(row)
    assert client.get(url(row, "pay-for/")).status_code == 200
    objections.file(violation=row, person=owner, ground="facts_wrong", words="x")
    answer = begin(client, row)
    assert answer.status_code == 409
    assert "An objection is being studied. Nothing can be paid until it is decided." in answer.content.decode()
    assert client.get(url(row, "pay-for/"))["Location"] == url(row)
    assert not Attempt.objects.exists()


def test_two_browsers_begin_one_payment(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    first, second = found(row), found(row)
    assert begin(first, row).status_code == begin(first, row).status_code == 303
    answer = begin(second, row)
    assert answer.status_code == 409
    assert "A payment is open at the bank" in answer.content.decode()
    assert Attempt.objects.count() == Bill.objects.count() == 1
    party = signed_in(owner)
    assert party.post(url(row, "object/"), {"ground": "facts_wrong", "words": "x"}).status_code == 409


def test_the_party_may_give_up_what_a_visitor_left_open(write: Callable[..., Violation], owner: Any, stranger: Any) -> None:
    row = write()
    client = found(row)
    begin(client, row)
    attempt = Attempt.objects.get()
    with pytest.raises(NotPermitted):
        give_up(attempt=attempt, payer=stranger)
    with pytest.raises(NotPermitted):
        give_up(attempt=attempt, payer=None, session_key="another")
    left = f"/pay/r/{attempt.token}/left"
    assert Client().post(left).status_code == signed_in(stranger).post(left).status_code == 404
    assert client.post(left)["Location"] == f"/pay/r/{attempt.token}"
    give_up(attempt=attempt, payer=owner)
    attempt.refresh_from_db()
    assert attempt.hint == "given_up"


def test_switched_off_the_visitor_is_told_to_sign_in(write: Callable[..., Violation], monkeypatch: pytest.MonkeyPatch) -> None:
    row = write()
    client = found(row)
    assert begin(client, row, fils="1").status_code == 409  # the control: only the amount is wrong
    closed(monkeypatch)
    page = client.get(url(row, "pay-for/")).content.decode()
    assert "Only the party pays a violation in the portal" in page and 'name="fils"' not in page
    answer = begin(client, row)
    assert answer.status_code == 403
    assert not Attempt.objects.exists() and not Bill.objects.exists()
    assert url(row, "pay/") in answer.content.decode()  # signing in leads back to this violation
    assert client.get(url(row, "pay/"))["Location"].endswith(f"next=/en/violations/{row.public_id}/pay/")


def test_switched_off_while_the_bill_waits_the_payment_itself_is_refused(
    write: Callable[..., Violation], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = write()
    with transaction.atomic():
        bill = settlements.bill_for_visitor(row)
    closed(monkeypatch)
    with pytest.raises(NotPermitted):
        start_attempt(bills=[bill], payer=None, language="en", session_key="s")


def test_an_amount_that_changed_meanwhile_is_not_charged(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    client = found(row)
    notices.record_opening(violation=row, person=owner)
    terms.agree_plan(violation=row, person=owner, count=2)
    answer = begin(client, row)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "The amount has changed. Nothing was charged" in page and "50.000" in page
    assert not Attempt.objects.exists()
    assert begin(client, row, fils="50000").status_code == 303
    arrive(Attempt.objects.get())
    assert Message.objects.filter(kind="violations.paid_for_you").count() == 1
    assert Violation.objects.get(pk=row.pk).state == "instalments"


def test_without_a_known_party_nothing_can_be_paid_here(write: Callable[..., Violation]) -> None:
    row = write("CLN-01", shop=None, civil_id=NOURA, party_name_ar="نورة")
    client = Client()
    assert client.post("/en/violations/", {"number": row.number, "last_four": NOURA[-4:]}).status_code == 302
    answer = begin(client, row, fils="5000")
    assert answer.status_code == 409
    assert "The portal does not know the party of this violation yet" in answer.content.decode()
    assert not Attempt.objects.exists() and not Bill.objects.exists()


def test_a_violation_takes_a_few_payments_of_visitors_an_hour(write: Callable[..., Violation]) -> None:
    row = write()
    for _ in range(visitors.PAYMENTS.amount):
        assert visitors.PAYMENTS.take(row.key)
    assert begin(found(row), row).status_code == 429
    assert not Attempt.objects.exists()


def test_a_visitor_pays_violations_and_nothing_else(owner: Any, rules: None, write: Callable[..., Violation]) -> None:
    bill = BillFactory(payer=owner)
    with pytest.raises(NotPermitted):
        start_attempt(bills=[bill], payer=None, language="en", session_key="s")
    attempt = Attempt(trackid=new_trackid(), fils=10_000, language="ar", session_digest="x", created_at=clock.now())
    attempt.save()
    with pytest.raises(IntegrityError, match="visitor_pays_something_else"), transaction.atomic():
        Allocation.objects.create(attempt=attempt, bill=bill, fils=10_000)
    with pytest.raises(IntegrityError, match="by_somebody"), transaction.atomic():
        Attempt.objects.create(trackid=new_trackid(), fils=10_000, language="ar", session_digest="", created_at=clock.now())


def test_the_receipt_is_on_the_page_and_names_nobody(write: Callable[..., Violation], owner: Any, make_shop: Callable[..., Any]) -> None:
    row, other = write(), write(shop=make_shop())
    client = found(row)
    begin(client, row)
    arrive(Attempt.objects.get())
    receipt = Receipt.objects.get()
    facts = ReceiptFacts.of(receipt)
    assert (facts.payer_en, facts.payer_ar) == ("Not named (paid without signing in)", "غير مذكور (دفع دون تسجيل دخول)")
    assert row.shop is not None
    assert f"Violation {row.reference}, {row.shop.name_en}" in facts.lines[0].formula_en
    assert f"المخالفة {row.reference}، {row.shop.name_ar}" in facts.lines[0].formula_ar
    address = url(row, f"receipts/{receipt.number}/")
    assert Client().get(address).status_code == 404
    assert client.get(url(row, "receipts/RCT-2026-999999-X/")).status_code == 404
    # One that the party paid names them: not for visitors.
    mine = settlements.bill_for(violation=other, person=owner)
    attempt = start_attempt(bills=[mine], payer=owner, language="en", session_key="o")
    redirect_url(attempt)
    arrive(attempt)
    assert not queries.visitor_receipts(other).exists()
    assert ReceiptFacts.of(Receipt.objects.get(bill=mine)).payer_en == owner.name_en


def test_other_options_lead_back_to_this_violation_after_signing_in(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    client = found(row)
    page = client.get(url(row)).content.decode()
    for option in ("object", "more-time", "instalments", "not-mine"):
        assert url(row, f"{option}/") in page
        assert client.get(url(row, f"{option}/"))["Location"].endswith(f"next=/en/violations/{row.public_id}/{option}/")

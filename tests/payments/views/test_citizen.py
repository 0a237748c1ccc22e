from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from municipality.audit.models import AuditEvent
from municipality.documents import services, signing
from municipality.documents.models import Document
from municipality.documents.services import activate, draft
from municipality.jobs.errors import OnHold
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import documents
from payments.models import Attempt, Bill, Receipt
from payments.services import receipts, void_bill
from payments.states import AttemptState
from tests.bank import Book
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.payments.conftest import START, walk

pytestmark = pytest.mark.django_db


def test_the_bill_shows_lines_formula_article_and_total_before_paying(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue(10_000)
    text = signed_in(payer).get(f"/en/pay/{bill.public_id}/").content.decode()
    for part in (bill.reference, "Renewal", "1 year", "Article 12", "KD\u00a010.000", "Pay"):
        assert part in text
    assert "v12" not in text, "the edition stands on the receipt, not on the page"
    assert text.count('class="kp-btn kp-btn--fill"') == 1
    arabic = signed_in(payer).get(f"/ar/pay/{bill.public_id}/").content.decode()
    assert "المادة 12" in arabic and "10.000" in arabic and "د.ك" in arabic


def test_paying_leaves_for_the_bank_by_303_after_the_attempt_is_written(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue()
    answer = signed_in(payer).post(f"/en/pay/{bill.public_id}/")
    assert answer.status_code == 303
    assert answer["Location"].startswith("https://bank.example.test/kpg/PaymentHTTP.htm?param=paymentInit&trandata=")
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.fils, attempt.language) == (AttemptState.REDIRECTED, 10_000, "en")


def test_a_form_that_names_another_amount_changes_nothing(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue()
    signed_in(payer).post(f"/en/pay/{bill.public_id}/", {"amt": "0.001", "total_fils": "1", "fils": "1"})
    assert Attempt.objects.get().fils == 10_000


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_strangers_bill_does_not_exist(method: str, issue: Callable[..., Bill], stranger: Any) -> None:
    bill = issue()
    client = signed_in(stranger)
    assert getattr(client, method)(f"/en/pay/{bill.public_id}/").status_code == 404
    assert client.post(f"/en/pay/{bill.public_id}/left/").status_code == 404
    assert not Attempt.objects.exists()


def test_nobody_pays_without_signing_in_and_staff_not_at_all(issue: Callable[..., Bill]) -> None:
    bill = issue()
    answer = Client().get(f"/en/pay/{bill.public_id}/")
    assert answer.status_code == 302 and "sign-in" in answer["Location"]
    assert signed_in(StaffFactory(groups=["officer"])).get(f"/en/pay/{bill.public_id}/").status_code == 403


def test_a_form_without_its_token_is_refused(issue: Callable[..., Bill], payer: Any) -> None:
    client = signed_in(payer, enforce_csrf_checks=True)
    assert client.post(f"/en/pay/{issue().public_id}/").status_code == 403
    assert not Attempt.objects.exists()


def test_a_second_tab_is_led_to_the_state_of_the_first(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue()
    client = signed_in(payer)
    client.post(f"/en/pay/{bill.public_id}/")
    with clock.at(START + dt.timedelta(minutes=1)):
        shown = client.get(f"/en/pay/{bill.public_id}/").content.decode()
        assert "open at the bank" in shown and 'action="left/"' in shown
        answer = client.post(f"/en/pay/{bill.public_id}/")
    assert answer["Location"] == f"https://portal.example.test/pay/r/{Attempt.objects.get().token}"


def test_leaving_the_banks_page_is_asked_about_and_then_the_bill_is_payable(issue: Callable[..., Bill], payer: Any, bank: Book) -> None:
    bill = issue()
    client = signed_in(payer)
    client.post(f"/en/pay/{bill.public_id}/")
    attempt = Attempt.objects.get()
    assert "tell us below" in client.get(f"/pay/r/{attempt.token}?lang=en").content.decode()
    assert client.post(f"/en/pay/{bill.public_id}/left/")["Location"] == f"/pay/r/{attempt.token}"
    told = client.get(f"/pay/r/{attempt.token}?lang=en").content.decode()
    assert "tell us below" not in told and "We ask the bank what became of the payment" in told
    for other in (f"/en/pay/{bill.public_id}/", "/en/basket/"):
        told = unescape(client.get(other).content.decode())
        assert "We ask the bank what became" in told and "left the bank's page" not in told, other
    walk(0.1, step=0.1)
    assert attempt.inquiries.latest("pk").result.startswith("!ERROR!")
    assert "!ERROR!" not in client.get(f"/pay/r/{attempt.token}?lang=en").content.decode(), "an error of the bank's interface is for staff"
    assert "Check and pay" in client.get(f"/en/pay/{bill.public_id}/").content.decode()
    assert client.post(f"/en/pay/{bill.public_id}/left/").status_code == 303


def test_the_forms_of_the_result_page_say_where_they_come_from(issue: Callable[..., Bill], payer: Any) -> None:
    bill, client = issue(), signed_in(payer, enforce_csrf_checks=True)
    signed_in(payer).post(f"/en/pay/{bill.public_id}/")
    page = client.get(f"/pay/r/{Attempt.objects.get().token}?lang=en")
    token = page.content.decode().partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    left, form = f"/en/pay/{bill.public_id}/left/", {"csrfmiddlewaretoken": token}
    assert client.post(left, form, headers={"Origin": "null"}).status_code == 403, "what a browser sends from a page without a referrer"
    assert page["Referrer-Policy"] == "same-origin" and 'name="referrer"' not in page.content.decode()
    assert client.post(left, form, headers={"Origin": "http://testserver"}).status_code == 303


def test_a_gateway_that_is_not_set_up_is_told_in_a_sentence(issue: Callable[..., Bill], payer: Any, settings: Any) -> None:
    settings.KNET_PAYMENT_URL = ""
    answer = signed_in(payer).post(f"/en/pay/{issue().public_id}/")
    assert answer.status_code == 409
    assert "Nothing was taken" in answer.content.decode()


def test_a_bill_that_is_not_due_has_no_button(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue()
    void_bill(bill=bill, actor=system("tests"))
    client = signed_in(payer)
    text = client.get(f"/en/pay/{bill.public_id}/").content.decode()
    assert "This bill was cancelled" in text and "kp-btn--fill" not in text
    assert "whether anything is still to be paid" in text and "Nothing is due" not in text, "its sum may be owed by another bill"
    assert client.post(f"/en/pay/{bill.public_id}/").status_code == 409


@pytest.fixture
def paid(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> Receipt:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    return Receipt.objects.get()


def test_a_receipt_waits_for_its_seal(paid: Receipt, payer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(facts: Any, document: Document) -> bytes:
        raise signing.SignerMissing("no key")

    monkeypatch.setattr(services, "render_and_seal", missing)
    for _ in range(2):
        with pytest.raises(OnHold):
            receipts.write_document(receipt_id=paid.pk)
    assert Document.objects.get().state == "draft"
    client = signed_in(payer)
    assert client.get(f"/en/receipts/{paid.number}/").status_code == 404
    text = client.get(f"/pay/r/{paid.allocation.attempt.token}", headers={"Accept-Language": "en"}).content.decode()
    assert "its sealed file is not made yet" in client.get("/en/my-payments/").content.decode()
    bill = client.get(f"/en/pay/{paid.bill.public_id}/").content.decode()
    assert "This bill is paid" in bill and "its sealed file is not made yet" in bill and "be paid until" not in bill
    assert "The receipt is being sealed." in text and f"seen={'paid'}" in text


def test_the_exact_bytes_of_a_receipt_are_for_its_payer_only(
    paid: Receipt, payer: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(services, "render_and_seal", lambda facts, document: b"%PDF-1.7 sealed " + document.number.encode())
    receipts.write_document(receipt_id=paid.pk)
    receipts.write_document(receipt_id=paid.pk)
    assert Document.objects.count() == 1
    answer = signed_in(payer).get(f"/en/receipts/{paid.number}/")
    assert answer.content == b"%PDF-1.7 sealed " + paid.number.encode()
    assert answer["Content-Type"] == "application/pdf" and "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"] == f'attachment; filename="{paid.number}.pdf"'
    assert signed_in(stranger).get(f"/en/receipts/{paid.number}/").status_code == 404
    assert Client().get(f"/en/receipts/{paid.number}/").status_code == 302
    assert signed_in(payer).get("/en/receipts/RCT-2026-999999-X/").status_code == 404


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_receipt_whose_file_is_lost_is_a_page_and_an_alarm(
    harm: str, paid: Receipt, payer: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(services, "render_and_seal", lambda facts, document: b"%PDF-1.7")
    receipts.write_document(receipt_id=paid.pk)
    (file,) = [path for path in (tmp_path / "documents").rglob("*") if path.is_file()]
    file.unlink() if harm == "gone" else file.write_bytes(b"%PDF-1.8")
    client = signed_in(payer)
    client.raise_request_exception = False
    answer = client.get(f"/en/receipts/{paid.number}/")
    assert answer.status_code == 503 and "cannot be given out" in answer.content.decode()
    assert AuditEvent.objects.get(action="store.damaged").subject == f"file:{file.name}"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("StoreMiddleware")]
    bare = signed_in(payer)
    bare.raise_request_exception = False
    assert bare.get(f"/en/receipts/{paid.number}/").status_code == 500  # the red control


def test_a_reversed_payment_revokes_its_receipt(
    paid: Receipt, payer: Any, bank: Book, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(services, "render_and_seal", lambda facts, document: b"%PDF-1.7")
    receipts.write_document(receipt_id=paid.pk)
    bank.decide(paid.allocation.attempt, "FAILURE(NOT CAPTURED)")
    walk(13)
    assert Document.objects.get().state == "revoked"
    assert signed_in(payer).get(f"/en/receipts/{paid.number}/").status_code == 404


def test_what_the_check_page_may_show_names_no_person(paid: Receipt, payer: Any) -> None:
    shown = str(documents.public_facts(paid))
    assert payer.name_ar not in shown and payer.public_id not in shown and "salon" not in shown.lower()
    assert payer.civil_id_masked not in str(documents.ReceiptFacts.of(paid).dump())


def test_another_document_cannot_take_the_place_of_a_receipts(paid: Receipt, payer: Any, settings: Any, tmp_path: Any) -> None:
    from django.db import DatabaseError, transaction

    settings.VAR_DIR = tmp_path
    rows = [draft(kind="x", number=f"X{n}", subject="bill:x", holder_key=payer.key) for n in (1, 2)]
    with transaction.atomic():
        activate(rows[0], content=b"1", media_type="application/pdf", actor=system("tests"))
    Receipt.objects.filter(pk=paid.pk).update(document=rows[0])
    with pytest.raises(DatabaseError), transaction.atomic():
        Receipt.objects.filter(pk=paid.pk).update(document=rows[1])


def test_no_page_offers_to_pay_a_bill_whose_last_day_has_passed(
    at_bank: Callable[..., Attempt], issue: Callable[..., Bill], payer: Any
) -> None:
    bill = issue(due_until=clock.today())
    attempt, client = at_bank(bill), signed_in(payer)
    client.post(f"/en/pay/{bill.public_id}/left/")
    walk(0.1, step=0.1)
    pages = (f"/en/pay/{bill.public_id}/", f"/pay/r/{attempt.token}?lang=en", "/en/my-payments/")
    today = [client.get(page).content.decode() for page in pages]
    with clock.at(clock.now() + dt.timedelta(days=1)):
        client = signed_in(payer)
        late = [client.get(page).content.decode() for page in pages]
        assert "Pay again" not in Client().get(pages[1]).content.decode()
    button = "kp-btn--fill"
    assert all(button in page for page in today) and not any(button in page for page in late)
    assert "Check and pay" in today[0] and "Check and pay" not in late[0]
    assert "The last day for paying this bill has passed" in late[0] and "Pay again" in today[1] and "Pay again" not in late[1]
    assert ">Due<" in today[2] and ">Due<" not in late[2] and "The last day has passed<" in late[2]

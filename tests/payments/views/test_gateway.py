from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.test import Client
from django.urls import resolve

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import links, queries, registry, services
from payments.models import Attempt, Bill, GatewayMessage, Receipt
from payments.providers.knet import codec
from payments.services import owe_back, void_bill
from payments.services.callbacks import MAX_BODY
from payments.states import AttemptState
from tests.bank import KEY, Book, notification
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.payments.conftest import START, walk

pytestmark = pytest.mark.django_db
UNKNOWN = b"REDIRECT=https://portal.example.test/pay/r/unknown"
FORM = "application/x-www-form-urlencoded"


def post(body: str | bytes, client: Client | None = None, **more: Any) -> Any:
    return (client or Client(enforce_csrf_checks=True)).post("/pay/knet/response", data=body, content_type=FORM, **more)


def test_the_fixed_addresses_are_where_the_bank_is_told_they_are() -> None:
    assert resolve(links.RESPONSE).view_name == "knet_response"
    assert resolve(links.ERROR).view_name == "knet_error"
    assert resolve(links.receipt_path("abc")).view_name == "pay_receipt"


def test_a_notification_gets_exactly_one_line_without_cookies(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    answer = post(notification(attempt))
    assert answer.status_code == 200
    assert answer.content == f"REDIRECT=https://portal.example.test/pay/r/{attempt.token}".encode()
    assert answer["Content-Type"].startswith("text/plain") and not answer.cookies
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_probe_is_answered_in_plain_text(method: str) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, "/pay/knet/response", b"", FORM)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain")
    assert not GatewayMessage.objects.exists()


def test_other_methods_are_not_allowed() -> None:
    assert Client().put("/pay/knet/response").status_code == 405


def test_the_old_flow_leads_a_browser_on(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    text = notification(attempt)
    by_query = Client().get("/pay/knet/response", {"trandata": text, "paymentid": "1"})
    assert (by_query.status_code, by_query["Location"]) == (303, f"https://portal.example.test/pay/r/{attempt.token}")
    by_browser = post(text, signed_in(payer))
    assert (by_browser.status_code, by_browser["Location"]) == (303, by_query["Location"])


def test_every_bad_notification_gets_the_same_bytes(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    text = notification(attempt)
    bodies = [
        "x",
        "trandata=zz",
        text[:-2],
        text[32:],
        "0" * 64,
        text[:32] + "0" * 32 + text[:32],
        "A" * (MAX_BODY + 100),
        b"\x00\xff" * 50,
        b"A" * 1_100_000,
        codec.encrypt(KEY, "paymentid=1&result=CAPTURED&trackid=NOBODY"),
        codec.encrypt(KEY, f"paymentid=1&result=CAPTURED&trackid={attempt.trackid}&password=x"),
    ]
    answers = [post(body) for body in bodies]
    for answer in answers:  # the one header that tells the second, and so differs across a tick of the clock
        del answer.headers["Expires"]
    assert {(a.status_code, a.content, tuple(sorted(a.headers.items()))) for a in answers} == {
        (200, UNKNOWN, tuple(sorted(answers[0].headers.items())))
    }
    assert not Receipt.objects.exists()


def test_a_database_that_is_down_is_a_503_and_never_an_acknowledgement(
    at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = at_bank()

    def fails(**_: Any) -> str:
        raise OperationalError("down")

    monkeypatch.setattr(services, "take_notification", fails)
    answer = post(notification(attempt))
    assert answer.status_code == 503 and b"REDIRECT" not in answer.content


def test_a_terminal_without_a_key_is_a_503(at_bank: Callable[..., Attempt], settings: Any) -> None:
    text = notification(at_bank())
    settings.KNET_RESOURCE_KEY = ""
    assert post(text).status_code == 503


def test_the_source_address_is_taken_from_trusted_proxies_only(at_bank: Callable[..., Attempt], settings: Any) -> None:
    text = notification(at_bank())
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    post(text, headers={"X-Forwarded-For": "198.51.100.1"})
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    post(text, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.1"})
    kept = GatewayMessage.objects.filter(kind="notification").order_by("pk").values_list("remote_addr", flat=True)
    assert list(kept) == ["127.0.0.1", "198.51.100.1"]


def page(attempt: Attempt, client: Client, language: str = "en") -> str:
    answer = client.get(f"/pay/r/{attempt.token}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return str(answer.content.decode())


def test_the_owner_sees_the_whole_and_a_stranger_only_how_it_stands(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, payer: Any, stranger: Any
) -> None:
    attempt = at_bank()
    entry = bank.decide(attempt)
    walk(3)
    receipt = Receipt.objects.get()
    details = ("10.000", entry.payment_id, entry.tran_id, attempt.trackid, receipt.number, receipt.bill.reference, "632912000123", "999554")
    mine = page(attempt, signed_in(payer))
    assert all(detail in mine for detail in details)
    for client in (Client(), signed_in(stranger), signed_in(StaffFactory(groups=["auditor"]))):
        theirs = page(attempt, client)
        assert "Payment confirmed" in theirs
        assert not any(detail in theirs for detail in details)
        assert payer.name_en not in theirs and receipt.bill.title_en not in theirs


def test_the_browser_session_that_began_the_payment_sees_the_details_even_signed_out(issue: Callable[..., Bill], payer: Any) -> None:
    from payments.services import redirect_url, start_attempt

    client = Client()
    session = client.session
    session["x"] = 1
    session.save()
    attempt = start_attempt(bills=[issue()], payer=payer, language="en", session_key=session.session_key)
    redirect_url(attempt)
    client.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key
    assert attempt.trackid in page(attempt, client)
    assert attempt.trackid not in page(attempt, Client())


@pytest.mark.parametrize(
    ("result", "english"),
    [
        ("FAILURE(NOT CAPTURED)", "Nothing was taken"),
        ("FAILURE(CANCELED)", "Nothing was taken"),
        ("FAILURE(HOST TIMEOUT)", "We keep asking for a day"),
        ("FAILURE(DENIED BY RISK)", "limit"),
        ("FAILURE(SUSPECT)", "Do not pay again"),
    ],
)
def test_each_non_success_says_what_happened_whether_money_moved_and_what_to_do(
    result: str, english: str, at_bank: Callable[..., Attempt], bank: Book, payer: Any
) -> None:
    attempt = at_bank()
    bank.decide(attempt, result)
    walk(3)
    text = page(attempt, signed_in(payer))
    assert english in text and "What to do" in text
    assert (
        ("The payment did not go through" in text) == ("kp-panel--bad" in text) == ("#i-failed" in text) == (result != "FAILURE(SUSPECT)")
    )
    bill = Bill.objects.get()
    assert (f'href="/en/pay/{bill.public_id}/"' in text) == (result != "FAILURE(SUSPECT)")
    assert "Payment confirmed" not in text and "/receipts/" not in text
    assert 'lang="ar"' in page(attempt, signed_in(payer), "ar")


def test_a_reported_capture_that_was_reversed_says_so(at_bank: Callable[..., Attempt], bank: Book, payer: Any) -> None:
    attempt = at_bank()
    post(notification(attempt))
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    walk(0.2, step=0.1)
    assert "the bank reversed the payment" in page(attempt, signed_in(payer))


def test_a_page_that_waits_says_not_to_pay_again_and_polls_without_script_too(
    at_bank: Callable[..., Attempt], bank: Book, payer: Any
) -> None:
    attempt = at_bank()
    post(notification(attempt))
    client = signed_in(payer)
    text = page(attempt, client)
    assert "Please do not pay again" in text
    assert f'data-poll="/pay/r/{attempt.token}/state?seen=confirming"' in text
    assert '<meta http-equiv="refresh"' in text
    assert "a payment that succeeds is confirmed by a message" in text and "tells you the outcome" not in text, "a refusal sends none"
    state = f"/pay/r/{attempt.token}/state?seen=confirming"
    assert client.get(state).json() == {"done": False}
    bank.decide(attempt)
    with clock.at(START + dt.timedelta(seconds=4)):
        run_due(("payments.inquire",))
    assert client.get(state).json() == {"done": True}
    assert client.get(f"/pay/r/{attempt.token}/state?seen=paid").json() == {"done": False}


def test_a_payment_that_the_bank_reports_is_said_first_and_the_warning_second(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    post(notification(attempt))
    client = signed_in(payer)
    text = page(attempt, client)
    assert "kp-panel--calm" in text and "may have been taken" not in text
    heading = "The bank reported the payment; we are checking it</h1>"
    assert text.index(heading) < text.index("This takes a few seconds. Please do not pay again")
    assert "أبلغَنا البنك بالدفع" in page(attempt, client, "ar")
    Attempt.objects.filter(pk=attempt.pk).update(hint="other")
    text = page(attempt, client)
    assert "kp-panel--wait" in text and "Do not pay again: an amount may have been taken." in text, "the control: nothing is reported"


def test_a_paid_bill_says_what_it_has_brought_and_the_next_act(
    at_bank: Callable[..., Attempt], bank: Book, payer: Any, paid_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    shown = registry.PaidOutcome(is_done=False, label="Request", reference="R-1", steps=[registry.PaymentStep("now", "Sealing")])
    monkeypatch.setitem(registry.OUTCOMES, Bill.objects.get().kind, lambda _bill: shown)
    client = signed_in(payer)
    text = page(attempt, client)
    assert "<h1>Payment confirmed</h1>" in text and "Sealing" in text and "R-1" in text and "kp-panel--ok" in text
    assert '<meta http-equiv="refresh" content="10">' in text and "Your payment is complete." in text and "Check again" not in text
    assert client.get(f"/pay/r/{attempt.token}/state?seen=paid").json() == {"done": False}
    shown = registry.PaidOutcome(is_done=True, title="Fine closed", act=("See it", "/en/fine/"))
    text = page(attempt, client)
    assert "<h1>Fine closed</h1>" in text and 'kp-btn--fill" href="/en/fine/">See it</a>' in text
    assert client.get(f"/pay/r/{attempt.token}/state?seen=paid").json() == {"done": True}
    theirs = page(attempt, Client())
    assert "Fine closed" not in theirs and "See it" not in theirs and "Payment confirmed" in theirs
    details = text.index("bank’s numbers")
    assert details < text.index(attempt.trackid) and text.index("<h1>") < details, "the numbers of the bank are folded, after the outcome"


def test_several_bills_say_for_each_what_is_closed_and_lead_on(
    at_bank: Callable[..., Attempt], issue: Callable[..., Bill], bank: Book, payer: Any, paid_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = issue(subject="case:one"), issue(subject="case:two")
    attempt = at_bank(first, second)
    bank.decide(attempt)
    walk(3)
    told = {
        first.pk: registry.PaidOutcome(is_done=True, text="Fine one is closed.", act=("See it", "/en/fine/1/")),
        second.pk: registry.PaidOutcome(is_done=False),
    }
    monkeypatch.setitem(registry.OUTCOMES, first.kind, lambda bill: told[bill.pk])
    text = page(attempt, signed_in(payer))
    assert "Fine one is closed." in text and 'href="/en/fine/1/">See it' in text and "this is being completed" in text
    assert "What else you can pay" in text and 'href="/en/">Home</a>' in text and "Back to the request" not in text
    assert "Fine one is closed." not in page(attempt, Client())


def test_each_bill_of_a_basket_says_whether_it_stands_or_goes_back(
    at_bank: Callable[..., Attempt], issue: Callable[..., Bill], bank: Book, payer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = issue(7_000, subject="case:one", title_en="Bill one"), issue(5_000, subject="case:two", title_en="Bill two")

    def paid(bill_id: int) -> None:
        if bill_id == second.pk:
            raise Refused("case_closed")

    monkeypatch.setitem(registry.PAYABLES, first.kind, registry.Payable(paid, lambda _bill: None))
    attempt, client = at_bank(first, second), signed_in(payer)
    bank.decide(attempt)
    walk(3)
    assert [Bill.objects.get(pk=bill.pk).state for bill in (first, second)] == ["paid", "refund_due"]
    text = page(attempt, client)
    one, two = [row.partition("</li>")[0] for row in text.partition('<ul class="kp-list kp-card">')[2].split("<li>")[1:3]]
    assert "Paid, and a part of it goes back" in text and "Paid, and returned to you" not in text and 'data-step="paid-partly"' in text
    assert "Bill one" in one and "Payment confirmed" in one and "owed back" not in one
    assert "Bill two" in two and "KD\u00a05.000" in two and "is owed back" in two
    assert client.get(f"/pay/r/{attempt.token}/state?seen=paid-partly").json() == {"done": False}
    theirs = page(attempt, Client())
    assert "Paid, and a part of it goes back" in theirs and "Bill two" not in theirs
    assert "you paid with, or by bank transfer" in theirs and "that paid, or by bank transfer" in two, "the way is chosen later"
    for bill, heading in ((first, "Payment confirmed"), (second, "Paid, and returned to you")):
        with monkeypatch.context() as patch:
            patch.setattr(queries, "visible_to", lambda _user, pk=bill.pk: Bill.objects.filter(pk=pk))
            text = page(attempt, client)
        assert f"<h1>{heading}</h1>" in text and "is owed back" not in text, "by the one bill that they see"
    owe_back(bill=first, reason="case_closed", actor=system("tests"))
    text = page(attempt, client)
    assert "Paid, and returned to you" in text and text.count("is owed back") == 2


def test_an_unknown_token_is_not_found_and_the_neutral_page_is_there(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    assert Client().get("/pay/r/nothing").status_code == 404
    assert Client().get("/pay/r/nothing/state").status_code == 404
    assert Client().get("/pay/r/unknown/state").status_code == 404
    neutral = Client().get("/pay/r/unknown")
    assert neutral.status_code == 200 and attempt.token not in neutral.content.decode()
    assert f"/pay/r/{attempt.token}" in signed_in(payer).get("/pay/r/unknown").content.decode()


def test_the_success_page_shows_our_books_whatever_the_address_says(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    text = signed_in(payer).get(f"/pay/r/{attempt.token}?result=CAPTURED&paymentid=1").content.decode()
    assert "kp-panel--ok" not in text
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.REDIRECTED


def test_the_error_page_repeats_nothing_of_what_it_was_given() -> None:
    answer = Client().get(
        "/pay/knet/error",
        {"Error": "IPAY0100048", "ErrorText": "<script>x</script>", "trackid": "abc", "paymentid": "31337"},
        headers={"Accept-Language": "en"},
    )
    text = answer.content.decode().partition("<main")[2]  # the language switch above repeats the address, escaped
    assert answer.status_code == 200 and "Not paid" in text and "IPAY0100048" in text and "cancelled" in text
    assert "<script>x" not in text and "31337" not in text


def test_the_error_page_of_a_payment_that_is_paid_shows_that_it_is_paid(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, payer: Any
) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    client = signed_in(payer)
    answer = client.get("/pay/knet/error", {"Error": "IPAY0100055", "trackid": attempt.trackid})
    assert (answer.status_code, answer["Location"]) == (302, f"/pay/r/{attempt.token}")
    assert Client().get("/pay/knet/error", {"Error": "IPAY0100055", "trackid": attempt.trackid}).status_code == 200


def test_the_error_page_shows_the_owner_amount_and_numbers(at_bank: Callable[..., Attempt], payer: Any) -> None:
    attempt = at_bank()
    query = {"Error": "IPAY0100042", "trackid": attempt.trackid}
    mine = signed_in(payer).get("/pay/knet/error", query, headers={"Accept-Language": "en"}).content.decode()
    assert "10.000" in mine and attempt.trackid in mine and f"/pay/r/{attempt.token}" in mine
    theirs = Client().get("/pay/knet/error", query).content.decode().partition("<main")[2]
    assert attempt.trackid not in theirs and attempt.token not in theirs


def test_a_cancelled_bill_with_a_late_capture_promises_the_return(at_bank: Callable[..., Attempt], bank: Book, payer: Any) -> None:
    from municipality.kernel.actors import system

    attempt = at_bank()
    bank.decide(attempt, "FAILURE(HOST TIMEOUT)")
    walk(3)
    void_bill(bill=Bill.objects.get(), actor=system("tests"))
    bank.decide(attempt)
    walk(6)
    assert "The amount is returned to you" in page(attempt, signed_in(payer))


@pytest.mark.parametrize(("is_reversed", "asks"), [(True, "Please pay it once more"), (False, "Pay again with this card")])
def test_a_payment_whose_bill_is_not_due_any_more_asks_nobody_to_pay_again(
    is_reversed: bool, asks: str, at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, payer: Any
) -> None:
    attempt = at_bank()
    if is_reversed:
        bank.decide(attempt)
        walk(3)
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    walk(13)
    readers = (signed_in(payer), Client())
    assert all(asks in page(attempt, client) for client in readers), "the control: the bill is due"
    void_bill(bill=(bill := Bill.objects.get()), actor=system("tests"))
    for client in readers:
        text = page(attempt, client)
        assert asks not in text and "shows whether anything is still to be paid" in text and f"/pay/{bill.public_id}" not in text

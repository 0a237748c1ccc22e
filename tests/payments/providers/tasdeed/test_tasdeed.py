"""Tasdeed behind the port, against its simulator: what it says is believed only when signed, and only when we asked."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client

from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import balances, invariants
from payments.models import Attempt, Bill, GatewayMessage, Receipt, RefundDue
from payments.providers import provider, provider_named
from payments.providers.port import GatewayUnreachable, NotConfigured
from payments.providers.tasdeed.signing import agrees, sign
from payments.services import owe_back, redirect_url, start_attempt
from sandbox.simulators import serving
from sandbox.simulators.tasdeed.book import Book
from sandbox.simulators.tasdeed.server import Desk, application
from tests.bank import Bank
from tests.bank import Book as BankBook
from tests.due_jobs import run_due
from tests.payments.conftest import START
from tests.payments.refunds import approve, propose

pytestmark = pytest.mark.django_db
SECRET = "a secret of the tests"


@pytest.fixture
def simulator(settings: Any, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(Book(tmp_path / "tasdeed.sqlite3"), "municipality", SECRET)
    server = serving.start(application(desk), 0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    settings.PAYMENT_PROVIDER = "payments.providers.tasdeed.Tasdeed"
    settings.TASDEED_PAGE_URL = f"http://127.0.0.1:{server.server_port}/pay"
    settings.TASDEED_API_URL = f"http://127.0.0.1:{server.server_port}/api/v1"
    settings.TASDEED_MERCHANT, settings.TASDEED_SECRET = "municipality", SECRET
    yield desk
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
    desk.book.close()


@pytest.fixture
def pay(simulator: Desk, issue: Callable[..., Bill], payer: Any) -> Callable[..., Attempt]:
    """Begin a payment, open its page as a browser does, and decide; the simulator's notice is handed in as it was sent."""

    def go(status: str = "PAID", *behaviours: str, fils: int = 10_000) -> Attempt:
        bill = issue(fils, subject=f"case:{fils}")
        simulator.book.set_behaviours("", list(behaviours))
        attempt = start_attempt(bills=[bill], payer=payer, language="ar", session_key="s")
        url = redirect_url(attempt)
        assert requests.get(url, timeout=5).status_code == 200
        payment = simulator.book.payment(attempt.trackid)
        assert payment is not None and payment["notify_url"] == "https://portal.example.test/pay/tasdeed/response"
        assert payment["return_url"] == f"https://portal.example.test/pay/r/{attempt.token}"
        sent: list[bytes] = []
        simulator._notify = lambda payment, body: sent.append(body)  # type: ignore[method-assign]
        simulator._decide(payment, status)
        for body in sent:
            assert Client().post("/pay/tasdeed/response", body, content_type="application/json").content == b"ok"
        return Attempt.objects.get(pk=attempt.pk)

    return go


def at(minutes: float) -> None:
    with clock.at(START + dt.timedelta(minutes=minutes)):
        run_due()


@pytest.mark.parametrize(
    ("status", "behaviours", "end"),
    [
        ("PAID", [], "paid"),
        ("FAILED", [], "declined"),
        ("CANCELLED", [], "cancelled"),
        ("PAID", ["never_notified"], "paid"),
        ("PAID", ["wrong_amount"], "paid"),
        ("PAID", ["forged_notice"], "paid"),
        ("PAID", ["duplicate_notice"], "paid"),
        ("PAID", ["inquiry_down"], "confirming"),
        ("PAID", ["unsigned_answer"], "confirming"),
        ("PAID", ["odd_status"], "confirming"),
    ],
)
def test_a_payment_ends_as_our_own_inquiry_says(
    status: str, behaviours: list[str], end: str, pay: Callable[..., Attempt], paid_for: Any
) -> None:
    attempt = pay(status, *behaviours)
    assert attempt.provider == "tasdeed"
    at(2)
    assert Attempt.objects.get().state == end
    assert Receipt.objects.count() == (end == "paid")
    assert not list(invariants.findings())
    if end == "paid":
        assert balances.balances() == {"clearing-tasdeed": 10_000, "1422101": -10_000}
    assert not GatewayMessage.objects.filter(raw__contains=SECRET).exists()


def test_a_forged_or_unknown_notice_gets_the_same_line_and_moves_nothing(simulator: Desk, pay: Callable[..., Attempt]) -> None:
    attempt = pay("PAID", "never_notified")
    told = {"reference": attempt.trackid, "status": "PAID", "amount": "10.000", "transaction": "1", "signature": "0" * 64}
    client = Client()
    for body in (json.dumps(told), "", "[]", "{", json.dumps(told | {"signature": 1}), "x" * 20_000, json.dumps({"reference": "NONE"})):
        answer = client.post("/pay/tasdeed/response", body, content_type="application/json")
        assert (answer.status_code, answer.content) == (200, b"ok")
    assert Attempt.objects.get().state == "redirected"


def test_money_goes_back_through_the_gateway_that_took_it(
    pay: Callable[..., Attempt], paid_for: Any, cashier: Any, checker: Any, settings: Any, simulator: Desk
) -> None:
    pay()
    at(1)
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"  # another gateway is in use by now
    Bank.book = BankBook()
    refund = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=system("tests"))
    assert refund is not None
    propose(refund, cashier)
    approve(refund, checker)
    at(20)
    assert RefundDue.objects.get().state == "paid_out" and Bank.book.called == []
    payment = simulator.book.payment(Attempt.objects.get().trackid)
    assert payment is not None and payment["refunded"] == 10_000
    assert set(balances.balances().values()) == {0} and not list(invariants.findings())


@pytest.mark.parametrize(("behaviour", "end"), [("refund_lost", "paid_out"), ("refund_refused", "due"), ("refund_untold", "paid_out")])
def test_a_bad_day_of_a_refund(
    behaviour: str, end: str, pay: Callable[..., Attempt], paid_for: Any, cashier: Any, checker: Any, simulator: Desk
) -> None:
    attempt = pay()
    at(1)
    refund = owe_back(bill=Bill.objects.get(), reason="shop_closed", actor=system("tests"))
    assert refund is not None
    propose(refund, cashier)
    approve(refund, checker)
    simulator.book.set_behaviours(attempt.trackid, [behaviour])
    at(20)
    at(23)
    assert RefundDue.objects.get().state == end and not list(invariants.findings())


def test_a_missing_setting_stops_before_anything_is_sent(simulator: Desk, settings: Any) -> None:
    for name, value in (("TASDEED_SECRET", ""), ("TASDEED_API_URL", "http://tasdeed.example.test/api")):
        kept = getattr(settings, name)
        setattr(settings, name, value)
        with pytest.raises(NotConfigured) as missing:
            provider().inquire(trackid="X", fils=1)
        assert name in str(missing.value) and SECRET not in str(missing.value)
        setattr(settings, name, kept)
    with pytest.raises(NotConfigured):
        provider_named("nobody")
    settings.TASDEED_API_URL = "http://127.0.0.1:1/api"
    with pytest.raises(GatewayUnreachable):
        provider().inquire(trackid="X", fils=1)


def test_a_signature_covers_every_part_in_its_place() -> None:
    given = sign("k", "a", "b")
    assert agrees("k", given, "a", "b")
    for parts in (("b", "a"), ("ab", ""), ("a",), ("a", "b", ""), ("a\nb",)):
        assert not agrees("k", given, *parts)
    assert not agrees("other", given, "a", "b")
    with pytest.raises(ValueError, match="line break"):
        sign("k", "a\nb")


def test_the_simulator_takes_no_order_and_no_call_without_a_signature(simulator: Desk, settings: Any) -> None:
    page = requests.get(f"{settings.TASDEED_PAGE_URL}?merchant=municipality&reference=X&amount=1.000&signature=0", timeout=5)
    call = requests.get(f"{settings.TASDEED_API_URL}/payments/X", timeout=5)
    assert (page.status_code, call.status_code) == (400, 401)

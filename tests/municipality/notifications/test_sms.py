"""Text messages: the adapter against a real HTTP server on loopback, and the limits of a number."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from municipality.accounts.models import ContactCode
from municipality.accounts.services import contacts
from municipality.jobs.errors import PermanentFailure
from municipality.kernel import clock
from municipality.notifications import services, sms
from municipality.notifications.models import SmsNumber, SmsUse
from tests.factories.accounts import PersonFactory
from tests.municipality.notifications.conftest import RememberingSms

NOON = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)


class Desk(BaseHTTPRequestHandler):
    answers: list[tuple[int, bytes]] = []
    asked: list[tuple[str, dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, json.loads(body)))
        status, answer = self.answers.pop(0)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/messages")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def desk(settings: Any) -> Iterator[type[Desk]]:
    Desk.answers, Desk.asked = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.SMS_URL = f"http://127.0.0.1:{server.server_port}"
    yield Desk
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_message_is_posted_once_and_the_gateways_id_comes_back(desk: type[Desk]) -> None:
    desk.answers = [(202, b'{"id": "m-17"}')]
    assert sms.HttpSms().send("96590000001", "نص", "key-1") == "m-17"
    assert desk.asked == [("/messages", {"to": "96590000001", "text": "نص", "idempotency_key": "key-1"})]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refusal_for_good_is_gone(desk: type[Desk], status: int) -> None:
    desk.answers = [(status, b"{}")]
    with pytest.raises(PermanentFailure):
        sms.HttpSms().send("96590000001", "text", "key-1")


@pytest.mark.parametrize("status", [200, 302, 429, 500, 503])
def test_everything_else_asks_for_another_try(desk: type[Desk], status: int) -> None:
    desk.answers = [(status, b"{}")]
    with pytest.raises(requests.HTTPError):
        sms.HttpSms().send("96590000001", "text", "key-1")
    assert len(desk.asked) == 1


def test_a_gateway_that_is_away_asks_for_another_try(settings: Any) -> None:
    settings.SMS_URL = "http://127.0.0.1:9"
    with pytest.raises(requests.ConnectionError):
        sms.HttpSms().send("96590000001", "text", "key-1")


@pytest.mark.django_db
def test_a_number_gets_three_codes_in_any_hour() -> None:
    with clock.at(NOON):
        for number in range(3):
            sms.count_message("96590000001", idempotency_key=f"code-{number}", is_code=True)
        with pytest.raises(sms.LimitReached):
            sms.count_message("96590000001", idempotency_key="code-3", is_code=True)
        sms.count_message("96590000002", idempotency_key="code-4", is_code=True)
        sms.count_message("96590000001", idempotency_key="news-1")
    with clock.at(NOON + dt.timedelta(minutes=61)):
        sms.count_message("96590000001", idempotency_key="code-5", is_code=True)


@pytest.mark.django_db
def test_a_number_gets_ten_messages_in_any_day() -> None:
    for hour in range(10):
        with clock.at(NOON + dt.timedelta(hours=hour)):
            sms.count_message("96590000001", idempotency_key=f"news-{hour}")
    with clock.at(NOON + dt.timedelta(hours=23)), pytest.raises(sms.LimitReached):
        sms.count_message("96590000001", idempotency_key="news-10")
    with clock.at(NOON + dt.timedelta(hours=25)):
        sms.count_message("96590000001", idempotency_key="news-10")


@pytest.mark.django_db
def test_codes_that_a_stranger_has_sent_to_a_number_take_nothing_of_its_messages() -> None:
    for hour in range(10):
        with clock.at(NOON + dt.timedelta(hours=hour)):
            sms.count_message("96590000001", idempotency_key=f"code-{hour}", is_code=True)
    with clock.at(NOON + dt.timedelta(hours=11)):
        with pytest.raises(sms.LimitReached):
            sms.count_message("96590000001", idempotency_key="code-10", is_code=True)
        assert sms.free_at("96590000001") is None
        sms.count_message("96590000001", idempotency_key="notice-1")


@pytest.mark.django_db
def test_a_second_try_of_the_same_message_counts_once() -> None:
    for _ in range(20):
        sms.count_message("96590000001", idempotency_key="code-1", is_code=True)
    assert SmsUse.objects.count() == 1


@pytest.mark.django_db
def test_the_number_itself_is_not_kept() -> None:
    sms.count_message("96590000001", idempotency_key="code-1", is_code=True)
    assert "90000001" not in SmsNumber.objects.get().digest


ADDRESSES = {8: "new@mail.example"}


def code_to_send(code_id: int) -> tuple[str, str]:
    return ADDRESSES.get(code_id, "96590000001"), f"{code_id:06d}"


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("municipality.accounts.services.contacts.code_to_send", code_to_send)


@pytest.mark.django_db
@pytest.mark.usefixtures("code")
def test_a_code_goes_to_the_address_that_is_being_confirmed(gateway: type[RememberingSms], mailoutbox: list[Any]) -> None:
    salim = PersonFactory(unreachable=True, language="en")
    services.deliver_code(user_id=salim.pk, channel="sms", code_id=7)
    services.deliver_code(user_id=salim.pk, channel="email", code_id=8)
    assert [(to, key) for to, _text, key in gateway.sent] == [("96590000001", "code-7")]
    assert "000007" in gateway.sent[0][1]
    [letter] = mailoutbox
    assert (letter.to, letter.subject) == (["new@mail.example"], "Your confirmation code")
    assert "000008" in letter.body


@pytest.mark.django_db
@pytest.mark.usefixtures("code")
def test_a_fourth_code_is_not_sent(gateway: type[RememberingSms]) -> None:
    salim = PersonFactory()
    for number in range(1, 6):
        services.deliver_code(user_id=salim.pk, channel="sms", code_id=number)
    assert [key for _to, _text, key in gateway.sent] == ["code-1", "code-2", "code-3"]


@pytest.mark.django_db
def test_a_code_that_was_replaced_used_or_is_over_is_not_sent(gateway: type[RememberingSms]) -> None:
    salim = PersonFactory(unreachable=True)

    def deliver(code: ContactCode) -> None:
        services.deliver_code(user_id=salim.pk, channel="sms", code_id=code.pk)

    with clock.at(NOON):
        replaced, newest = (contacts.send_code(user=salim, contact="phone", address="96590000001") for _ in range(2))
        deliver(replaced)
        assert gateway.sent == []
        deliver(newest)
        assert [key for _to, _text, key in gateway.sent] == [f"code-{newest.pk}"]
    with clock.at(NOON + contacts.CODE_LIFETIME):
        deliver(newest)
    assert len(gateway.sent) == 1

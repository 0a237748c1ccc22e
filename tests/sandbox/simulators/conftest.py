"""Doubles in threads on free ports, and a merchant who writes down what he is told and answers as he is set."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.simulators import serving
from sandbox.simulators.knet import protocol
from sandbox.simulators.knet.book import Book as KnetBook
from sandbox.simulators.knet.gateway import Gateway
from sandbox.simulators.knet.server import application as knet_application
from sandbox.simulators.mobile_id.book import Book as MobileIdBook
from sandbox.simulators.mobile_id.people import Register
from sandbox.simulators.mobile_id.server import Desk as MobileIdDesk
from sandbox.simulators.mobile_id.server import application as mobile_id_application
from sandbox.simulators.sms.book import Book as SmsBook
from sandbox.simulators.sms.server import Desk as SmsDesk
from sandbox.simulators.sms.server import application as sms_application

TERMINAL = protocol.Terminal("999901", "999901pg", b"1234567890ABCDEF")


def until(condition: Callable[[], Any], seconds: float = 5) -> Any:
    """The first true value of the condition; fails after the given seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def serve(server: ThreadingHTTPServer) -> Callable[[], None]:
    """Run a server in a thread; call the result to stop it."""
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)

    return stop


@dataclass
class Merchant:
    """Writes down every call; answers after `seconds` with `status` and `body`, by default the line the gateway wants."""

    url: str
    status: int = 200
    body: bytes = b""
    seconds: float = 0
    heard: list[tuple[str, bytes]] = field(default_factory=list)


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = self.rfile.read(int(self.headers["Content-Length"]))
            shop.heard.append((self.path, told))
            body = shop.body
            time.sleep(shop.seconds)
            self.send_response(shop.status)
            self.send_header("Content-Length", str(len(body)))
            if shop.status == 302:
                self.send_header("Location", f"{shop.url}/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Wide(ThreadingHTTPServer):
        request_queue_size = 128  # as a real front has it: with five, simultaneous calls are turned away
        daemon_threads = True

    server = Wide(("127.0.0.1", 0), Ear)
    shop = Merchant(f"http://127.0.0.1:{server.server_port}")
    shop.body = f"REDIRECT={shop.url}/pay/r/abc\n".encode()
    stop = serve(server)
    yield shop
    stop()


@dataclass
class Counter:
    """One served simulator with the requests of a test to it."""

    url: str

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.url + path, allow_redirects=False, timeout=10, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return requests.post(self.url + path, allow_redirects=False, timeout=10, **more)


@dataclass
class KnetCounter(Counter):
    """The gateway, spoken to as the portal and as a customer."""

    merchant: Merchant = field(default_factory=lambda: Merchant(""))

    def order(self, **changed: str) -> dict[str, str]:
        """The fields of a good purchase order, changed at will; a field set to `-` is left out."""
        fields = {"id": TERMINAL.id, "password": TERMINAL.password, "action": "1", "langid": "AR", "currencycode": "414", "amt": "10.000"}
        fields |= {"responseURL": f"{self.merchant.url}/pay/knet/response", "errorURL": f"{self.merchant.url}/pay/knet/error"}
        fields |= {"trackid": "TRACK1", "udf1": "BILL1", "udf2": "", "udf3": "", "udf4": "", "udf5": ""} | changed
        return {name: value for name, value in fields.items() if value != "-"}

    def query(self, outer: dict[str, str] | None = None, /, **changed: str) -> dict[str, str]:
        """The query of the payment page."""
        fields = self.order(**changed)
        plain = "&".join(f"{name}={value}" for name, value in fields.items())
        query = {"param": "paymentInit", "trandata": protocol.encrypt(TERMINAL.key, plain), "tranportalId": TERMINAL.id}
        query |= {name: fields.get(name, "") for name in ("responseURL", "errorURL")} | (outer or {})
        return {name: value for name, value in query.items() if value != "-"}

    def enter(self, outer: dict[str, str] | None = None, /, **changed: str) -> requests.Response:
        return self.get("/kpg/PaymentHTTP.htm", params=self.query(outer, **changed))

    def open(self, trackid: str = "TRACK1", *behaviours: str, **changed: str) -> str:
        """Open a payment with behaviours laid on it; its payment id."""
        if behaviours:
            assert self.post("/control/behaviour", json={"next": behaviours, "trackid": trackid}).status_code == 200
        answer = self.enter(trackid=trackid, **changed)
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"].startswith("/kpg/paymentpage.htm?PaymentID="), answer.headers["Location"]
        return answer.headers["Location"].partition("=")[2]

    def pay(self, trackid: str = "TRACK1", result: str = "CAPTURED") -> dict[str, Any]:
        answer = self.post("/control/pay", json={"trackid": trackid, "result": result})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def statement(self, trackid: str = "TRACK1") -> dict[str, Any]:
        return dict(self.get("/control/book", params={"trackid": trackid}).json()["transactions"][0])

    def settings(self, **settings: Any) -> None:
        assert self.post("/control/behaviour", json={"settings": settings}).status_code == 200

    def call(self, wrapper: str = "", **changed: str) -> requests.Response:
        """Inquiry or refund, by default the inquiry for TRACK1 by its track id."""
        fields = {
            "id": TERMINAL.id,
            "password": TERMINAL.password,
            "action": "8",
            "amt": "10.000",
            "transid": "TRACK1",
            "trackid": "TRACK1",
        }
        body = "".join(f"<{name}>{value}</{name}>" for name, value in (fields | {"udf5": "TrackID"} | changed).items())
        if wrapper:
            body = f"<{wrapper}>{body}</{wrapper}>"
        return self.post("/kpg/tranPipe.htm?param=tranInit&", data=body.encode(), headers={"Content-Type": "application/xml"})

    def ask(self, **changed: str) -> dict[str, str]:
        """The elements of the answer to `call`."""
        answer = self.call(**changed)
        assert answer.status_code == 200, answer.status_code
        return protocol.read_call(answer.content)

    def told(self, position: int = -1) -> dict[str, str]:
        """What a notification says, decrypted, by its place among those the merchant heard."""
        return decode(self.merchant.heard[position][1])


def trandata(body: bytes) -> str:
    """The hex in a notification of shape 1 or 2."""
    text = body.decode("ascii")
    return text.partition("trandata=")[2].partition("&")[0] if "=" in text else text


def decode(body: bytes) -> dict[str, str]:
    """The fields of a notification. Raises ProtocolError."""
    from urllib.parse import parse_qsl

    return dict(parse_qsl(protocol.decrypt(TERMINAL.key, trandata(body)), keep_blank_values=True))


@pytest.fixture
def knet(tmp_path: Path, merchant: Merchant) -> Iterator[KnetCounter]:
    book = KnetBook(tmp_path / "knet.sqlite3")
    gateway = Gateway(book, TERMINAL)
    server = serving.start(knet_application(gateway), 0)
    stop = serve(server)
    yield KnetCounter(f"http://127.0.0.1:{server.server_port}", merchant)
    stop()
    gateway.stop()
    book.close()


@dataclass
class MobileIdCounter(Counter):
    """The Mobile ID simulator, spoken to as the portal."""

    callback: str = ""

    def request(self, **changed: Any) -> dict[str, Any]:
        asked = {
            "service_id": "portal-demo",
            "service_ar": "البلدية",
            "service_en": "Municipality",
            "reason_ar": "دخول",
            "reason_en": "Sign in",
        }
        answer = self.post("/auth-requests", json=asked | {"callback_url": self.callback, "number_match": "42"} | changed)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def result(self, request_id: str) -> dict[str, Any]:
        return dict(self.get(f"/auth-requests/{request_id}").json())


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    return tmp_path / "people.json"


@pytest.fixture
def mobile_id_book(tmp_path: Path) -> Iterator[MobileIdBook]:
    book = MobileIdBook(tmp_path / "mobile-id.sqlite3")
    yield book
    book.close()


@pytest.fixture
def mobile_id(mobile_id_book: MobileIdBook, people_file: Path, merchant: Merchant) -> Iterator[MobileIdCounter]:
    desk = MobileIdDesk(mobile_id_book, Register(people_file), slow=0.3)
    server = serving.start(mobile_id_application(desk), 0)
    stop = serve(server)
    yield MobileIdCounter(f"http://127.0.0.1:{server.server_port}", f"{merchant.url}/accounts/mobile-id/callback")
    stop()
    desk.finish()


@pytest.fixture
def sms(tmp_path: Path) -> Iterator[Counter]:
    book = SmsBook(tmp_path / "sms.sqlite3")
    server = serving.start(sms_application(SmsDesk(book, slow=0.3)), 0)
    stop = serve(server)
    yield Counter(f"http://127.0.0.1:{server.server_port}")
    stop()
    book.close()


def person_file(path: Path, *people: dict[str, str]) -> None:
    """Write a file of people."""
    path.write_text(json.dumps(list(people), ensure_ascii=False), encoding="utf8")

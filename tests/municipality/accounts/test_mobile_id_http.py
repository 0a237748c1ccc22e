"""The HTTP adapter: what it sends, and that nonsense from the other side is never taken for an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from municipality.accounts.mobile_id.port import ProviderAway, RequestRefused, provider

PERSON = {"civil_id": "290010112346", "name_ar": "سالم", "name_en": "Salim", "mobile": "+96550000001"}


class Other:
    """The other side: answers as told and keeps what it heard."""

    status = 201
    body = b"{}"
    heard: list[dict[str, Any]]


@pytest.fixture
def other(settings: Any) -> Iterator[Other]:
    told = Other()
    told.heard = []

    class Side(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.body)))
            if 300 <= told.status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Side)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    settings.MOBILE_ID_URL = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def start(civil_id: str | None = "290010112346") -> Any:
    return provider().start(civil_id, "push" if civil_id else "qr", number_match="42", callback_url="https://portal.example/cb")


def test_a_push_names_the_person_and_a_code_names_nobody(other: Other) -> None:
    other.body = json.dumps({"request_id": "r1", "qr": "CODE", "expires_at": "2026-01-01T10:00:00+03:00"}).encode()
    pushed, scanned = start(), start(None)
    assert other.heard[0]["civil_id"] == "290010112346" and "civil_id" not in other.heard[1]
    assert all(other.heard[0][name] for name in ("service_ar", "service_en", "reason_ar", "reason_en", "callback_url", "number_match"))
    assert (pushed.qr, scanned.qr) == ("", "CODE")
    assert pushed.expires_at.isoformat() == "2026-01-01T07:00:00+00:00"


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_refusal_is_told_apart_from_an_absence(other: Other, status: int) -> None:
    other.status = status
    with pytest.raises(RequestRefused):
        start()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (503, b""),
        (200, b"{}"),
        (302, b""),
        (201, b"{}"),
        (201, b"[]"),
        (201, b"<html>"),
        (201, b"\xff"),
        (201, b'{"request_id": 7}'),
        (201, b'{"request_id": ""}'),
        (201, b'{"request_id": "' + b"x" * 101 + b'"}'),
        (201, b" " * 70_000 + b"{}"),
    ],
)
def test_nonsense_is_an_absence(other: Other, status: int, body: bytes) -> None:
    other.status, other.body = status, body
    with pytest.raises(ProviderAway):
        start()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"status": "APPROVED"},
        {"status": "approved"},
        {"status": "approved", "person": []},
        {"status": "approved", "person": {"civil_id": 7}},
        {"status": "approved", "person": {**PERSON, "name_ar": "", "name_en": ""}},
        {"status": ["approved"]},
    ],
)
def test_an_approval_without_a_whole_person_is_none(other: Other, answer: dict[str, Any]) -> None:
    other.status, other.body = 200, json.dumps(answer).encode()
    with pytest.raises(ProviderAway):
        provider().result("r1")


def test_results_are_read(other: Other) -> None:
    other.status = 200
    for word, status in (
        ("pending", "pending"),
        ("declined", "declined"),
        ("rejected", "declined"),
        ("expired", "expired"),
        ("timeout", "expired"),
    ):
        other.body = json.dumps({"status": word, "person": PERSON}).encode()
        assert (provider().result("r1").status, provider().result("r1").person) == (status, None)
    other.body = json.dumps({"status": "approved", "assurance": "high", "person": PERSON}).encode()
    result = provider().result("r1")
    assert result.person is not None and result.person.civil_id == PERSON["civil_id"] and result.assurance == "high"
    other.status = 404
    assert provider().result("r1").status == "expired"


@pytest.mark.parametrize("missing", ["name_ar", "name_en"])
def test_a_name_that_is_not_stated_is_not_made_up_from_the_other(other: Other, missing: str) -> None:
    told = {**PERSON, missing: ""}
    other.status, other.body = 200, json.dumps({"status": "approved", "assurance": "high", "person": told}).encode()
    person = provider().result("r1").person
    assert person is not None and (person.name_ar, person.name_en) == (told["name_ar"], told["name_en"])


def test_nobody_listening_and_no_address_are_absences(settings: Any) -> None:
    for url in ("http://127.0.0.1:1", ""):
        settings.MOBILE_ID_URL = url
        with pytest.raises(ProviderAway):
            start()


def test_the_certificates_of_the_settings_are_used(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MOBILE_ID_URL = "https://mobile-id.example"
    settings.MOBILE_ID_CA_FILE, settings.MOBILE_ID_CLIENT_CERTIFICATE = "/run/ca.pem", "/run/client.pem"
    seen: dict[str, Any] = {}

    def request(self: Any, method: str, url: str, **options: Any) -> Any:
        seen.update(options)
        raise OSError

    monkeypatch.setattr(requests.Session, "request", request)
    with pytest.raises(ProviderAway):
        start()
    assert (seen["verify"], seen["cert"], seen["timeout"], seen["allow_redirects"]) == ("/run/ca.pem", "/run/client.pem", (3, 5), False)

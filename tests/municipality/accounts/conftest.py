"""A real Mobile ID simulator on a free port, browsers, officers and a code sender that remembers."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import SignInRequest, User
from municipality.accounts.services import second_factor, sign_in
from municipality.jobs import registry
from municipality.jobs.models import Job
from municipality.jobs.services import run
from municipality.kernel.actors import system
from sandbox.simulators import serving
from sandbox.simulators.mobile_id.book import Book
from sandbox.simulators.mobile_id.people import Person, Register
from sandbox.simulators.mobile_id.server import Desk, application
from tests.factories.accounts import StaffFactory

PASSWORD = "four words of a song"


@dataclass
class Phones:
    """The simulator: whose phones it plays, and what is pressed on them."""

    url: str
    people: list[Person]

    def press(self, row: SignInRequest, decision: str = "approve", person: Person | None = None) -> None:
        """Answer on the phone; the portal hears of it by the callback, which cannot reach a portal without a server."""
        body = {"request_id": row.request_id, "decision": decision, **({"person": person.key} if person else {})}
        requests.post(f"{self.url}/control/decide", json=body, timeout=5).raise_for_status()
        sign_in.note_hint(row.request_id)

    def mode(self, mode: str) -> None:
        requests.post(f"{self.url}/control/mode", json={"mode": mode}, timeout=5).raise_for_status()

    def unknown(self, unknown: str) -> None:
        requests.post(f"{self.url}/control/unknown", json={"unknown": unknown}, timeout=5).raise_for_status()


@pytest.fixture
def phones(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Phones]:
    # On a slow machine the simulator's callback may have asked just before the page does.
    monkeypatch.setattr(sign_in, "POLL_PAUSE", dt.timedelta(0))
    register, book = Register(), Book(tmp_path / "mobile-id.sqlite3")
    server = serving.start(application(Desk(book, register, lifetime=120)), 0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    settings.MOBILE_ID_URL = f"http://127.0.0.1:{server.server_port}"
    settings.MOBILE_ID_SERVICE_ID = "tests"
    settings.PORTAL_URL = "https://portal.example"
    yield Phones(settings.MOBILE_ID_URL, register.everybody())
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
    book.close()


@pytest.fixture
def officer(db: None) -> User:
    return StaffFactory(groups=["auditor"], login="huda", password=PASSWORD)


@pytest.fixture
def secret(officer: User) -> str:
    return second_factor.enrol(user=officer, actor=system("tests"))[0]


@pytest.fixture
def sent(db: None) -> Iterator[None]:
    """Codes may be promised where no part sends them."""
    was = registry.JOB_KINDS.get("notifications.code")
    if was is None:
        registry.JOB_KINDS["notifications.code"] = registry.JobKind("notifications.code", lambda **_: None, "messages", 30)
    yield
    if was is None:
        registry.JOB_KINDS.pop("notifications.code", None)


def address(name: str, language: str = "ar", *args: Any) -> str:
    """A page's address in a language."""
    from django.utils import translation

    with translation.override(language):
        return reverse(name, args=args)


def ask(client: Client, person: Person | None, *, next_path: str = "", language: str = "ar") -> SignInRequest:
    """Press the button of the sign-in page, send the push as a worker does, and return the request."""
    known = set(SignInRequest.objects.values_list("pk", flat=True))
    data = {"channel": "push", "civil_id": person.civil_id} if person else {"channel": "qr"}
    response = client.post(address("accounts:sign_in", language), {**data, "next": next_path})
    assert response.status_code == 302, response.content.decode()
    assert response["Location"] == address("accounts:waiting", language)
    row = SignInRequest.objects.exclude(pk__in=known).get()
    for job in Job.objects.filter(kind=sign_in.SEND_PUSH, key=str(row.pk)):
        run(job.pk)
    until = time.monotonic() + 60
    while (
        row.civil_id_cipher and time.monotonic() < until
    ):  # where the request was committed, a thread of the portal may have taken the job
        row.refresh_from_db()
    return row


def enter(client: Client, phones: Phones, person: Person, *, next_path: str = "") -> User:
    """A whole sign-in."""
    row = ask(client, person, next_path=next_path)
    phones.press(row)
    client.get(address("accounts:waiting"))
    client.get(address("accounts:finish"))
    user = signed_in(client)
    assert user is not None
    return user


def signed_in(client: Client) -> User | None:
    """Who the browser is, as the portal sees it."""
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key) if key else None

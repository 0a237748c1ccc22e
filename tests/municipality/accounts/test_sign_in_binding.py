"""An answer serves the browser that asked, once; whatever anybody posts to the callback opens nothing."""

from __future__ import annotations

import datetime as dt
import hmac
import json
import secrets
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from municipality.accounts.mobile_id.http import HttpMobileId
from municipality.accounts.mobile_id.port import Person, Result
from municipality.accounts.models import SignInRequest, User
from municipality.accounts.services import sign_in
from municipality.accounts.views.sign_in import REQUEST_SESSION_KEY
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from tests.municipality.accounts.conftest import Phones, address, ask, signed_in

pytestmark = pytest.mark.django_db


def post(client: Client, body: object, content_type: str = "application/json") -> tuple[int, bytes]:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    response = client.post(reverse("mobile_id_callback"), data=data, content_type=content_type)
    return response.status_code, response.content


def told(request_id: str) -> dict[str, Any]:
    return {"RequestDetails": {"RequestID": request_id}, "MIDAuthSignResponse": {"PersonalData": {"CivilID": "290010112346"}}}


def test_forged_replayed_late_and_crossed_callbacks_open_no_session(phones: Phones, client: Client) -> None:
    row = ask(client, phones.people[0])
    used = ask(Client(), phones.people[1])
    phones.press(used)
    attacker = Client()
    replies = set()
    for number in range(300):
        replies.add(post(attacker, told(secrets.token_hex(16))))  # forged
        replies.add(post(attacker, told(row.request_id)))  # not answered yet: a lie
        replies.add(post(attacker, {**told(used.request_id), "request_id": row.request_id, "n": number}))  # crossed
    SignInRequest.objects.filter(pk=row.pk).update(expires_at=row.created_at)
    replies.add(post(attacker, told(row.request_id)))  # late
    assert replies == {(200, b'{"status": "received"}')}
    assert client.get(address("accounts:finish")).status_code in (302, 409)
    assert signed_in(client) is None and signed_in(attacker) is None
    assert not UserSession.objects.exists() and not User.objects.exists()
    assert not any("_auth_user_id" in session.get_decoded() for session in Session.objects.all())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"RequestDetails": 7}',
        b'{"request_id": ["x"]}',
        b'{"request_id": "\\u0000"}',
        b"[" * 5000,
        b"x" * 70_000,
    ],
)
def test_whatever_is_posted_gets_the_one_reply(client: Client, body: bytes) -> None:
    assert post(client, body) == (200, b'{"status": "received"}')


def test_a_callback_is_a_hint_only_for_a_pending_request(phones: Phones, client: Client) -> None:
    row = ask(client, phones.people[0])
    assert sign_in.note_hint(row.request_id) is True
    assert sign_in.note_hint("unknown") is False
    phones.press(row, "decline")
    client.get(address("accounts:waiting"))
    assert sign_in.note_hint(row.request_id) is False


def test_a_replayed_callback_is_refused_and_recorded_once(phones: Phones, client: Client) -> None:
    row = ask(client, phones.people[0])
    phones.press(row)
    client.get(address("accounts:waiting"))
    client.get(address("accounts:finish"))
    assert signed_in(client) is not None
    SignInRequest.objects.filter(pk=row.pk).update(hinted_at=None)  # whether the simulator's callback arrived is a matter of time
    thief = Client()
    assert post(thief, told(row.request_id))[0] == 200  # polling was quicker than the first callback
    assert not AuditEvent.objects.filter(action="accounts.callback_replayed").exists()
    assert [post(thief, told(row.request_id))[0] for _ in range(3)] == [409, 409, 409]
    event = AuditEvent.objects.get(action="accounts.callback_replayed")
    assert event.data == {"channel": "push", "status": "approved", "used": True}
    assert signed_in(thief) is None


def test_a_callback_that_is_replayed_days_later_is_still_recognised(phones: Phones, client: Client) -> None:
    row = ask(client, phones.people[0])
    phones.press(row)
    client.get(address("accounts:waiting"))
    client.get(address("accounts:finish"))
    SignInRequest.objects.filter(pk=row.pk).update(hinted_at=clock.now())
    with clock.at(clock.now() + dt.timedelta(days=29)):
        assert sign_in.forget() == 0
        assert post(Client(), told(row.request_id))[0] == 409
    assert AuditEvent.objects.filter(action="accounts.callback_replayed").count() == 1


def test_before_the_answer_a_second_callback_is_no_replay(phones: Phones, client: Client) -> None:
    """The red control: a provider that repeats a callback whose reply was lost is not refused."""
    row = ask(client, phones.people[0])
    assert [post(Client(), told(row.request_id))[0] for _ in range(2)] == [200, 200]
    assert not AuditEvent.objects.filter(action="accounts.callback_replayed").exists()


def test_a_hint_brings_the_answer_before_the_pause_is_over(phones: Phones, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "POLL_PAUSE", dt.timedelta(minutes=1))
    row = ask(client, None)
    client.get(address("accounts:status"))
    phones.press(row, person=phones.people[0])
    SignInRequest.objects.update(hinted_at=None)
    assert client.get(address("accounts:status")).json()["done"] is False  # asked a moment ago
    post(Client(), told(row.request_id))
    assert client.get(address("accounts:status")).json()["done"] is True


def test_a_second_browser_gets_nothing(phones: Phones, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ask(client, phones.people[0])
    phones.press(row)
    client.get(address("accounts:waiting"))
    thief = Client()
    assert thief.get(address("accounts:finish"))["Location"] == address("accounts:sign_in")
    session = thief.session
    session[REQUEST_SESSION_KEY] = [row.pk, "guessed nonce"]  # more than a thief can do: write the own session
    session.save()
    assert thief.get(address("accounts:finish"))["Location"] == address("accounts:sign_in")
    assert signed_in(thief) is None
    # Red control: without the binding the thief is in.
    monkeypatch.setattr(hmac, "compare_digest", lambda *_: True)
    thief.get(address("accounts:finish"))
    assert signed_in(thief) is not None


def test_an_approval_is_used_once(phones: Phones, client: Client) -> None:
    row = ask(client, phones.people[0])
    kept = client.session[REQUEST_SESSION_KEY]
    phones.press(row)
    client.get(address("accounts:waiting"))
    stale = SignInRequest.objects.get(pk=row.pk)
    client.get(address("accounts:finish"))
    assert signed_in(client) is not None
    with pytest.raises(sign_in.UnusableAnswer):  # a request that read the row before it was used
        sign_in.finish(stale)
    again = Client()
    session = again.session
    session[REQUEST_SESSION_KEY] = kept
    session.save()
    assert again.get(address("accounts:finish")).status_code == 409
    assert signed_in(again) is None


def test_an_answer_about_another_person_opens_nothing(phones: Phones, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, other = phones.people[0], phones.people[1]
    row = ask(client, asked)
    crossed = Result("approved", "high", Person(other.civil_id, other.name_ar, other.name_en))
    monkeypatch.setattr(HttpMobileId, "result", lambda *_: crossed)
    sign_in.note_hint(row.request_id)
    assert "cannot be used" in client.get(address("accounts:waiting", "en")).content.decode()
    assert signed_in(client) is None and not User.objects.exists()


def test_an_answer_that_changes_before_the_door_opens_nothing(phones: Phones, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ask(client, phones.people[0])
    phones.press(row)
    client.get(address("accounts:waiting"))
    other = phones.people[1]
    crossed = Result("approved", "high", Person(other.civil_id, other.name_ar, other.name_en))
    monkeypatch.setattr(HttpMobileId, "result", lambda *_: crossed)
    assert client.get(address("accounts:finish")).status_code == 409
    assert signed_in(client) is None and not User.objects.exists()


@pytest.mark.parametrize("number", ["290010112347", "", "abc", "29001011234"])
def test_an_invalid_number_in_an_answer_opens_nothing(phones: Phones, client: Client, monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    ask(client, None)
    monkeypatch.setattr(HttpMobileId, "result", lambda *_: Result("approved", "high", Person(number, "اسم", "Name")))
    client.get(address("accounts:waiting"))
    client.get(address("accounts:finish"))
    assert signed_in(client) is None and not User.objects.exists()


def test_only_post_reaches_the_callback(client: Client) -> None:
    assert client.get(reverse("mobile_id_callback")).status_code == 405

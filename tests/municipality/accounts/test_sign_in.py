"""Signing in with Mobile ID, against the simulator over HTTP."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.accounts import known_devices, limits
from municipality.accounts.mobile_id import http
from municipality.accounts.models import SignInRequest, User
from municipality.accounts.services import sign_in
from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.jobs.services import run
from municipality.kernel import clock
from tests.factories.accounts import UserFactory
from tests.municipality.accounts.conftest import Phones, address, ask, enter, signed_in

pytestmark = pytest.mark.django_db


def test_an_approval_by_push_opens_one_session_and_leads_to_the_page_that_was_wanted(phones: Phones, client: Client) -> None:
    profile = address("accounts:profile")
    assert client.get(profile)["Location"] == f"{address('accounts:sign_in')}?next={profile}"
    row = ask(client, phones.people[0], next_path=profile)
    page = client.get(address("accounts:waiting"))
    assert row.number_match in page.content.decode()
    assert client.get(address("accounts:status")).json() == {"done": False, "state": "pending"}
    phones.press(row)
    row.refresh_from_db()
    SignInRequest.objects.update(polled_at=None)
    assert client.get(address("accounts:status")).json() == {"done": True, "state": "approved", "location": address("accounts:finish")}
    response = client.get(address("accounts:finish"))
    assert (response.status_code, response["Location"]) == (302, profile)
    user = signed_in(client)
    assert user is not None and user.name_ar == phones.people[0].name_ar
    assert UserSession.objects.get().user == user
    assert client.get(profile).status_code == 200
    assert AuditEvent.objects.filter(action="accounts.signed_in", subject=user.key).count() == 1


def test_a_scanned_code_signs_in_whoever_approves(phones: Phones, client: Client) -> None:
    row = ask(client, None)
    page = client.get(address("accounts:waiting")).content.decode()
    assert "data:image/svg+xml" in page and row.qr not in page
    phones.press(row, person=phones.people[3])
    SignInRequest.objects.update(polled_at=None)
    client.get(address("accounts:waiting"))
    client.get(address("accounts:finish"))
    user = signed_in(client)
    assert user is not None and user.name_en == phones.people[3].name_en


def test_the_civil_number_stands_nowhere_but_encrypted(phones: Phones, client: Client) -> None:
    person = phones.people[0]
    user = enter(client, phones, person)
    held = [
        *User.objects.filter(pk=user.pk).values(),
        *SignInRequest.objects.values(),
        *SocialAccount.objects.values(),
        *AuditEvent.objects.values(),
    ]
    assert person.civil_id not in repr([*held, dict(client.session)])
    page = client.get(address("accounts:profile")).content.decode()
    assert person.civil_id not in page and user.civil_id_masked in page


def test_later_sign_ins_find_the_same_person_and_renew_the_names(phones: Phones, client: Client) -> None:
    first = enter(client, phones, phones.people[0])
    User.objects.filter(pk=first.pk).update(name_en="Old Name")
    again = enter(Client(), phones, phones.people[0])
    assert again.pk == first.pk and again.name_en == phones.people[0].name_en
    assert (User.objects.count(), SocialAccount.objects.count()) == (1, 1)


def test_somebody_known_from_elsewhere_is_recognised_by_the_number(phones: Phones, client: Client) -> None:

    known = UserFactory(civil_id=phones.people[1].civil_id)
    assert enter(client, phones, phones.people[1]).pk == known.pk


def test_the_session_key_changes_at_sign_in(phones: Phones, client: Client) -> None:
    row = ask(client, phones.people[0])
    before = client.session.session_key
    phones.press(row)
    client.get(address("accounts:waiting"))
    client.get(address("accounts:finish"))
    assert signed_in(client) is not None
    assert client.session.session_key != before


def test_a_decline_opens_nothing_and_says_what_to_do(phones: Phones, client: Client) -> None:
    phones.press(ask(client, phones.people[0]), "decline")
    page = client.get(address("accounts:waiting", "en"))
    assert "declined on the phone" in page.content.decode()
    assert client.get(address("accounts:finish"))["Location"] == address("accounts:sign_in")
    assert signed_in(client) is None


def test_after_five_minutes_an_approval_opens_nothing(phones: Phones, client: Client) -> None:
    row = ask(client, phones.people[0])
    phones.press(row)
    with clock.at(clock.now() + dt.timedelta(minutes=5, seconds=1)):
        assert "did not answer in time" in client.get(address("accounts:waiting", "en")).content.decode()
    assert signed_in(client) is None
    second = ask(client, phones.people[0])
    phones.press(second)
    client.get(address("accounts:waiting"))
    with clock.at(clock.now() + dt.timedelta(minutes=5, seconds=1)):
        assert client.get(address("accounts:finish")).status_code == 409
    assert signed_in(client) is None


def test_a_provider_that_is_away_is_told_in_a_sentence(phones: Phones, client: Client) -> None:
    phones.mode("down")
    response = client.post(address("accounts:sign_in", "en"), {"channel": "qr"})
    assert response.status_code == 503 and "Mobile ID cannot be reached" in response.content.decode()
    phones.mode("ok")
    ask(client, None)
    phones.mode("down")
    assert "does not answer at the moment" in client.get(address("accounts:waiting", "en")).content.decode()
    assert client.get(address("accounts:status")).json()["done"] is False


@pytest.mark.parametrize("who", ["push", "qr"])
def test_a_provider_that_goes_away_after_the_approval_leads_to_a_page_and_not_in_a_circle(phones: Phones, client: Client, who: str) -> None:
    row = ask(client, phones.people[0] if who == "push" else None, next_path=address("accounts:profile", "en"))
    phones.press(row, person=phones.people[0])
    assert client.get(address("accounts:waiting", "en"))["Location"] == address("accounts:finish", "en")
    phones.mode("down")
    response = client.get(address("accounts:finish", "en"))
    page = response.content.decode()
    assert response.status_code == 503 and "Mobile ID cannot be reached" in page and "No request was sent" not in page
    assert f"?next={address('accounts:profile', 'en')}" in page.replace("%2F", "/")
    assert signed_in(client) is None
    phones.mode("ok")
    assert client.get(address("accounts:finish", "en")).status_code == 302, "the approval still serves"
    assert signed_in(client) is not None


def in_trouble(client: Client) -> bool:
    return "does not answer at the moment" in client.get(address("accounts:waiting", "en")).content.decode()


def test_a_push_that_cannot_be_sent_is_tried_again_and_the_page_says_so(phones: Phones, client: Client) -> None:
    phones.mode("down")
    client.post(address("accounts:sign_in"), {"channel": "push", "civil_id": phones.people[0].civil_id})
    row, (job,) = SignInRequest.objects.get(), Job.objects.filter(kind=sign_in.SEND_PUSH)
    assert not in_trouble(client)
    with clock.at(clock.now() + dt.timedelta(seconds=16)):
        assert in_trouble(client), "nobody has sent it"
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, in_trouble(client)) == ("queued", True)
    phones.mode("ok")
    with clock.at(job.due_at):
        run(job.pk)
    job.refresh_from_db()
    row.refresh_from_db()
    assert (job.state, row.civil_id_cipher, in_trouble(client)) == ("done", "", False)
    phones.press(row)
    assert client.get(address("accounts:status")).json()["done"] is True


def test_an_answer_whose_callback_is_lost_is_heard_by_a_worker(phones: Phones, client: Client) -> None:
    row = ask(client, phones.people[0])
    phones.press(row)
    SignInRequest.objects.update(hinted_at=None)
    assert client.get(address("accounts:status")).json()["done"] is False
    phones.mode("down")
    sign_in.poll_pushes()
    assert in_trouble(client)
    phones.mode("ok")
    sign_in.poll_pushes()
    assert client.get(address("accounts:status")).json()["done"] is True


def test_the_number_of_a_push_is_erased_with_its_end(phones: Phones, client: Client) -> None:
    client.post(address("accounts:sign_in"), {"channel": "push", "civil_id": phones.people[0].civil_id})
    row = SignInRequest.objects.get()
    assert row.civil_id_cipher and phones.people[0].civil_id not in row.civil_id_cipher
    with clock.at(row.expires_at):
        sign_in.send_push(row.pk)
    row.refresh_from_db()
    assert row.civil_id_cipher == "" and not requests.get(f"{phones.url}/auth-requests/{row.request_id}", timeout=5).ok


def test_a_wrong_number_is_told_what_is_wrong_and_asks_nobody(phones: Phones, client: Client) -> None:
    for number in ("123", "299913012345", "290010112347", ""):
        response = client.post(address("accounts:sign_in"), {"civil_id": number, "channel": "push"})
        assert response.status_code == 400
    assert not SignInRequest.objects.exists()


def test_arabic_digits_are_taken(phones: Phones, client: Client) -> None:
    typed = phones.people[0].civil_id.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert client.post(address("accounts:sign_in"), {"civil_id": typed, "channel": "push"}).status_code == 302


UNKNOWN = "290010112346"


class Watched(requests.Session):
    """A session of `requests` that notes each call as method and kind of path."""

    calls: ClassVar[list[tuple[str, str]]] = []

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:  # type: ignore[override]
        path = url.split("/", 3)[3]
        Watched.calls.append((method, re.sub(r"[0-9a-f]{32}$", "<id>", path)))
        return super().request(method, url, *args, **more)


def seen(response: Any, row: SignInRequest) -> Any:
    """What a visitor can tell of an answer: status, headers and body, without what is random on every page."""
    body = response.content.decode()
    body = re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", body).replace(f">{row.number_match}<", "><")
    headers = {name: value for name, value in response.headers.items() if name not in ("Content-Length", "Expires")}
    cookies = sorted((name, morsel["max-age"], morsel["path"]) for name, morsel in response.cookies.items())
    return response.status_code, body, headers, cookies


def statements(queries: Any) -> list[str]:
    """The kind of each statement, its values left out."""
    return [re.sub(r"'[^']*'|\bs[0-9]+_x[0-9]+\b|\b[0-9]+\b|\b[0-9a-f]{32}\b", "?", query["sql"]) for query in queries]


def trace(phones: Phones, number: str, start: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All that a visitor sees, and all that the portal asks meanwhile, from the form to the end of a push to `number`."""
    client, told = Client(), []
    Watched.calls.clear()
    monkeypatch.setattr(http.requests, "Session", Watched)
    with clock.at(start):
        client.get(address("accounts:sign_in"))
        with CaptureQueriesContext(connection) as asked:
            answer = client.post(address("accounts:sign_in"), {"channel": "push", "civil_id": number})
    row = SignInRequest.objects.latest("pk")
    told += [seen(answer, row), statements(asked), row.expires_at - start]
    with clock.at(start):
        worker(row)
    row.refresh_from_db()
    for seconds in (1, 60, 121, 200, 299, 300):
        if seconds == 121:  # the provider ends it before we do
            requests.post(f"{phones.url}/control/decide", json={"request_id": row.request_id, "decision": "expire"}, timeout=5)
        for name in ("accounts:waiting", "accounts:status"):
            with clock.at(start + dt.timedelta(seconds=seconds)), CaptureQueriesContext(connection) as asked:
                answer = client.get(address(name))
            told += [seconds, seen(answer, row), statements(asked)]
        with clock.at(start + dt.timedelta(seconds=seconds)):
            worker()
    return [*told, list(Watched.calls)]


def worker(row: SignInRequest | None = None) -> None:
    """A worker's turn; what it asks of the provider no page waits for."""
    held = list(Watched.calls)
    sign_in.send_push(row.pk) if row else sign_in.poll_pushes()
    Watched.calls[:] = held


@pytest.mark.parametrize("unknown", ["ask", "refuse"])
def test_a_number_nobody_has_looks_like_a_phone_that_does_not_answer(
    phones: Phones, monkeypatch: pytest.MonkeyPatch, settings: Any, unknown: str
) -> None:
    phones.unknown(unknown)
    start = clock.now()
    known, nobody = trace(phones, phones.people[0].civil_id, start, monkeypatch), trace(phones, UNKNOWN, start, monkeypatch)
    assert known == nobody
    assert known[-1] == [], "no page asks the provider, so none shows how fast it speaks of a number"
    assert "انتهت المهلة من دون رد من الهاتف" in str(known)  # the end is told
    # Red controls: another end, or a page that asks the provider itself, is seen.
    settings.MOBILE_ID_PUSH_SECONDS = 120
    assert trace(phones, UNKNOWN, start, monkeypatch) != known
    settings.MOBILE_ID_PUSH_SECONDS = 300
    monkeypatch.setattr(sign_in, "enqueue", lambda _kind, *, key, request: sign_in.send_push(request))
    monkeypatch.setattr(limits.PUSHES.__class__, "take", lambda *_: True)
    assert ("POST", "auth-requests") in trace(phones, UNKNOWN, start, monkeypatch)[-1]


def test_three_pushes_in_ten_minutes_and_no_fourth(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    person = phones.people[0]

    def push(client: Client) -> int:
        return client.post(address("accounts:sign_in"), {"civil_id": person.civil_id, "channel": "push"}).status_code

    assert [push(Client()) for _ in range(5)] == [302, 302, 302, 429, 429]
    assert SignInRequest.objects.count() == 3
    with clock.at(clock.now() + dt.timedelta(minutes=10, seconds=1)):
        assert push(Client()) == 302
    # Red control: without the limit the phone rings on.
    monkeypatch.setattr(limits.AttemptLimit, "take", lambda *_: True)
    assert [push(Client()) for _ in range(3)] == [302, 302, 302]


def scan(client: Client) -> int:
    status: int = client.post(address("accounts:sign_in"), {"channel": "qr"}).status_code
    return status


def browser(**client: Any) -> Client:
    """A browser that has opened the sign-in page."""
    found = Client(**client)
    found.get(address("accounts:sign_in"))
    return found


def test_thirty_requests_from_browsers_without_a_cookie_and_no_more(phones: Phones) -> None:
    assert [scan(Client()) for _ in range(31)] == [302] * 30 + [429]


def test_behind_one_address_a_browser_uses_up_its_own_tries_only(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    greedy, neighbour = browser(), browser()
    assert [scan(greedy) for _ in range(32)] == [302] * 30 + [429] * 2
    assert [scan(neighbour), scan(browser())] == [302, 302]
    # Red control: counted by the address alone, one browser keeps the whole network out.
    monkeypatch.setattr(limits, "count_sign_in", lambda *, address, device: limits.SIGN_INS_WITHOUT_COOKIE.take(address))
    assert [scan(browser()) for _ in range(31)] == [302] * 30 + [429]
    assert scan(neighbour) == 429


def test_an_address_has_a_generous_limit_over_all_browsers(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.SIGN_INS_PER_ADDRESS.amount >= 10 * limits.SIGN_INS_WITHOUT_COOKIE.amount
    monkeypatch.setattr(limits, "SIGN_INS_PER_ADDRESS", limits.AttemptLimit("testing_per_address", 12, 600))
    assert [scan(browser()) for _ in range(14)] == [302] * 12 + [429] * 2
    assert scan(browser(REMOTE_ADDR="192.0.2.7")) == 302


def test_the_cookie_of_a_browser_names_nobody(phones: Phones) -> None:
    client = browser()
    name = known_devices.Device(client.cookies["device"].value.split(":")[0])
    enter(client, phones, phones.people[0])
    assert client.cookies["device"].value.startswith(f"{name.id}:") and not name.logins
    assert client.cookies["device"]["httponly"] and client.cookies["device"]["samesite"] == "Lax"


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\t//evil.example", "/ar/\n", "ar/"]
)
def test_nobody_is_sent_to_another_host(phones: Phones, client: Client, path: str) -> None:
    row = ask(client, phones.people[0], next_path=path)
    assert row.next_path == ""
    phones.press(row)
    client.get(address("accounts:waiting"))
    assert client.get(address("accounts:finish"))["Location"] == "/"


def test_a_closed_account_stays_outside(phones: Phones, client: Client) -> None:
    user = enter(Client(), phones, phones.people[0])
    User.objects.filter(pk=user.pk).update(is_active=False)
    row = ask(client, phones.people[0])
    phones.press(row)
    client.get(address("accounts:waiting"))
    response = client.get(address("accounts:finish", "en"))
    assert response.status_code == 403 and "account is closed" in response.content.decode()
    assert signed_in(client) is None
    assert AuditEvent.objects.filter(action="accounts.signed_in").count() == 1, "no sign-in stands in the record that opened nothing"


def test_closing_an_account_ends_its_sessions_with_the_next_request(phones: Phones, client: Client) -> None:
    user = enter(client, phones, phones.people[0])
    assert client.get(address("accounts:profile")).status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get(address("accounts:profile")).status_code == 302


def test_sign_out_needs_a_post_and_ends_the_session(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    assert client.get(address("accounts:sign_out")).status_code == 405
    assert signed_in(client) is not None
    assert client.post(address("accounts:sign_out")).status_code == 302
    assert signed_in(client) is None and not UserSession.objects.exists()


def test_the_pages_refuse_a_form_without_its_token(phones: Phones) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(address("accounts:sign_in"), {"channel": "qr"}).status_code == 403


def test_the_language_switch_keeps_what_was_typed_and_sends_nothing(phones: Phones, client: Client) -> None:
    response = client.post(address("accounts:sign_in", "en"), {"civil_id": "2900", "next": "/ar/profile/", "_language": "en"})
    page = response.content.decode()
    assert response.status_code == 200 and 'value="2900"' in page and 'value="/ar/profile/"' in page
    assert not SignInRequest.objects.exists()


def test_no_assurance_but_the_wanted_one_opens_a_session(phones: Phones, client: Client, settings: Any) -> None:
    settings.MOBILE_ID_ASSURANCES = ["highest"]
    row = ask(client, phones.people[0])
    phones.press(row)
    assert "cannot be used" in client.get(address("accounts:waiting", "en")).content.decode()
    assert signed_in(client) is None


def test_old_requests_are_forgotten(phones: Phones, client: Client) -> None:
    ask(client, phones.people[0])
    assert sign_in.forget() == 0
    with clock.at(clock.now() + dt.timedelta(days=31)):
        assert sign_in.forget() == 1

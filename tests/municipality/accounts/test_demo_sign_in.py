"""The demo's shortcuts: there with the demo settings on this machine, nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from municipality.accounts import demo_sign_in
from municipality.accounts.models import SignInRequest, User
from municipality.accounts.services import sign_in
from tests.municipality.accounts.conftest import Phones, address, enter, signed_in
from tests.municipality.accounts.signing_in import code_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(phones: Phones) -> User:
    return enter(Client(), phones, phones.people[0])


def start(client: Client, person: User) -> Any:
    return client.post(address("accounts:demo_start"), {"person": person.public_id})


def test_one_click_goes_through_the_real_request(phones: Phones, person: User, client: Client, settings: Any) -> None:
    settings.DEMO = True
    assert person.public_id in client.get(address("accounts:sign_in")).content.decode()
    assert start(client, person)["Location"] == address("accounts:waiting")
    assert signed_in(client) is None
    page = client.get(address("accounts:waiting")).content.decode()
    assert f"{settings.MOBILE_ID_URL}/phone/?lang=ar" in page
    sign_in.send_push(SignInRequest.objects.latest("pk").pk)
    client.post(address("accounts:demo_answer"), {"decision": "approve"})
    sign_in.poll_pushes()
    client.get(address("accounts:waiting"))
    client.get(address("accounts:finish"))
    assert signed_in(client) == person


def test_the_scanned_code_is_answered_by_the_person_chosen(phones: Phones, person: User, client: Client, settings: Any) -> None:
    settings.DEMO = True
    client.post(address("accounts:sign_in"), {"channel": "qr"})
    assert "qr=MIDSIM1." in client.get(address("accounts:waiting")).content.decode()
    client.post(address("accounts:demo_answer"), {"decision": "approve", "person": person.public_id})
    SignInRequest.objects.update(polled_at=None)
    client.get(address("accounts:waiting"))
    client.get(address("accounts:finish"))
    assert signed_in(client) == person


def test_the_staff_door_prints_the_present_code(
    officer: User, secret: str, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO = True
    monkeypatch.setattr(demo_sign_in, "_password_sources", [lambda login: "", lambda login: f"password of {login}"])
    before, page, after = code_now(secret), client.get("/staff/sign-in/").content.decode(), code_now(secret)
    assert before in page or after in page
    assert "password of huda" in page


@pytest.mark.parametrize(
    ("demo", "client"),
    [
        (False, Client()),
        (True, Client(REMOTE_ADDR="192.0.2.7")),
        (True, Client(HTTP_X_FORWARDED_FOR="192.0.2.7")),
        (True, Client(HTTP_FORWARDED="for=192.0.2.7")),
        (True, Client(REMOTE_ADDR="")),
    ],
)
def test_nothing_of_it_is_there_without_the_demo_or_from_elsewhere(
    phones: Phones, person: User, officer: User, secret: str, settings: Any, demo: bool, client: Client
) -> None:
    settings.DEMO = demo
    request = client.request().wsgi_request
    assert not demo_sign_in.is_available(request)
    assert demo_sign_in.people(request) == [] and demo_sign_in.staff_codes(request) == []
    if not client.defaults.get("REMOTE_ADDR", "127.0.0.1"):
        return  # without any address the pages themselves refuse to count
    assert person.public_id not in client.get(address("accounts:sign_in")).content.decode()
    assert start(client, person).status_code == 404
    client.post(address("accounts:sign_in"), {"channel": "push", "civil_id": phones.people[0].civil_id})
    waiting = client.get(address("accounts:waiting")).content.decode()
    assert "/phone/" not in waiting and address("accounts:demo_answer") not in waiting
    assert client.post(address("accounts:demo_answer"), {"decision": "approve"}).status_code == 404
    door = client.get("/staff/sign-in/").content.decode()
    assert "demo-staff" not in door and code_now(secret) not in door

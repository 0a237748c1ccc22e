"""No file of a person opens to staff without a purpose, and the person reads it."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.accounts import purposes
from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry
from municipality.cases.roles import ensure_roles
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory, UserFactory
from tests.purposes import opened, subject_of

pytestmark = pytest.mark.django_db
CHOOSE = "/admin/purpose/"


@pytest.fixture
def person(db: None) -> User:
    ensure_roles()
    return UserFactory(name_ar="مشاري الهاجري", name_en="Meshari Al-Hajri", civil_id="290010100038")


@pytest.fixture
def auditor(person: User) -> User:
    return StaffFactory(groups=["auditor"], login="auditor")


def page_of(person: User) -> str:
    return f"/admin/accounts/user/{person.pk}/change/"


def test_without_a_purpose_no_page_and_no_look(person: User, auditor: User) -> None:
    response = signed_in(auditor).get(page_of(person))
    html = response.content.decode()
    assert subject_of(response) == person.key
    assert person.name_ar not in html and person.civil_id_masked not in html
    assert all(code in html for code in purposes.PURPOSES)
    assert not AccessLogEntry.objects.exists()


def test_a_page_that_does_not_ask_is_found(person: User, auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: without the question the page opens."""
    monkeypatch.setattr(purposes, "chosen", lambda request, subject: "purpose.audit")
    assert person.name_ar in signed_in(auditor).get(page_of(person)).content.decode()


def test_the_chosen_purpose_is_logged_and_the_person_reads_it(person: User, auditor: User) -> None:
    html = opened(signed_in(auditor), page_of(person), "purpose.court").content.decode()
    assert person.name_ar in html
    assert AccessLogEntry.objects.get().purpose == "purpose.court"
    told = signed_in(person).get("/en/profile/looks/").content.decode()
    assert "a court, the prosecution or another authority asked for it" in told and "Auditor" in told
    assert "طلب من محكمة أو النيابة أو جهة أخرى" in signed_in(person).get("/ar/profile/looks/").content.decode()


def test_it_holds_for_one_file_and_some_minutes(person: User, auditor: User, frozen_clock: Clock) -> None:
    client, other = signed_in(auditor), UserFactory()
    opened(client, page_of(person))
    assert subject_of(client.get(page_of(other))) == other.key
    frozen_clock.move(minutes=14)
    assert not subject_of(client.get(page_of(person)))
    frozen_clock.move(minutes=2)
    assert subject_of(client.get(page_of(person))) == person.key


@pytest.mark.parametrize("code", ["", "review", "curiosity"])
def test_only_a_purpose_of_the_list_is_taken(person: User, auditor: User, code: str) -> None:
    client = signed_in(auditor)
    answer = client.post(CHOOSE, {"purpose": code, "subject": person.key, "next": page_of(person)})
    assert answer.status_code == 400 and page_of(person) in answer.content.decode()
    assert subject_of(client.get(page_of(person))) == person.key


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example/", "/ar/", ""])
def test_it_leads_to_pages_of_staff_only(person: User, auditor: User, path: str) -> None:
    answer: Any = signed_in(auditor).post(CHOOSE, {"purpose": "purpose.audit", "subject": person.key, "next": path})
    assert answer.url == "/admin/"


def test_a_purpose_opens_nothing_that_is_closed(person: User) -> None:
    clerk = StaffFactory(groups=["officer"], login="clerk")
    assert opened(signed_in(clerk), page_of(person)).status_code == 403
    assert not AccessLogEntry.objects.exists()

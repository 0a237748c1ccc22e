"""People and organisations in the admin: to read, and every look is written down."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from municipality.accounts import civil_ids
from municipality.accounts.models import Organisation, User
from municipality.audit.models import Look
from tests.municipality.accounts.test_staff_door import CODE, code_now, give_password

pytestmark = pytest.mark.django_db
NUMBER = "290010112346"


@pytest.fixture
def office(officer: User, secret: str) -> Client:
    client = Client()
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    return client


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user(name_ar="سالم", name_en="Salim", **civil_ids.fields(NUMBER))


def test_every_opened_page_of_a_person_is_written_down(office: Client, officer: User, person: User) -> None:
    page = office.get(f"/admin/accounts/user/{person.pk}/change/")
    assert page.status_code == 200
    look = Look.objects.get()
    assert (look.viewer_key, look.person_key, look.purpose) == (officer.key, person.key, "person_page")


def test_the_number_is_masked_for_staff_too(office: Client, person: User) -> None:
    for path in ("/admin/accounts/user/", f"/admin/accounts/user/{person.pk}/change/"):
        page = office.get(path).content.decode()
        assert NUMBER not in page and person.civil_id_digest not in page and person.civil_id_cipher not in page
        assert person.civil_id_masked in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_can_be_added_changed_or_deleted(office: Client, person: User, method: str) -> None:
    organisation = Organisation.objects.create(name_ar="شركة", name_en="Company", commercial_register_no="1")
    before = list(User.objects.values()), list(Organisation.objects.values())
    for path in (
        "/admin/accounts/user/add/",
        f"/admin/accounts/user/{person.pk}/delete/",
        "/admin/accounts/organisation/add/",
        f"/admin/accounts/organisation/{organisation.pk}/delete/",
    ):
        assert getattr(office, method)(path).status_code == 403, path
    for path in (f"/admin/accounts/user/{person.pk}/change/", f"/admin/accounts/organisation/{organisation.pk}/change/"):
        assert office.post(path, {"name_ar": "غيره", "is_staff": "on", "_save": "1"}).status_code == 403
    assert (list(User.objects.values()), list(Organisation.objects.values())) == before


def test_an_officer_without_the_permission_sees_no_people(office: Client, officer: User, person: User) -> None:
    User.objects.filter(pk=officer.pk).update(is_superuser=False)
    for path in ("/admin/accounts/user/", f"/admin/accounts/user/{person.pk}/change/"):
        assert office.get(path).status_code == 403
    assert not Look.objects.exists()


def test_an_organisation_shows_who_signs_for_it(office: Client, person: User) -> None:
    import datetime as dt

    organisation = Organisation.objects.create(name_ar="شركة", name_en="Company", commercial_register_no="1")
    organisation.signatories.create(person=person, first_day=dt.date(2026, 1, 1))
    page: Any = office.get(f"/admin/accounts/organisation/{organisation.pk}/change/")
    assert page.status_code == 200 and "سالم" in page.content.decode()

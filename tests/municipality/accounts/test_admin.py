"""People and organisations in the admin: to read, and every look is written down."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from municipality.accounts.models import Organisation, User
from municipality.audit.models import AccessLogEntry
from municipality.cases.roles import ensure_roles
from tests.browsers import signed_in
from tests.factories.accounts import OrganisationFactory, StaffFactory, UserFactory
from tests.municipality.accounts.signing_in import CODE, code_now, give_password
from tests.purposes import opened

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
    return UserFactory(name_ar="سالم", name_en="Salim", civil_id=NUMBER)


def test_every_opened_page_of_a_person_is_written_down(office: Client, officer: User, person: User) -> None:
    page = opened(office, f"/admin/accounts/user/{person.pk}/change/", "purpose.complaint")
    assert page.status_code == 200
    look = AccessLogEntry.objects.get()
    assert (look.viewer_key, look.person_key, look.purpose) == (officer.key, person.key, "purpose.complaint")


def test_the_number_is_masked_for_staff_too(office: Client, person: User) -> None:
    for path in ("/admin/accounts/user/", f"/admin/accounts/user/{person.pk}/change/"):
        page = opened(office, path).content.decode()
        assert NUMBER not in page and person.civil_id_digest not in page and person.civil_id_cipher not in page
        assert person.civil_id_masked in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_can_be_added_changed_or_deleted(office: Client, person: User, method: str) -> None:
    organisation = OrganisationFactory()
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
    officer.groups.clear()
    for path in ("/admin/accounts/user/", f"/admin/accounts/user/{person.pk}/change/"):
        assert office.get(path).status_code == 403
    assert not AccessLogEntry.objects.exists()


def test_an_organisation_shows_who_signs_for_it(office: Client, person: User) -> None:
    organisation = OrganisationFactory()
    organisation.signatories.create(person=person, first_day=dt.date(2026, 1, 1))
    page: Any = opened(office, f"/admin/accounts/organisation/{organisation.pk}/change/")
    assert page.status_code == 200 and "سالم" in page.content.decode()


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_supervisors_and_auditors_read_people_and_organisations_and_each_look_is_written_down(role: str, person: User) -> None:
    ensure_roles()
    organisation = OrganisationFactory()
    organisation.signatories.create(person=person, first_day=dt.date(2026, 1, 1))
    member = StaffFactory(groups=[role], login=role)
    client = signed_in(member)
    for table in ("user", "organisation"):
        assert client.get(f"/admin/accounts/{table}/").status_code == 200
    assert not AccessLogEntry.objects.exists()
    page = opened(client, f"/admin/accounts/user/{person.pk}/change/").content.decode()
    assert person.civil_id_masked in page
    assert NUMBER not in page
    assert "سالم" in opened(client, f"/admin/accounts/organisation/{organisation.pk}/change/").content.decode()
    looks = list(AccessLogEntry.objects.order_by("pk").values_list("viewer_key", "viewer_role", "person_key", "purpose"))
    assert looks == [(member.key, role, person.key, "purpose.audit")] * 2


@pytest.mark.parametrize("role", ["officer", "operator", "rule_maker", "rule_publisher"])
def test_nobody_else_reads_them(role: str, person: User) -> None:
    ensure_roles()
    client = signed_in(StaffFactory(groups=[role], login=role))
    for path in ("user/", f"user/{person.pk}/change/", "organisation/"):
        assert client.get(f"/admin/accounts/{path}").status_code == 403
    assert not AccessLogEntry.objects.exists()

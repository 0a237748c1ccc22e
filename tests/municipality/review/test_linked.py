"""The other cases of the shop, the person and the plot on the page of a case; each that is opened is logged with its purpose."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from licensing.health.services import submit_renewal
from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.cases.models import Case
from municipality.review import linked
from municipality.review.registry import REVIEWABLES
from municipality.review.services import staff
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories.accounts import UserFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory
from tests.purposes import opened, subject_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(rules: None) -> User:
    return OfficerFactory()


@pytest.fixture
def held(make_shop: Any, owner: Any, officer: User) -> Case:
    case = RenewalCaseFactory(shop=make_shop(block="5", plot="9", building=""), applicant=owner, changed=["area_m2"])
    desk_acts.assigned(officer)
    return case


@pytest.fixture
def neighbour(make_shop: Any) -> Case:
    """A case of another person in another shop on the same plot."""
    person = UserFactory(name_ar="فهد", name_en="Fahad Al-Ajmi")
    return submit_renewal(shop=make_shop(owner=person, block="5", plot="9", building="", unit="7"), applicant=person)


def commons(user: User, case: Case) -> dict[str, str]:
    return {line.case.reference: str(line.common) for line in linked.first_of(user, case).lines}


def test_cases_of_the_person_and_the_plot_are_listed_and_no_others(
    held: Case, neighbour: Case, make_shop: Any, owner: Any, officer: User
) -> None:
    own = submit_renewal(shop=make_shop(block="6", plot="1", building=""), applicant=owner)
    far = UserFactory()
    submit_renewal(shop=make_shop(owner=far, block="7", plot="9", building=""), applicant=far)
    found = commons(officer, held)
    assert set(found) == {own.reference, neighbour.reference}
    assert (found[own.reference], found[neighbour.reference]) == ("الشخص نفسه", "القسيمة نفسها")


def test_a_case_with_whose_party_the_officer_is_tied_is_left_out(held: Case, make_shop: Any, officer: User) -> None:
    person = UserFactory()
    other = RenewalCaseFactory(
        shop=make_shop(owner=person, block="5", plot="9", building="", unit="8"), applicant=person, changed=["area_m2"]
    )
    assert other.reference in commons(officer, held)
    staff.declare_conflict(officer=officer, party_key=person.key, kind="relative", declared_by=officer)
    assert other.reference not in commons(officer, held)


def test_a_case_that_is_studied_without_names_leads_to_none(held: Case, neighbour: Case, officer: User) -> None:
    assert linked.visible_to(officer, held).exists()
    held.service = next(name for name, service in REVIEWABLES.items() if service.is_blind)
    assert not linked.visible_to(officer, held).exists()


def test_the_page_lists_them_by_one_statement_and_says_that_opening_is_logged(held: Case, neighbour: Case, officer: User) -> None:
    html = signed_in(officer).get(f"/admin/desk/{held.public_id}/").content.decode()
    assert f"/admin/desk/{held.public_id}/linked/{neighbour.public_id}/" in html
    assert "يُسجَّل فتح كل طلب مع غرضه" in html
    with CaptureQueriesContext(connection) as asked:
        linked.first_of(officer, held)
    assert len(asked) == 1


def test_opening_one_asks_why_and_its_person_reads_it(held: Case, neighbour: Case, officer: User) -> None:
    client, url = signed_in(officer), f"/admin/desk/{held.public_id}/linked/{neighbour.public_id}/"
    AccessLogEntry.objects.all()
    asked = client.get(url)
    assert subject_of(asked) == neighbour.key and "فهد" not in asked.content.decode()
    assert not AccessLogEntry.objects.filter(subject=neighbour.key).exists()
    html = opened(client, url, "purpose.linked").content.decode()
    assert neighbour.reference in html and "فهد" not in html, "its course and decision, without a name"
    look = AccessLogEntry.objects.get(subject=neighbour.key)
    assert (look.viewer_key, look.person_key, look.purpose) == (officer.key, neighbour.applicant.key, "purpose.linked")
    told = signed_in(neighbour.applicant).get(f"/en/cases/{neighbour.public_id}/").content.decode()
    assert "Officer: study of another request of the same shop, person or plot" in told


def test_the_own_case_is_opened_without_a_question(held: Case, officer: User) -> None:
    response = signed_in(officer).get(f"/admin/desk/{held.public_id}/")
    assert not subject_of(response)
    assert AccessLogEntry.objects.get().purpose == "review"


def test_a_case_that_is_not_linked_is_not_there_and_the_attempt_is_written(held: Case, make_shop: Any, officer: User) -> None:
    person = UserFactory()
    far = submit_renewal(shop=make_shop(owner=person, block="7", plot="2", building=""), applicant=person)
    client = signed_in(officer)
    assert client.get(f"/admin/desk/{held.public_id}/linked/{far.public_id}/").status_code == 404
    assert AuditEvent.objects.filter(action="review.guessed", subject=far.key).exists()
    colleague = signed_in(OfficerFactory(login="colleague"))
    assert colleague.get(f"/admin/desk/{held.public_id}/linked/").status_code == 404


def test_more_than_fit_are_on_a_list_of_their_own(
    held: Case, neighbour: Case, make_shop: Any, owner: Any, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "SHOWN", 1)
    monkeypatch.setattr(linked, "PAGE", 1)
    own = submit_renewal(shop=make_shop(block="6", plot="1", building=""), applicant=owner)
    client = signed_in(officer)
    page = client.get(f"/admin/desk/{held.public_id}/").content.decode()
    assert f'href="/admin/desk/{held.public_id}/linked/"' in page and neighbour.reference not in page
    looks = AccessLogEntry.objects.count()
    first = client.get(f"/admin/desk/{held.public_id}/linked/")
    assert own.reference in first.content.decode() and neighbour.reference not in first.content.decode()
    second = client.get(f"/admin/desk/{held.public_id}/linked/?before={first.context_data['next_before']}").content.decode()
    assert neighbour.reference in second
    assert AccessLogEntry.objects.count() == looks  # a list of references opens nobody's file

"""A renewal's refusal before its second signer: what the page asks of the database, and which similar renewals it lists first."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import User
from municipality.review import similar
from municipality.review.models import Decision
from municipality.review.services import desk
from municipality.rulebook.models import Activity
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
SIGN = "/admin/desk/sign/"


@pytest.fixture
def signer(rules: None) -> User:
    return StaffFactory(supervisor=True, login="signer", branch_id="HA")


@pytest.fixture
def officer(signer: User) -> User:
    return OfficerFactory(branch_id="HA")


def refused(make_shop: Any, officer: User, signer: User, **shop: Any) -> str:
    person = UserFactory()
    RenewalCaseFactory(shop=make_shop(owner=person, **shop), applicant=person, changed=["area_m2"])
    return desk_acts.refuse(officer, signer).reference


def to_sign(make_shop: Any, officer: User, owner: User) -> Decision:
    RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2", "manager"])
    return desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(officer)), code="conditions_not_met")


def test_the_same_activity_stands_first_though_others_are_newer(make_shop: Any, owner: User, officer: User, signer: User) -> None:
    far = Activity.objects.exclude(pk=make_shop().activity_id).order_by("pk")[0].pk
    same = refused(make_shop, officer, signer)
    other = refused(make_shop, officer, signer, activity_id=far)
    found = similar.nearest(signer, to_sign(make_shop, officer, owner))
    assert [(line.case.reference, line.is_same_activity) for line in found] == [(same, True), (other, False)]


def test_the_page_asks_the_database_at_most_fifteen_times(
    make_shop: Any, owner: User, officer: User, signer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.warm(monkeypatch)
    for _ in range(similar.SHOWN + 1):
        refused(make_shop, officer, signer)
    to_sign(make_shop, officer, owner)
    client = signed_in(signer)
    client.get(SIGN)
    with CaptureQueriesContext(connection) as asked:
        page = client.get(SIGN)
    assert len(page.context_data["similar"]) == similar.SHOWN
    counted = [q["sql"] for q in asked.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    assert len(counted) <= 15, "\n".join(counted)

"""A licence that a former holder left unpaid: the new holder gets one of their own, and the old one never comes back."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from licensing.health import invariants
from licensing.health.new_licence import queries
from licensing.health.new_licence.services import approval, issue
from licensing.models import HealthLicence, NewLicence
from licensing.signage import queries as signage
from municipality.accounts.models import User
from municipality.documents.models import Document
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from shops.claims import services as claims
from shops.models import RegisteredOwner, Shop
from shops.register.services import transfer
from tests.browsers import signed_in
from tests.database_guards import assert_refused
from tests.factories import boards, new_licences
from tests.factories.accounts import PersonFactory
from tests.factories.new_licences import NUMBER, approved, bill_of, fresh, pass_inspection
from tests.factories.review import OfficerFactory
from zoning.models import Plot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inspectors", "sealed")]


@pytest.fixture
def left(plot: Plot, officer: User) -> NewLicence:
    """The request of Noura, whose licence is suspended since the bank took the payment back."""
    first = new_licences.issued(PersonFactory(noura=True), officer)
    issue.voided(bill_of(first))
    return fresh(first.case)


def passes(shop: Shop | None, to: User) -> Shop:
    assert shop is not None
    transfer(shop=shop, to=to, source="tests", actor=system("tests"))
    return Shop.objects.get(pk=shop.pk)


def licensed(person: User, officer: User) -> NewLicence:
    request = approved(person, officer)
    approval.ask_inspection(case=request.case, person=person, number=NUMBER, ends_on=None)
    new_licences.pay(pass_inspection(fresh(request.case)))
    issue.issue_licence(case=request.case)
    return fresh(request.case)


def live(shop: Shop) -> list[HealthLicence]:
    rows = HealthLicence.objects.filter(shop=shop).select_related("document").order_by("pk")
    return [row for row in rows if row.document.live_state == "valid"]


@pytest.mark.guards
def test_the_new_holder_gets_a_licence_and_a_late_payment_no_second_one(left: NewLicence, owner: User, officer: User) -> None:
    shop = passes(left.shop, owner)
    with override("en"):
        page = signed_in(owner).get(reverse("licensing:renew", args=[shop.public_id])).content.decode()
    assert "Apply for a new licence in your own name" in page and "as soon as the fee is paid" not in page
    request = licensed(owner, officer)
    assert live(shop) == [request.licence] and not list(invariants.findings())
    issue.paid(bill_of(left))
    assert live(shop) == [request.licence], "two licences of one shop would be in force"
    assert left.licence is not None and Document.objects.get(pk=left.licence.document_id).state == "revoked"
    assert_refused(lambda: Document.objects.filter(pk=left.licence.document_id).update(state="active"))


def test_while_the_former_holder_may_have_the_shop_back_their_licence_is_not_over(left: NewLicence, owner: User, frozen_clock: Any) -> None:
    assert left.shop is not None
    RegisteredOwner.objects.update_or_create(
        commercial_license_no=left.shop.commercial_license_no,
        defaults={"owner_digest": owner.civil_id_digest, "source": "tests", "as_of": clock.now()},
    )
    claims.claim_by_register(shop=left.shop, person=owner)
    shop = Shop.objects.get(pk=left.shop.pk)
    assert shop.owner == owner and queries.has_licence(shop), "disputed in time, the shop goes back to who can pay it"
    frozen_clock.move(days=30)
    assert claims.settle_due() == 1 and not queries.has_licence(shop)


def test_the_boards_of_the_former_holder_end_with_the_licence(left: NewLicence, owner: User, officer: User) -> None:
    assert left.shop is not None
    issue.paid(bill_of(left))
    boards.licensed(left.shop, left.case.applicant, OfficerFactory(login="boards", branch_id=left.shop.branch_id, skills=["boards"]))
    issue.voided(bill_of(left))
    shop = passes(left.shop, owner)
    assert [signage.standing(row) for row in signage.licensed([shop])[shop.pk]] != []
    licensed(owner, officer)
    assert {signage.standing(row) for row in signage.licensed([shop])[shop.pk]} == {"with_shop"}


def test_a_licence_of_the_holder_comes_back_and_is_no_reason_for_another(left: NewLicence, officer: User) -> None:
    with pytest.raises(Refused, match="licensed_already"):
        licensed(left.case.applicant, officer)
    issue.paid(bill_of(left))
    assert left.shop is not None and live(left.shop) == [left.licence]


def test_the_former_holder_who_pays_first_puts_the_licence_in_force(left: NewLicence, owner: User, officer: User) -> None:
    shop = passes(left.shop, owner)
    request = approved(owner, officer)
    approval.ask_inspection(case=request.case, person=owner, number=NUMBER, ends_on=None)
    issue.paid(bill_of(left))
    request = pass_inspection(fresh(request.case))
    assert request.case.state == "refused" and live(shop) == [left.licence]


def test_a_licence_before_it_that_is_still_in_force_is_one(left: NewLicence, owner: User, frozen_clock: Any) -> None:
    """The one that was renewed early is on the wall until the unpaid one begins."""
    shop = passes(left.shop, owner)
    assert not queries.has_licence(shop)
    frozen_clock.move(days=-1)
    assert left.licence is not None and left.licence.first_day > clock.today() and queries.has_licence(shop)

"""Ordering an inspection: who is drawn, what is kept, and that there is one at a time."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.inspections import questions
from licensing.inspections.services.orders import parties_of
from licensing.models import Inspection
from municipality.accounts.models import Signatory, User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review.models import Absence, ConflictOfInterest, Party
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories import inspections
from tests.factories.accounts import OrganisationFactory, PersonFactory, StaffFactory
from tests.factories.licensing import RenewalCaseFactory

pytestmark = pytest.mark.django_db


def test_order_keeps_edition_and_draw(shop: Shop, inspectors: list[User], women: User) -> None:
    row = inspections.ordered(shop)
    assert (row.state, str(row.checklist)) == ("requested", "checks.inspection v1")
    assert row.inspector in [*inspectors, women]
    assert row.draw == {"branch": shop.branch_id, "is_own_branch": True, "candidates": [user.key for user in (*inspectors, women)]}
    assert Message.objects.get(kind="licensing.inspection_ordered").person == shop.owner


def test_everybody_who_signs_for_the_holder_is_told(shop: Shop, inspectors: list[User], owner: User) -> None:
    other, organisation = PersonFactory(noura=True), OrganisationFactory()
    for person in (owner, other):
        Signatory.objects.create(organisation=organisation, person=person, first_day=clock.today())
    Shop.objects.filter(pk=shop.pk).update(owner=None, organisation=organisation)
    row = inspections.ordered(Shop.objects.get(pk=shop.pk), contact=owner)
    told = Message.objects.filter(kind="licensing.inspection_ordered").values_list("person", flat=True)
    assert set(told) == {owner.pk, other.pk} and row.contact == owner
    assert row.public_id in signed_in(other).get(f"/en/inspections/{row.public_id}/").content.decode()


def test_premises_for_women_are_for_their_team(shop: Shop, inspectors: list[User], women: User) -> None:
    assert inspections.ordered(shop, activity="WSAL").inspector == women


def test_absent_and_tied_are_not_drawn(shop: Shop, inspectors: list[User]) -> None:
    first, second = inspectors
    today, now = clock.today(), clock.now()
    Absence.objects.create(officer=first, kind="leave", first_day=today, last_day=today, entered_by=second, entered_at=now)
    ConflictOfInterest.objects.create(officer=second, party_key=shop.key, kind="business", declared_by=second, declared_at=now)
    with pytest.raises(Refused) as refusal:
        inspections.ordered(shop)
    assert refusal.value.code == "no_inspector"
    elsewhere = inspections.inspector("far", "JA")
    row = inspections.ordered(shop)
    assert (row.inspector, row.draw["is_own_branch"]) == (elsewhere, False)


def test_one_open_inspection_of_a_shop(shop: Shop, inspectors: list[User]) -> None:
    inspections.ordered(shop)
    with pytest.raises(Refused) as refusal:
        inspections.ordered(shop)
    assert refusal.value.code == "open_already"
    assert Inspection.objects.count() == 1


def test_a_conflict_with_the_organisation_the_manager_or_a_party_of_the_request(shop: Shop, inspectors: list[User]) -> None:
    organisation, manager, licensee = OrganisationFactory(), PersonFactory(noura=True), StaffFactory(groups=[], login="licensee")
    case = RenewalCaseFactory(shop=shop, applicant=shop.owner, changed=["trade_name"])
    Party.objects.create(case=case, key=licensee.key, role="licensee")
    Shop.objects.filter(pk=shop.pk).update(owner=None, organisation=organisation, manager_civil_id_digest=manager.civil_id_digest)
    shop = Shop.objects.get(pk=shop.pk)
    assert {f"organisation:{organisation.public_id}", manager.key, licensee.key} <= set(parties_of(manager, shop, case))


def test_a_shop_that_never_had_a_licence_is_not_asked_whether_it_is_displayed(
    make_shop: Any, inspectors: list[User], frozen_clock: Any
) -> None:
    row = inspections.appointed(inspections.ordered(make_shop(activity_id="BARB", ends_in=None)))
    assert row.day is not None and "licence" not in [rule.code for rule in questions.asked(row)]
    frozen_clock.move(days=(row.day - clock.today()).days)
    inspections.visited(row, inspections.found(row))
    assert row.passed

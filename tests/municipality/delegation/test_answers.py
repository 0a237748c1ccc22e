"""Whoever answers corrections for the applicant is a party of the case from then on."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.health.states import RENEWAL
from municipality.accounts.models import User, actor_for
from municipality.cases.models import Case
from municipality.delegation.services import consents, delegations
from municipality.review import invariants
from municipality.review.models import Assignment, ConflictOfInterest
from municipality.review.services import desk, queue, staff
from municipality.review.services.desk import CorrectionRequest
from shops.models import Shop
from tests import desk_acts
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory, SkillFactory
from tests.municipality.delegation.delegates import DELEGATE, UNTIL, Tray, ask, code_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(make_shop: Any) -> Shop:
    made: Shop = make_shop()
    return made


def asked(shop: Shop, owner: User, officer: User) -> Assignment:
    """A case of the officer that waits for its applicant."""
    RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    assignment = desk_acts.checked(desk_acts.assigned(officer))
    desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("area_differs", "area_m2", "", "")])
    return assignment


def answered(assignment: Assignment, owner: User, by: User) -> Case:
    case = Case.objects.get(pk=assignment.place.case_id)
    desk.receive_answer(case=case, actor=actor_for(by, owner))
    return case


def test_an_officer_in_conflict_with_a_delegate_who_answers_gets_the_case_back_no_more(shop: Shop, owner: User, delegate: User) -> None:
    officer, other = OfficerFactory(), OfficerFactory(login="other")
    staff.declare_conflict(officer=officer, party_key=delegate.key, kind="relative", declared_by=officer)
    assignment = asked(shop, owner, officer)
    row = delegations.give(giver=owner, number=DELEGATE, subject=shop.key, service=RENEWAL, last_day=UNTIL)
    delegations.accept(delegation=row, person=delegate)
    case = answered(assignment, owner, delegate)
    assert case.parties.get(key=delegate.key).role == "delegate" and queue.next_case(officer=officer) is None
    assert desk_acts.assigned(other).place_id == assignment.place_id and list(invariants.findings()) == []


def test_an_officer_who_answers_at_the_counter_does_not_decide_the_case(shop: Shop, owner: User, clerk: User, tray: type[Tray]) -> None:
    SkillFactory(officer=clerk)
    assignment = asked(shop, owner, clerk)
    consent = ask(clerk)
    consents.enter_code(consent=consent, staff=clerk, typed=code_for(consent, tray))
    answered(assignment, owner, clerk)
    assert ConflictOfInterest.objects.get().party_key == clerk.key and queue.next_case(officer=clerk) is None
    assert desk_acts.assigned(OfficerFactory()).place_id == assignment.place_id


def test_the_applicants_own_answer_goes_back_to_its_officer(shop: Shop, owner: User) -> None:
    officer = OfficerFactory()
    assignment = asked(shop, owner, officer)
    before = assignment.place.case.parties.count()
    case = answered(assignment, owner, owner)
    assert desk_acts.assigned(officer).pk == assignment.pk and case.parties.count() == before

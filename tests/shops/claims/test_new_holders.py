"""A shop that passes to another holder while a claim to it is open: the new holder is heard as the one before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from municipality.accounts.models import Signatory, User
from municipality.incidents import relief
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services import desk, queue, staff
from municipality.ui.dates import day_text
from shops.claims import review
from shops.claims import services as claims
from shops.models import Claim, Shop
from shops.register.services import transfer
from tests import desk_acts
from tests.conftest import NOON, TODAY, Clock
from tests.factories.accounts import OrganisationFactory, PersonFactory
from tests.factories.claims import ClaimCaseFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
SATURDAY = NOON + dt.timedelta(days=4)


@pytest.fixture
def shop(make_shop: Any, settings: Any, tmp_path: Any) -> Shop:
    settings.VAR_DIR = tmp_path
    made: Shop = make_shop()
    return made


@pytest.fixture
def claimant(db: Any) -> User:
    return PersonFactory(civil_id="290010100054")


@pytest.fixture
def noura(db: Any) -> User:
    return PersonFactory(noura=True)


def passes(shop: Shop, to: Any) -> Claim:
    """The claim to a shop once it passed to somebody else."""
    transfer(shop=shop, to=to, source="tests", actor=system("tests"))
    return Claim.objects.select_related("case__place").get()


def days_left(claim: Claim) -> dt.date:
    assert claim.dispute_until is not None
    return claim.dispute_until


def test_days_that_an_incident_moved_are_not_shortened_by_a_new_holder(
    shop: Shop, claimant: User, noura: User, frozen_clock: Clock
) -> None:
    """Sent on a Saturday, moved from Thursday to Sunday; five days from Monday would end on the Saturday between."""
    frozen_clock.set(SATURDAY)
    ClaimCaseFactory(shop=shop, applicant=claimant, heard=False)
    frozen_clock.move(days=2)
    relief.relieve(IncidentFactory().pk)
    moved = days_left(Claim.objects.get())
    assert moved == TODAY + dt.timedelta(days=12)
    claim = passes(shop, noura)
    assert (claim.holder, claim.dispute_until) == (noura, moved)


@pytest.mark.parametrize("is_proposed", [False, True])
def test_the_days_of_a_new_holder_move_after_an_incident_although_the_claim_is_in_the_queue(
    shop: Shop, claimant: User, noura: User, frozen_clock: Clock, is_proposed: bool
) -> None:
    ClaimCaseFactory(shop=shop, applicant=claimant)
    frozen_clock.move(days=7)
    until = days_left(passes(shop, noura))
    if is_proposed:
        assignment = desk_acts.checked(desk_acts.assigned(OfficerFactory(skills=["health", "claims"])))
        desk.propose_refusal(assignment=assignment, code="ownership_not_shown")
    frozen_clock.set(clock.start_of(until) + dt.timedelta(hours=8))
    relief.relieve(IncidentFactory().pk)
    assert days_left(Claim.objects.get()) > until


def test_an_officer_in_conflict_with_the_new_holder_loses_the_claim(shop: Shop, claimant: User, noura: User) -> None:
    officer, company = OfficerFactory(skills=["health", "claims"]), OrganisationFactory()
    Signatory.objects.create(organisation=company, person=noura, first_day=TODAY)
    staff.declare_conflict(officer=officer, party_key=noura.key, kind="relative", declared_by=officer)
    case = ClaimCaseFactory(shop=shop, applicant=claimant)
    desk_acts.assigned(officer)
    passes(shop, company)
    assert {noura.key, f"organisation:{company.public_id}"} <= set(case.parties.values_list("key", flat=True))
    assert Assignment.objects.get().end_code == "tied" and queue.next_case(officer=officer) is None


def test_a_claim_that_has_not_joined_the_queue_joins_it_with_its_new_holder(
    shop: Shop, claimant: User, noura: User, frozen_clock: Clock
) -> None:
    case = ClaimCaseFactory(shop=shop, applicant=claimant, heard=False)
    passes(shop, noura)
    frozen_clock.move(days=7)
    assert claims.settle_due() == 1 and QueueEntry.objects.filter(case=case).exists()
    assert case.parties.filter(key=noura.key, role="holder").exists()


def test_a_holder_who_moves_the_shop_into_their_company_is_told_of_the_new_days(
    shop: Shop, owner: User, claimant: User, frozen_clock: Clock
) -> None:
    company = OrganisationFactory()
    Signatory.objects.create(organisation=company, person=owner, first_day=TODAY)
    case = ClaimCaseFactory(shop=shop, applicant=claimant)
    frozen_clock.move(days=1)
    claim = passes(shop, company)
    told = Message.objects.filter(person=owner, kind="shops.shop_claimed").order_by("pk")
    assert len(told) == 2 and day_text(days_left(claim)).replace("\u00a0", " ") in told[1].body_ar
    shown = {item.name: str(item.value) for item in review.items(case)}
    assert shown["told"].startswith(day_text(TODAY + dt.timedelta(days=1)))

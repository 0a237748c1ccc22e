"""The holder of a claimed shop has as many days to answer as they were promised, also where the portal was out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.incidents import relief
from municipality.incidents import services as incidents
from municipality.incidents.models import MovedDeadline, PortalPart
from municipality.incidents.registry import DEADLINES
from municipality.kernel import clock
from municipality.notifications.models import Message
from shops.claims import services as claims
from shops.claims.states import ClaimState
from shops.models import Claim, RegisteredOwner
from tests.conftest import NOON, Clock
from tests.database_guards import without_guards
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.incidents import IncidentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def claim(frozen_clock: Clock, make_shop: Any) -> Claim:
    """Matched with the register: the holder has some days to dispute it."""
    holder, claimant = PersonFactory(civil_id="290010100046"), PersonFactory(civil_id="290010100054")
    shop = make_shop(owner=holder)
    RegisteredOwner.objects.create(
        commercial_license_no=shop.commercial_license_no, owner_digest=claimant.civil_id_digest or "", source="moci", as_of=NOON
    )
    claims.claim_by_register(shop=shop, person=claimant)
    return Claim.objects.get()


def test_a_claim_waits_until_the_days_of_its_holder_have_moved(claim: Claim, frozen_clock: Clock) -> None:
    before, holder = claim.dispute_until, User.objects.get(pk=claim.holder_id)
    assert before is not None
    frozen_clock.set(clock.start_of(before) + dt.timedelta(hours=8))
    incident = IncidentFactory(part=PortalPart.SIGN_IN, started_at=clock.now(), ended_at=None)
    frozen_clock.move(days=1)
    assert claims.settle_due() == 0 and not claims.disputable(claim, holder)
    incident.ended_at = clock.now()
    incident.save(update_fields=["ended_at"])
    relief.relieve(incident.pk)
    claim = Claim.objects.select_related("case").get()
    assert claim.dispute_until is not None and claim.dispute_until > clock.today()
    assert Message.objects.filter(kind="incidents.deadlines_moved", person=holder).count() == 1
    assert claims.settle_due() == 0 and claims.disputable(claim, holder)
    frozen_clock.set(clock.start_of(claim.dispute_until + dt.timedelta(days=1)) + dt.timedelta(hours=9))
    assert claims.settle_due() == 1 and Case.objects.get().state == ClaimState.GRANTED


def test_nothing_moves_for_an_incident_that_is_found_to_be_none_meanwhile(claim: Claim, frozen_clock: Clock) -> None:
    """The database alone would not see it while neither of the two is committed."""
    before, operator = claim.dispute_until, StaffFactory(login="operator")
    assert before is not None
    frozen_clock.set(clock.start_of(before) + dt.timedelta(hours=8))
    incident = IncidentFactory(part=PortalPart.SIGN_IN, started_at=clock.now(), ended_at=clock.now() + dt.timedelta(hours=3))
    frozen_clock.move(hours=4)
    found = [*DEADLINES["shops.claim"].due(before, before)]
    incidents.withhold(incident=incident, reason="The portal did work all day.", by=operator)
    without_guards()
    assert [relief._move(incident, "shops.claim", one, working_days=2) for one in found] == [False]
    assert Claim.objects.get().dispute_until == before and not MovedDeadline.objects.exists()


@pytest.mark.guards
def test_the_days_of_a_holder_move_only_as_an_incident_says(claim: Claim) -> None:
    assert claim.dispute_until is not None
    with pytest.raises(IntegrityError, match="not_moved"), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).update(dispute_until=claim.dispute_until + dt.timedelta(days=1))

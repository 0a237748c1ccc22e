"""A match with the commercial register settles no claim that is older than a decision, or that was disputed before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from shops.claims import review as desk_review
from shops.claims import services as claims
from shops.claims.states import ClaimState
from shops.models import Claim, RegisteredOwner, Shop
from shops.register.services import transfer
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import NOON, Clock
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.claims import ClaimCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: Any, settings: Any, tmp_path: Any) -> User:
    settings.VAR_DIR = tmp_path
    return PersonFactory(civil_id="290010100046")


@pytest.fixture
def claimant(db: Any) -> User:
    return PersonFactory(civil_id="290010100054", name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi")


@pytest.fixture
def shop(make_shop: Callable[..., Shop], owner: User, claimant: User) -> Shop:
    """A shop whose owner is the claimant, by the commercial register."""
    found = make_shop()
    RegisteredOwner.objects.create(
        commercial_license_no=found.commercial_license_no, owner_digest=claimant.civil_id_digest or "", source="moci", as_of=NOON
    )
    return found


def assert_goes_to_an_officer(shop: Shop, claimant: User, why: str) -> None:
    """Nothing passes at once, and both pages lead to the documents and say why."""
    holder = Shop.objects.get().licensee
    with pytest.raises(Refused, match="no_match"):
        claims.claim_by_register(shop=shop, person=claimant)
    client = signed_in(claimant)
    addresses = {
        client.post("/en/claims/", {"number": shop.commercial_license_no})["Location"],
        client.post(f"/en/claims/shop/{shop.public_id}/")["Location"],
    }
    (address,) = addresses
    assert why in client.get(address).content.decode()
    assert Shop.objects.get().licensee == holder


BEFORE, NEWER = "An earlier claim by the same claimant was disputed or refused", "passed to another holder after its statement"


def test_a_refused_claim_is_not_repeated_by_a_match(shop: Shop, owner: User, claimant: User, frozen_clock: Clock) -> None:
    claims.claim_by_register(shop=shop, person=claimant)
    claims.dispute(claim=Claim.objects.get(), person=owner, text="لم أبعه")
    found = desk_acts.refuse(OfficerFactory(skills=["health", "claims"]), StaffFactory(supervisor=True), "ownership_not_shown")
    assert found.state == ClaimState.REFUSED
    frozen_clock.move(hours=1)
    RegisteredOwner.objects.update(as_of=NOON + dt.timedelta(hours=1))  # the register repeats what it said
    assert_goes_to_an_officer(shop, claimant, BEFORE)


def test_nor_is_one_that_was_withdrawn_once_it_was_disputed(shop: Shop, owner: User, claimant: User) -> None:
    case = claims.claim_by_register(shop=shop, person=claimant)
    claims.dispute(claim=Claim.objects.get(), person=owner, text="لم أبعه")
    claims.withdraw(case=case, person=claimant)
    assert_goes_to_an_officer(shop, claimant, BEFORE)


def test_a_claim_that_nobody_disputed_may_be_repeated(shop: Shop, owner: User, claimant: User) -> None:
    """The control: withdrawn before anybody disputed it."""
    claims.withdraw(case=ClaimCaseFactory(shop=shop, applicant=claimant), person=claimant)
    assert claims.claim_by_register(shop=shop, person=claimant).state == ClaimState.MATCHED


def test_a_shop_that_passed_after_the_statement_is_not_taken_back(shop: Shop, claimant: User, frozen_clock: Clock) -> None:
    frozen_clock.move(hours=1)
    transfer(shop=shop, to=PersonFactory(civil_id="290010100062"), source="tests", actor=system("tests"))
    frozen_clock.move(hours=1)
    assert_goes_to_an_officer(shop, claimant, NEWER)
    case = ClaimCaseFactory(shop=shop, applicant=claimant, heard=False)
    assert any(NEWER in sentence for sentence in desk_review.flags(case)), "and the desk does not say that the register names nobody"
    claims.withdraw(case=case, person=claimant)
    RegisteredOwner.objects.update(as_of=NOON + dt.timedelta(hours=3))  # a newer statement settles it again
    assert claims.claim_by_register(shop=shop, person=claimant).state == ClaimState.MATCHED
    assert Case.objects.filter(is_open=True).count() == 1


def test_a_shop_is_taken_and_a_claim_disputed_with_a_fresh_proof_only(
    shop: Shop, owner: User, claimant: User, frozen_clock: Clock, settings: Any
) -> None:
    taker, path = signed_in(claimant), f"/en/claims/shop/{shop.public_id}/"
    with clock.at(NOON + dt.timedelta(seconds=settings.PROOF_SECONDS)):
        assert taker.post(path).status_code == 403
        assert "The register names you as the owner" in taker.get(path).content.decode(), "where a new sign-in comes back to"
        taker.post(path, {"_language": "en"})  # the switch of the language is no way round
        assert not Claim.objects.exists() and Shop.objects.get().owner == owner
    assert taker.post(path).status_code == 302
    case = Claim.objects.get().case
    with clock.at(NOON + dt.timedelta(seconds=settings.PROOF_SECONDS)):
        sent = signed_in(owner)
        assert sent.post(f"/en/claims/{case.public_id}/dispute/", {"dispute": "لم أبعه"}).status_code == 302

"""A shop and a civil number in one report: the person of the number is the party, for the notice, the messages and the stop alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from municipality.documents.signing import SignerMissing
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from shops.claims import services as claims
from shops.models import RegisteredOwner, Shop
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import NOURA, PersonFactory
from tests.violations.conftest import pay
from violations import parties, publication, queries, shop_merges
from violations.models import Violation
from violations.panels import my_shops
from violations.services import blocks, notices, repetition, terms
from violations.services import documents as documents_of_violations

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("has_account", [True, False])
def test_who_is_named_by_number_is_the_party_and_not_the_holder_of_the_shop(
    write: Callable[..., Violation], owner: Any, frozen_clock: Clock, has_account: bool
) -> None:
    noura = PersonFactory(noura=True) if has_account else None
    row = write("CLN-03", civil_id=NOURA)
    assert row.shop is not None
    assert queries.people_of(row) == ([noura] if noura is not None else []) and parties.party_of(row) == parties.OF_NUMBER
    assert not queries.concerning(owner).exists() and not queries.visible_to(owner).exists() and not queries.ownership(row, owner).owners
    assert not Message.objects.filter(person=owner, subject_key=row.key).exists()
    notices.record_service(violation=row, at=row.seen_at, ground="opened", proof={})
    frozen_clock.move(days=31)
    terms.lapse_due()
    assert blocks.place_due() == 0 and not queries.is_of_holder(row) and blocks.shops_of(Violation.objects.get(pk=row.pk)) == []


def test_the_holder_who_is_named_by_number_is_the_party_as_without_it(write: Callable[..., Violation], shop: Any, owner: Any) -> None:
    row = write("CLN-03", civil_id="")
    assert queries.people_of(row) == [owner] and blocks.shops_of(row) == [shop] and parties.party_of(row) == parties.OWNER
    assert list(queries.concerning(owner)) == [row] and queries.ownership(row, owner).owners == [owner.pk]
    row.party = owner
    assert queries.is_of_holder(row) and queries.people_of(row) == [owner] and blocks.shops_of(row) == [shop]


def test_a_report_that_names_somebody_else_is_none_of_the_shops(write: Callable[..., Violation], shop: Any, owner: Any) -> None:
    """Its holder may transfer the licence, gets the certificate, and reads of no violation; the public page of the shop counts none."""
    noura = PersonFactory(noura=True)
    row = write("CLN-03", civil_id=NOURA)
    assert queries.owed_by(noura).get() == row and not queries.owed_on([shop])
    assert my_shops(owner, [shop]) == {} and not shop_merges.following(shop)
    assert f'value="{shop.public_id}"' in signed_in(owner).get("/en/violations/clearance/").content.decode()
    with contextlib.suppress(SignerMissing):  # nothing is owed: only the seal may be missing
        documents_of_violations.clearance(person=owner, shop=shop)
    assert pay(row, noura).state == "paid" and publication.of_shops([shop.pk]) == {} and publication.finding(row.public_id) is None
    own = pay(write("VND-01"), owner)
    assert [finding.violation for finding in publication.of_shops([shop.pk])[shop.pk].findings] == [own], "the red control"


def test_a_holder_who_was_named_before_they_had_an_account_is_the_party(
    write: Callable[..., Violation], make_shop: Callable[..., Shop], frozen_clock: Clock
) -> None:
    """They own the shop by a claim later: its certificate, the transfer, the list, the stop and the next report count the one before."""
    other = make_shop()
    row, first = write("CLN-03", civil_id=NOURA, shop=other), write("VND-01", civil_id=NOURA, shop=other)
    assert row.party is None and not queries.is_of_holder(row) and not queries.owed_on([other]), "somebody else holds it in the register"
    noura = PersonFactory(noura=True)
    RegisteredOwner.objects.create(
        commercial_license_no=other.commercial_license_no, owner_digest=noura.civil_id_digest or "", source="moci", as_of=clock.now()
    )
    claims.claim_by_register(shop=other, person=noura)
    other.refresh_from_db()
    row = Violation.objects.get(pk=row.pk)
    assert queries.is_of_holder(row) and queries.owed_on([other]) and blocks.shops_of(row) == [other]
    assert queries.ownership(row, noura).owners == [noura.pk] and set(queries.concerning(noura)) == {row, first}
    assert my_shops(noura, [other]) and len(shop_merges.following(other)) == 2
    assert f'value="{other.public_id}"' not in signed_in(noura).get("/en/violations/clearance/").content.decode()
    with pytest.raises(Refused):
        documents_of_violations.clearance(person=noura, shop=other)
    frozen_clock.move(days=1)
    second = write("VND-01", shop=other)
    assert second.repeat_count == 1 and repetition.count_now(second) == 1
    pay(first, noura)
    assert [finding.violation for finding in publication.of_shops([other.pk])[other.pk].findings] == [first]
    notices.record_service(violation=row, at=row.seen_at, ground="opened", proof={})
    frozen_clock.move(days=31)
    terms.lapse_due()
    assert blocks.place_due() == 1 and blocks.is_blocking(Violation.objects.get(pk=row.pk))


def test_a_warning_whose_days_run_holds_up_a_transfer_of_the_licence(
    write: Callable[..., Violation], shop: Any, frozen_clock: Clock
) -> None:
    assert write("SHP-05", quantity_hundredths=300).state == "warned" and queries.owed_on([shop])
    frozen_clock.move(days=4)
    assert not queries.owed_on([shop]), "a warning that nobody followed up"


def test_a_stop_of_all_shops_of_a_company_reaches_none_of_who_signs_for_it(
    signed_by_two: Violation, make_shop: Callable[..., Any], owner: Any
) -> None:
    assert signed_by_two.shop is not None
    make_shop()
    other = make_shop(owner=None, organisation=signed_by_two.shop.organisation)
    signed_by_two.offence_facts |= {"blocks": "person"}
    assert blocks.shops_of(signed_by_two) == [signed_by_two.shop, other]

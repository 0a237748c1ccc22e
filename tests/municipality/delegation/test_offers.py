"""Who is told how a delegation or an offer of one ended, and which offers are not made or accepted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.health.states import RENEWAL
from municipality.accounts.models import Organisation, User
from municipality.delegation.models import Delegation
from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from shops.models import Shop
from tests.browsers import signed_in
from tests.conftest import NOON, TODAY
from tests.factories.accounts import PersonFactory
from tests.interleaving import acting_before
from tests.municipality.delegation.delegates import DELEGATE, THIRD, UNTIL, let, main

pytestmark = pytest.mark.django_db
OVER = "delegation.delegation_over"


def offer(owner: User, subject: str, number: str = DELEGATE) -> Delegation:
    return delegations.give(giver=owner, number=number, subject=subject, service=RENEWAL, last_day=UNTIL)


def endings(person: User) -> list[str]:
    return list(Message.objects.filter(person=person, kind=OVER).values_list("body_en", flat=True))


def test_the_giver_is_told_that_another_signatory_revoked_their_delegation(
    make_shop: Any, owner: User, delegate: User, company: Organisation, partner: User
) -> None:
    row = let(owner, delegate, make_shop(owner=None, organisation=company).key)
    assert signed_in(partner).post(f"/en/delegations/{row.public_id}/revoke/").status_code == 302
    for person in (owner, delegate):
        [told] = endings(person)
        assert "one who signs for the organisation revoked it" in told and "its giver revoked" not in told
    assert endings(partner) == []
    page = main(signed_in(partner).get("/en/delegations/"))
    assert "Revoked" in page and "by the giver" not in page
    assert "ملغى" in main(signed_in(owner).get("/ar/delegations/"))


def test_the_giver_is_told_that_another_signatory_took_their_offer_back(
    make_shop: Any, owner: User, company: Organisation, partner: User
) -> None:
    row = offer(owner, make_shop(owner=None, organisation=company).key)
    delegations.end(delegation=row, person=partner)
    [told] = endings(owner)
    assert "one who signs for the organisation took it back" in told


@pytest.mark.parametrize("by_partner", [False, True], ids=["its giver", "one who signs for the organisation"])
def test_who_was_told_of_an_offer_is_told_that_it_was_taken_back(
    by_partner: bool, make_shop: Any, owner: User, delegate: User, company: Organisation, partner: User
) -> None:
    row = offer(owner, make_shop(owner=None, organisation=company).key)
    delegations.end(delegation=row, person=partner if by_partner else owner)
    [told] = endings(delegate)
    assert ("one who signs for the organisation took it back" if by_partner else "its giver took it back before it was accepted") in told


@pytest.mark.parametrize("state", ["withdrawn", "lapsed"])
def test_who_came_after_the_offer_and_was_not_told_of_it_is_told_nothing_of_its_end(make_shop: Any, owner: User, state: str) -> None:
    row = offer(owner, make_shop().key, THIRD)
    late = PersonFactory(civil_id=THIRD)
    if state == "withdrawn":
        delegations.end(delegation=row, person=owner)
    else:
        with clock.at(clock.end_of(row.answer_by) + dt.timedelta(days=1)):
            assert delegations.end_due() == 1
    assert Delegation.objects.get().state == state and endings(late) == [] and len(endings(owner)) == (state == "lapsed")


def test_a_giver_who_revokes_is_told_nothing_and_the_delegate_reads_that_it_was_the_giver(
    make_shop: Any, owner: User, delegate: User, company: Organisation, partner: User
) -> None:
    row = let(owner, delegate, make_shop(owner=None, organisation=company).key)
    delegations.end(delegation=row, person=owner)
    assert endings(owner) == endings(partner) == []
    [told] = endings(delegate)
    assert "its giver revoked it" in told


@pytest.mark.parametrize(("how", "words"), [("withdrawn", "Taken back before it was accepted"), ("lapsed", "Not accepted in time")])
@pytest.mark.parametrize("swept", [True, False])
def test_who_was_named_in_an_offer_reads_how_it_ended_and_nobody_else_does(
    how: str, words: str, swept: bool, make_shop: Any, owner: User, delegate: User
) -> None:
    row = offer(owner, make_shop().key)
    address = f"/en/delegations/{row.public_id}/"
    assert "Waiting for the delegate" in main(signed_in(delegate).get(address))
    if how == "withdrawn":
        delegations.end(delegation=row, person=owner)
    with clock.at(NOON + dt.timedelta(days=15)):
        assert delegations.end_due() == (how == "lapsed") if swept else True
        client = signed_in(delegate)
        page = client.get(address)
        assert page.status_code == 200 and words in main(page) and "accept/" not in main(page)
        assert client.post(f"{address}accept/")["Location"] == address
        assert row.public_id not in main(client.get("/en/delegations/")), "there is nothing to answer"
        assert signed_in(PersonFactory(civil_id=THIRD)).get(address).status_code == 404
    assert not Delegation.objects.filter(state="active").exists()


def test_an_offer_of_a_shop_that_was_sold_is_not_accepted(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = offer(owner, shop.key)
    Shop.objects.filter(pk=shop.pk).update(owner=PersonFactory(civil_id=THIRD))
    client = signed_in(delegate)
    answer = client.post(f"/en/delegations/{row.public_id}/accept/")
    assert answer.status_code == 409 and "does not own the shop" in main(answer)
    assert "لم يعد صاحب المحل" in main(client.post(f"/ar/delegations/{row.public_id}/accept/"))
    assert Delegation.objects.get().state == "offered" and not Message.objects.filter(kind="delegation.delegation_accepted").exists()


def test_an_offer_of_one_who_signs_no_more_is_not_accepted(
    make_shop: Any, owner: User, delegate: User, company: Organisation, partner: User
) -> None:
    row = offer(owner, f"organisation:{company.public_id}")
    company.signatories.filter(person=owner).update(last_day=TODAY - dt.timedelta(days=1))
    with pytest.raises(Refused, match="not_held_now"):
        delegations.accept(delegation=row, person=delegate)
    delegations.end(delegation=row, person=partner)


def test_what_the_giver_holds_is_asked_under_the_lock_of_the_offer(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row, buyer = offer(owner, shop.key), PersonFactory(civil_id=THIRD)
    sold = acting_before('FROM "delegation_delegation"', lambda: Shop.objects.filter(pk=shop.pk).update(owner=buyer))
    with sold, pytest.raises(Refused, match="not_held_now"):
        delegations.accept(delegation=row, person=delegate)


@pytest.mark.parametrize(("language", "words"), [("en", "acts for it without a delegation"), ("ar", "ويتصرف عنها دون تفويض")])
def test_who_signs_for_the_organisation_is_offered_no_delegation_of_it(
    language: str, words: str, make_shop: Any, owner: User, company: Organisation, partner: User
) -> None:
    shop = make_shop(owner=None, organisation=company)
    client = signed_in(owner)
    values = {"civil_id": THIRD, "service": RENEWAL, "last_day": UNTIL.isoformat()}
    for subject in (shop.key, f"organisation:{company.public_id}"):
        answer = client.post(f"/{language}/delegations/give/", values | {"subject": subject})
        assert answer.status_code == 409 and words in main(answer)
    assert client.post(f"/{language}/organisations/{company.public_id}/clerk/", values | {"subject": subject}).status_code == 409
    assert not Delegation.objects.exists()
    offer(owner, make_shop().key, THIRD)  # a shop of their own
    company.signatories.filter(person=partner).update(last_day=TODAY - dt.timedelta(days=1), first_day=TODAY - dt.timedelta(days=2))
    offer(owner, shop.key, THIRD)


def test_both_sides_are_told_once_that_the_time_of_an_offer_is_over(make_shop: Any, owner: User, delegate: User) -> None:
    offer(owner, make_shop().key)
    offer(owner, make_shop().key, THIRD)  # a number without an account
    with clock.at(NOON + dt.timedelta(days=15)):
        assert (delegations.end_due(), delegations.end_due()) == (2, 0)
    assert len(endings(delegate)) == 1 and len(endings(owner)) == 2
    assert all("the time to accept it passed" in told for told in [*endings(delegate), *endings(owner)])

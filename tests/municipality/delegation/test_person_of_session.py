"""What is read with the person of a session says whether delegations and signatures are to be asked for, and changes no right."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from licensing.health.states import RENEWAL
from municipality.accounts.backends import PersonBackend
from municipality.accounts.models import Signatory, User
from municipality.cases.obligations import obligations_of
from municipality.delegation import queries as delegation
from municipality.delegation.services import delegations
from municipality.kernel import clock, request_cache
from shops.register import queries as shops
from tests.browsers import signed_in
from tests.conftest import TODAY
from tests.factories.accounts import OrganisationFactory
from tests.municipality.delegation.delegates import DELEGATE, UNTIL, let

pytestmark = pytest.mark.django_db


def of_session(person: User) -> Any:
    """The person as a request has them."""
    return PersonBackend().get_user(person.pk)


def asked(person: User) -> int:
    with request_cache.activate(), CaptureQueriesContext(connection) as queries:
        delegation.grants(person)
    return len(queries)


def test_delegations_are_asked_for_only_where_the_person_holds_one(make_shop: Any, owner: User, delegate: User) -> None:
    assert asked(of_session(delegate)) == 0 and asked(delegate) == 1, "a person read otherwise is asked about"
    let(owner, delegate, make_shop().key)
    assert asked(of_session(delegate)) >= 1
    assert [grant.giver for grant in delegation.grants(of_session(delegate))] == [owner]
    assert asked(of_session(owner)) == 0


def test_a_signatory_sees_the_shops_of_the_organisation_and_others_their_own(make_shop: Any, owner: User, delegate: User) -> None:
    own, of_organisation = make_shop(), make_shop(owner=None, organisation=OrganisationFactory())
    Signatory.objects.create(organisation=of_organisation.organisation, person=delegate, first_day=TODAY)
    for person in (owner, delegate):
        assert list(shops.held_by(of_session(person))) == list(shops.held_by(person))
    assert list(shops.held_by(of_session(owner))) == [own] and list(shops.held_by(of_session(delegate))) == [of_organisation]
    assert "UNION" in str(shops.held_by(of_session(delegate)).query) and "UNION" not in str(shops.held_by(of_session(owner)).query)


def offers_on_home(person: User) -> tuple[list[str], int]:
    """What is to be done or waits on the home page about delegations, and the statements of the page."""
    client = signed_in(person)
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/en/")
    shown = [page.context["next"], page.context["choice"], *page.context["waiting"]]
    return [item.url for item in shown if item is not None and item.key.startswith("delegation:")], len(queries)


def test_an_offer_waits_on_the_home_page_of_its_person_until_it_is_answered(
    make_shop: Any, owner: User, delegate: User, frozen_clock: Any
) -> None:
    before = offers_on_home(delegate)
    row = delegations.give(giver=owner, number=DELEGATE, subject=make_shop().key, service=RENEWAL, last_day=UNTIL)
    found, statements = offers_on_home(delegate)
    assert (before[0], found) == ([], [f"/en/delegations/{row.public_id}/"])
    assert statements <= before[1] + 1, "one more, and only where there is an offer"
    assert offers_on_home(owner)[0] == []
    (line,) = [one for one in obligations_of(delegate) if one.key == row.key]
    assert (line.until, line.is_asked) == (row.answer_by, True)
    page = signed_in(delegate).get(line.url).content.decode()
    assert "Accept" in page and "Decline" in page
    assert not [one for one in obligations_of(owner) if one.key == row.key], "nothing waits for who gave it"
    frozen_clock.set(dt.datetime.combine(row.answer_by + dt.timedelta(days=1), dt.time(9), tzinfo=clock.KUWAIT))
    assert offers_on_home(delegate)[0] == [], "its last day is over"


def test_an_answered_offer_waits_no_more(make_shop: Any, owner: User, delegate: User) -> None:
    taken, declined = (
        delegations.give(giver=owner, number=DELEGATE, subject=make_shop().key, service=RENEWAL, last_day=UNTIL) for _shop in range(2)
    )
    assert len(offers_on_home(delegate)[0]) == 2
    delegations.accept(delegation=taken, person=delegate)
    delegations.decline(delegation=declined, person=delegate)
    assert offers_on_home(delegate)[0] == []

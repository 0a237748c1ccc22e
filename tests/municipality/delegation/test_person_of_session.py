"""What is read with the person of a session says whether delegations and signatures are to be asked for, and changes no right."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from municipality.accounts.backends import PersonBackend
from municipality.accounts.models import Signatory, User
from municipality.delegation import queries as delegation
from municipality.kernel import request_cache
from shops.register import queries as shops
from tests.conftest import TODAY
from tests.factories.accounts import OrganisationFactory
from tests.municipality.delegation.delegates import let

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

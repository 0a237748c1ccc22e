"""A shop that passes to another holder takes its inspections along: the former holder reads nothing and does nothing any more."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.inspections import services
from licensing.inspections.services import appointments
from licensing.models import Inspection
from municipality.accounts.models import Signatory, User
from municipality.delegation.authorization import NotYours
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from shops.models import Shop
from shops.register.services import transfer
from tests.browsers import signed_in
from tests.factories import inspections
from tests.factories.accounts import OrganisationFactory, PersonFactory

pytestmark = pytest.mark.django_db


def passes(shop: Shop) -> User:
    new: User = PersonFactory(noura=True)
    transfer(shop=Shop.objects.get(pk=shop.pk), to=new, source="tests", actor=system("tests"))
    return new


def page(user: User, row: Inspection) -> int:
    status: int = signed_in(user).get(f"/en/inspections/{row.public_id}/").status_code
    return status


@pytest.mark.guards
def test_a_former_holder_neither_reads_nor_chooses_the_day(shop: Shop, inspectors: list[User], owner: User) -> None:
    row = inspections.ordered(shop)
    assert page(owner, row) == 200
    new = passes(shop)
    row = Inspection.objects.get(pk=row.pk)
    assert (page(owner, row), page(new, row)) == (404, 200)
    time = appointments.offered(row)[0].value
    with pytest.raises(NotYours):
        appointments.choose(inspection=row, person=owner, time=time)
    before = Message.objects.filter(person=owner).count()
    assert appointments.choose(inspection=row, person=new, time=time).day is not None
    assert Message.objects.filter(person=owner).count() == before


@pytest.mark.guards
def test_only_who_holds_the_shop_asks_for_another_inspection_and_is_told_of_it(
    shop: Shop, inspectors: list[User], owner: User, frozen_clock: Any
) -> None:
    row = inspections.appointed(inspections.ordered(shop))
    frozen_clock.move(days=((row.day or clock.today()) - clock.today()).days)
    inspections.visited(row, inspections.found(row, fire="no"))
    new = passes(shop)
    row = Inspection.objects.get(pk=row.pk)
    with pytest.raises(NotYours):
        services.ask_again(inspection=row, person=owner)
    again = services.ask_again(inspection=row, person=new)
    assert again.contact == new
    assert [told.person for told in Message.objects.filter(kind="licensing.inspection_ordered", subject_key=again.key)] == [new]


def test_who_signs_no_more_for_the_holder_reads_no_more(shop: Shop, inspectors: list[User], owner: User) -> None:
    company, other = OrganisationFactory(), PersonFactory(noura=True)
    for person in (owner, other):
        Signatory.objects.create(organisation=company, person=person, first_day=clock.today() - dt.timedelta(days=9))
    Shop.objects.filter(pk=shop.pk).update(owner=None, organisation=company)
    row = inspections.ordered(Shop.objects.get(pk=shop.pk), contact=owner)
    Signatory.objects.filter(person=owner).update(last_day=clock.today() - dt.timedelta(days=1))
    assert (page(owner, row), page(other, row)) == (404, 200)

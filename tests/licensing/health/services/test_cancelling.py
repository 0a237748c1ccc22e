"""The end of a licence by its holder: revoked with its reason, its boards with it, and the shop closed on the day that was stated."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from licensing.health import queries, services
from licensing.health.states import CANCEL, CHANGE, RENEWAL
from licensing.health.transfers import services as transfers
from licensing.models import HealthLicence
from municipality.accounts.models import Signatory, User
from municipality.audit.models import AuditEvent
from municipality.cases.services import place_block
from municipality.delegation.authorization import NotYours
from municipality.delegation.models import Role
from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from shops.models import EventKind, Shop, ShopEvent
from tests.factories.accounts import NOURA, OrganisationFactory, PersonFactory
from tests.factories.licensing import RenewalCaseFactory

pytestmark = pytest.mark.django_db
BY = system("tests")


@pytest.mark.guards
def test_the_licence_ends_for_good_and_its_check_page_says_who_ended_it(shop: Shop, owner: User) -> None:
    licence = services.cancel_licence(shop=shop, person=owner)
    document = HealthLicence.objects.select_related("document__last_event").get(pk=licence.pk).document
    assert (document.state, document.last_event and document.last_event.reason) == ("revoked", "cancelled_by_holder")
    shop.refresh_from_db()
    assert shop.closed_on is None and AuditEvent.objects.get(action="licence.cancelled").subject == shop.key
    assert "no fee is returned" in Message.objects.get(person=owner, kind="licensing.licence_cancelled").body_en
    page = Client().get(f"/verify/{document.code}", headers={"accept-language": "en"}).content.decode().partition("<main")[2]
    assert "Its holder cancelled this licence on" in page and "Revoked" in page, page
    for service in (RENEWAL, CHANGE, CANCEL):
        assert queries.offer(shop, service).unmet, "nothing more can be done with it"


@pytest.mark.parametrize(("days", "is_taken"), [(0, True), (30, True), (200, True), (-1, False), (201, False)])
def test_the_shop_closes_on_the_stated_day(shop: Shop, owner: User, days: int, is_taken: bool) -> None:
    day = clock.today() + dt.timedelta(days=days)
    if not is_taken:
        with pytest.raises(Refused) as refused:
            services.cancel_licence(shop=shop, person=owner, closes_on=day)
        assert refused.value.code == "not_later" and queries.current(shop).document.live_state == "valid"  # type: ignore[union-attr]
        return
    services.cancel_licence(shop=shop, person=owner, closes_on=day)
    shop.refresh_from_db()
    assert shop.closed_on == day and ShopEvent.objects.get(shop=shop, kind=EventKind.CLOSED).on == day
    body = Message.objects.get(person=owner, kind="licensing.licence_cancelled").body_en
    assert ("It may not be open before that day either: it has no licence." in body) == (days > 0), (
        "a shop that closes later has no licence"
    )


def test_a_renewed_licence_ends_with_the_one_before_it(shop: Shop, owner: User, make_shop: Any, pay_and_issue: Any) -> None:
    other = make_shop(ends_in=20)
    pay_and_issue(services.submit_renewal(shop=other, applicant=owner))
    assert [condition.code for condition in queries.offer(other, CANCEL).unmet] == []
    services.cancel_licence(shop=other, person=owner)
    assert {row.document.state for row in HealthLicence.objects.filter(shop=other).select_related("document")} == {"revoked"}


@pytest.mark.parametrize("reason", ["no_block", "no_open_case", "licence_valid", "transfer_waits"])
def test_what_prevents_it(make_shop: Any, owner: User, reason: str) -> None:
    shop = make_shop(ends_in=-2 if reason == "licence_valid" else 200)
    if reason == "no_block":
        words = {"sentence_ar": "وقف", "sentence_en": "Stop", "ground": "unpaid_violation", "source": "violation:1"}
        place_block(subject=shop.key, stops=RENEWAL, actor=BY, **words)
    if reason == "no_open_case":
        RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    if reason == "transfer_waits":
        transfers.ask(shop=shop, person=owner, number=NOURA)
    with pytest.raises(Refused) as refused:
        services.cancel_licence(shop=shop, person=owner)
    assert refused.value.code == reason


@pytest.mark.parametrize("service", [CANCEL, RENEWAL, "every service"])
def test_a_delegate_ends_it_only_by_a_delegation_that_names_this(make_shop: Any, owner: User, service: str) -> None:
    delegate, number = PersonFactory(civil_id="290010100046"), "290010100046"
    company = OrganisationFactory()
    Signatory.objects.create(organisation=company, person=owner, first_day=clock.today())
    shop = make_shop(ends_in=200, owner=None, organisation=company)
    role = Role.CLERK if service == "every service" else Role.DELEGATE
    until = clock.today() + dt.timedelta(days=30)
    row = delegations.give(
        giver=owner, number=number, subject=f"organisation:{company.public_id}", service=service, last_day=until, role=role
    )
    delegations.accept(delegation=row, person=delegate)
    if service == CANCEL:
        services.cancel_licence(shop=shop, person=delegate)
        return
    with pytest.raises(NotYours):
        services.cancel_licence(shop=shop, person=delegate)
    with pytest.raises(NotYours):
        services.cancel_licence(shop=shop, person=PersonFactory(civil_id="290010100089"))

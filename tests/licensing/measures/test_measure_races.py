"""Measures at the same moment, on PostgreSQL: their end, their lifting, and a licence that comes back meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from licensing import invariants
from licensing.health.services import issue
from licensing.measures import services
from licensing.models import HealthLicence, Measure
from municipality.accounts.models import User
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from shops.models import Shop
from tests.factories.accounts import StaffFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.timeout(600)]
ROUNDS = 4
WORDS: dict[str, Any] = {"code": "inspection_failed", "text": "The drain is open.", "days": 10}


@pytest.fixture
def staff(make_shop: Callable[..., Shop]) -> tuple[User, User]:
    with transaction.atomic():
        branch = make_shop().branch_id
        return StaffFactory(groups=["inspector"], branch_id=branch), StaffFactory(supervisor=True, branch_id=branch)


def signed(shop: Shop, staff: tuple[User, User], kind: str) -> Measure:
    return services.sign(measure=services.propose(shop=shop, officer=staff[0], kind=kind, **WORDS), supervisor=staff[1])


def test_of_two_measures_that_end_at_once_one_gives_the_licence_back(make_shop: Any, staff: tuple[User, User]) -> None:
    for _round in range(ROUNDS):
        with transaction.atomic():
            shop: Shop = make_shop()
            suspension, closure = signed(shop, staff, "suspension"), signed(shop, staff, "closure")
            services.ask_lift(measure=closure, officer=staff[0], text="Put right.")

        def end(row: Measure = suspension) -> None:
            with transaction.atomic():
                services._end_with_last_day(row.pk)

        with clock.at(clock.now() + dt.timedelta(days=11)):
            ends = at_once(end, lambda row=closure: services.lift(measure=row, supervisor=staff[1]))
        assert not [one for one in ends if isinstance(one, Exception)], ends
        assert HealthLicence.objects.get(shop=shop).document.live_state == "valid"


def test_no_licence_comes_back_beside_a_measure_that_is_being_signed(make_shop: Any, staff: tuple[User, User]) -> None:
    for _round in range(ROUNDS):
        with transaction.atomic():
            shop: Shop = make_shop()
            licence = HealthLicence.objects.select_related("document").get(shop=shop)
            documents.suspend(licence.document, reason=issue.VOIDED, actor=system("tests"))
            row = services.propose(shop=shop, officer=staff[0], kind="closure", **WORDS)

        def resume(licence: HealthLicence = licence) -> None:
            with transaction.atomic():
                issue.resume(licence)

        ends = at_once(resume, lambda row=row: services.sign(measure=row, supervisor=staff[1]))
        assert not [one for one in ends if isinstance(one, Exception)], ends
        licence.document.refresh_from_db()
        assert licence.document.live_state == "suspended" and not list(invariants.findings())

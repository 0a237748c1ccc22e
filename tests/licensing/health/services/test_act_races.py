"""A renewal and a change of one licence at the same moment, on PostgreSQL: one of them is opened."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from licensing.health import services
from licensing.health.states import CHANGE, DUPLICATE
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel.errors import Refused
from shops.models import Shop
from tests.factories.licensing import RenewalDraftFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.timeout(600)]
ROUNDS = 4


def test_a_renewal_a_change_and_a_duplicate_at_once_give_one(make_shop: Any, owner: User, store: Any) -> None:
    for _round in range(ROUNDS):
        with transaction.atomic():
            shop: Shop = make_shop()
            draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"], service=CHANGE)
        ends = at_once(
            lambda shop=shop: services.submit_renewal(shop=shop, applicant=owner),
            lambda shop=shop, draft=draft: services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version),
            lambda shop=shop: services.submit(shop=shop, applicant=owner, service=DUPLICATE),
        )
        assert sum(isinstance(end, Refused) for end in ends) == 2, ends
        assert Case.objects.filter(subject=shop.key, is_open=True).count() == 1


def test_a_cancellation_and_a_duplicate_at_once_leave_no_open_request_about_an_ended_licence(
    make_shop: Any, owner: User, store: Any
) -> None:
    for _round in range(ROUNDS):
        with transaction.atomic():
            shop: Shop = make_shop()
        ends = at_once(
            lambda shop=shop: services.cancel_licence(shop=shop, person=owner),
            lambda shop=shop: services.submit(shop=shop, applicant=owner, service=DUPLICATE),
        )
        assert sum(isinstance(end, Refused) for end in ends) == 1, ends

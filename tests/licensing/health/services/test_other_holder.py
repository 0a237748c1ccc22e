"""A shop that passes to another holder while a request about its licence is being sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from licensing.health import services
from licensing.health.states import DUPLICATE
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted
from shops.models import Shop
from shops.register.services import transfer
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory
from tests.interleaving import acting_before

pytestmark = pytest.mark.django_db
LOCK = 'WHERE "shops_shop"."id" = '  # the page has found the shop by its public id, the service locks it by its primary key


def passes(shop: Shop) -> Any:
    return lambda: transfer(shop=Shop.objects.get(pk=shop.pk), to=PersonFactory(noura=True), source="tests", actor=system("tests"))


def total(client: Client, page: str) -> str:
    return str(client.get(page).context["form"].initial["total"])


@pytest.mark.parametrize("act", ["renew", "duplicate"])
def test_a_request_of_whom_the_shop_has_left_is_refused(make_shop: Any, owner: User, act: str) -> None:
    shop, client = make_shop(ends_in=20 if act == "renew" else 200), signed_in(owner)
    page = {"renew": f"/en/health-licence/{shop.public_id}/renew/", "duplicate": f"/en/health-licence/{shop.public_id}/duplicate/"}[act]
    sent = {"total": total(client, page), "declared": "1"}
    with acting_before(LOCK, passes(shop)):
        answer = client.post(page, sent)
    assert answer.status_code == 403 and "This shop has another holder by now. Nothing was sent." in answer.content.decode()
    assert not Case.objects.exists()


@pytest.mark.guards
def test_every_lane_asks_who_holds_the_shop(make_shop: Any, owner: User) -> None:
    shop = make_shop()
    passes(shop)()
    with pytest.raises(NotPermitted, match="other_holder"):
        services.submit_renewal(shop=shop, applicant=owner)
    with pytest.raises(NotPermitted, match="other_holder"):
        services.submit(shop=shop, applicant=owner, service=DUPLICATE)
    with pytest.raises(NotPermitted, match="other_holder"):
        services.send_to_officer(shop=shop, applicant=owner, draft=None, version=1)  # type: ignore[arg-type]
    assert not Case.objects.exists()

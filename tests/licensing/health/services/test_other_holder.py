"""A shop that passes to another holder while a request about its licence is being sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from licensing.health import services
from licensing.health.states import DUPLICATE, RENEWAL
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User, actor_for
from municipality.cases.models import Case
from municipality.drafts import queries as drafts
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted
from shops.models import Shop
from shops.register.services import transfer
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.accounts import PersonFactory
from tests.factories.licensing import RenewalDraftFactory
from tests.interleaving import acting_before
from tests.municipality.delegation.delegates import DELEGATE, THIRD, let

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


def delegate_of_both(shop: Shop, owner: User) -> tuple[User, User]:
    """The new holder of a shop, and somebody who acts for the old and the new one."""
    new, delegate = PersonFactory(civil_id=THIRD), PersonFactory(civil_id=DELEGATE)
    for holder in (owner, new):
        if holder == new:
            transfer(shop=shop, to=new, source="tests", actor=system("tests"))
        for service in (RENEWAL, BOARDS):
            let(holder, delegate, shop.key, service=service)
    return new, delegate


def test_who_acts_for_the_old_and_the_new_holder_does_not_continue_the_draft_of_the_old_one(make_shop: Any, owner: User) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    boards.begun(shop, owner)
    _new, delegate = delegate_of_both(shop, owner)
    client, page = signed_in(delegate), f"/en/health-licence/{shop.public_id}/changes/"
    assert client.get(page).context["draft"] is None
    assert client.get(f"{page}check/")["Location"] == page and client.get(f"{page}discard/").status_code == 404
    assert drafts.open_for(owner, RENEWAL, shop.key) == draft
    board_pages = f"/en/boards/new/{shop.public_id}/"
    assert client.get(board_pages).context["draft"] is None
    for rest in ("send/", "discard/", "draw/1/"):
        assert client.get(f"{board_pages}{rest}")["Location"] == board_pages


@pytest.mark.guards
def test_a_draft_is_sent_for_its_own_person_only(make_shop: Any, owner: User) -> None:
    shop = make_shop()
    draft, of_boards = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"]), boards.begun(shop, owner)
    new, delegate = delegate_of_both(shop, owner)
    with pytest.raises(NotPermitted, match="not_yours"):
        services.send_to_officer(shop=shop, applicant=new, draft=draft, version=draft.version, actor=actor_for(delegate, new))
    sent = {"draft": of_boards, "version": of_boards.version, "expected_fils": boards.FEE + boards.DEPOSIT}
    with pytest.raises(NotPermitted, match="not_yours"):
        requests.submit(shop=shop, person=new, actor=actor_for(delegate, new), **sent)
    assert not Case.objects.exists()

"""What the home page says of a licence: what stops its renewal, with its amount, and what the register has changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.health import draft_pages
from licensing.health.states import CHANGE, RENEWAL
from municipality.cases import block_causes
from municipality.cases.block_causes import Obstacle
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.kernel import clock
from municipality.kernel.actors import system
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.licensing import RenewalCaseFactory, RenewalDraftFactory
from tests.factories.review import OfficerFactory
from tests.factories.workers import worker

pytestmark = pytest.mark.django_db


def home(owner: Any, language: str = "en") -> str:
    return str(signed_in(owner).get(f"/{language}/").content.decode().split("<main")[1])


def next_step(owner: Any) -> str:
    """The card of what is to be done next."""
    return home(owner).partition("kp-next")[2].partition("</section>")[0]


def block(shop: Shop) -> None:
    words = {"sentence_ar": "على المحل مبلغ.", "sentence_en": "An amount is unpaid."}
    place_block(subject=shop.key, ground="by_hand", source="by_hand:1", stops="licensing.renewal", actor=system("shops"), **words)


def test_the_home_page_names_what_stops_a_renewal_with_its_amount(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    assert "is unpaid" not in home(owner), "the control"
    block(shop)
    assert f"{shop.name_en}: This shop is blocked" in home(owner)
    cause = Obstacle("The amount that the court set is unpaid", fils=150_000)
    monkeypatch.setitem(block_causes.BLOCK_TITLES, "by_hand", lambda _user, blocks, _listed: {one.pk: cause for one in blocks})
    shown = home(owner)
    assert "Clear what stops the renewal" in shown
    assert f"{shop.name_en}: The amount that the court set is unpaid (" in shown and "150.000" in shown
    listed = signed_in(owner).get("/en/my-shops/").content.decode()
    assert "Renewal is stopped</span> <small>The amount that the court set is unpaid (" in listed and "This shop is blocked" not in listed


def test_a_block_stands_on_home_before_the_renewal_opens_with_shop_and_violation(
    make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(ends_in=300)
    assert "Clear what stops the renewal" not in home(owner), "the control"
    block(shop)
    cause = Obstacle("The settlement period of a violation is over", reference="VIO-HA-2026-000007-3")
    monkeypatch.setitem(block_causes.BLOCK_TITLES, "by_hand", lambda _user, blocks, _listed: {one.pk: cause for one in blocks})
    shown = home(owner)
    assert "Clear what stops the renewal" in shown and f"{shop.name_en}: The settlement period" in shown
    assert "VIO-HA-2026-000007-3" in shown


@pytest.mark.parametrize("service", [RENEWAL, CHANGE])
def test_a_begun_request_leads_to_what_stops_it(make_shop: Any, owner: Any, service: str) -> None:
    shop = make_shop(ends_in=20 if service == RENEWAL else 200)
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["manager"], service=service)
    client, begun = signed_in(owner), draft_pages.tasks_url(shop, service).replace("/ar/", "/en/")
    check, task = f"{begun}check/", "Finish the request for renewal"
    assert client.get(f"{begun}continue/")["Location"] == check and (task in home(owner)) == (service == RENEWAL), "the control"
    shown = client.get(check).context
    sent = {"declared": "on", "version": str(draft.version), "total": str(shown["offer"].total)}
    block(shop)
    assert client.get(f"{begun}continue/")["Location"] == begun
    assert client.post(check, sent)["Location"] == begun and not Case.objects.exists()
    assert "Something prevents this" in client.get(begun).content.decode()
    if service == RENEWAL:
        listed = client.get("/en/my-shops/").content.decode()
        assert task not in home(owner) and "Clear what stops the renewal" in home(owner)
        assert "Renewal is stopped" in listed and "A request is being filled in" not in listed


def test_the_last_day_of_a_licence_stays_while_its_request_is_open(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    shown = home(owner)
    assert "No deadlines now" not in shown and "The health licence ends" in shown and "See the state of the request" in shown
    listed = signed_in(owner).get("/en/my-shops/").content.decode()
    assert "See the state of the request" in listed and "Continue the request" not in listed
    assert shown.count(f"/en/cases/{case.public_id}/") >= 2
    assert "In the queue" in shown, "no officer has it"
    page = signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
    assert "In the queue" in page and "With an officer of the branch" not in page
    assert "approved, or refused with the reason" in page and "Decided in a working day" not in page
    desk_acts.assigned(OfficerFactory())
    assert "With an officer of the branch" in home(owner) and "In the queue" not in home(owner)


def test_a_decision_that_is_late_says_so(make_shop: Any, owner: Any, frozen_clock: Clock) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    pages = ("/en/", f"/en/cases/{case.public_id}/")
    assert all("This is late" not in signed_in(owner).get(page).content.decode() for page in pages)
    frozen_clock.move(days=30)
    assert all("This is late. The supervisor" in signed_in(owner).get(page).content.decode() for page in pages)


@pytest.mark.parametrize(("language", "words"), [("en", "The commercial register changed since the last licence"), ("ar", "تغيّر السجل")])
def test_the_home_page_says_that_the_register_has_changed(make_shop: Any, owner: Any, language: str, words: str) -> None:
    shop = make_shop()
    assert words not in home(owner, language), "the control"
    Shop.objects.filter(pk=shop.pk).update(street=f"{shop.street}9")
    assert words in home(owner, language)


def test_an_ended_commercial_licence_leads_to_the_ministry_and_says_when_the_register_spoke_last(make_shop: Any, owner: Any) -> None:
    shop = make_shop(commercial_license_end=clock.today() - dt.timedelta(days=1))
    address = f"/en/health-licence/{shop.public_id}/renew/"
    shown = signed_in(owner).get(address).content.decode()
    assert 'href="https://www.moci.gov.kw/"' in shown and "No message is sent then" in shown
    assert "usually overnight" in shown and "may be out of date" not in shown
    Shop.objects.filter(pk=shop.pk).update(facts_at=clock.now() - dt.timedelta(days=14))
    shown = signed_in(owner).get(address).content.decode()
    assert (
        "usually overnight" not in shown
        and "may be out of date" in shown
        and "If you have renewed the commercial licence already, call 139" in shown
    )


def test_only_blocks_are_called_blocks_on_the_page_of_the_renewal(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    block(shop)
    for language, words in (("en", "1 service block on the renewal"), ("ar", "على التجديد حظر واحد")):
        shown = signed_in(owner).get(f"/{language}/health-licence/{shop.public_id}/renew/").content.decode()
        assert words in shown


def test_what_stops_nothing_is_next_only_where_nothing_else_must_be_done(make_shop: Any, owner: Any) -> None:
    shop = make_shop(ends_in=300)
    worker(shop, ends_in=1)
    task = "Renew the certificates of workers"
    assert task in next_step(owner), "nothing else must be done"
    make_shop()
    shown = next_step(owner)
    assert task not in shown and "Renew the health licence" in shown, "though its last day comes later"
    assert "Health certificates of workers end" in home(owner), "it stays among the deadlines"


def test_the_renewal_page_leaves_to_the_request_what_an_officer_decides_in_it(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    Shop.objects.filter(pk=shop.pk).update(street=f"{shop.street}9")
    address = f"/en/health-licence/{shop.public_id}/renew/"
    assert "Renew with the change" in signed_in(owner).get(address).content.decode(), "the control"
    RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    shown = signed_in(owner).get(address).content.decode()
    assert "1 thing prevents the renewal" in shown and "Renew with the change" not in shown

"""A request that was begun and left is found again: at home, in "My requests", and on the page of its service."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licensing.health.states import CHANGE, RENEWAL
from municipality.accounts.models import User, actor_of
from municipality.cases.obligations import obligations_of
from municipality.cases.views import home
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.drafts.registry import DRAFT_KINDS
from municipality.drafts.unsent import unsent
from municipality.kernel import clock
from shops.models import Shop
from shops.register.services import transfer
from tests.browsers import signed_in
from tests.database_guards import without_guards
from tests.factories import boards, new_licences, opinions
from tests.factories.accounts import NOURA, PersonFactory
from zoning.models import Plot

pytestmark = pytest.mark.django_db
TITLE = "Requests you have not sent yet"


def listed(client: Client, page: str) -> str:
    """The list of unsent requests of a page; empty where there is none."""
    shown = client.get(page).content.decode().split("<main")[1]
    return shown.partition('id="unsent"')[2].partition("</section>")[0]


@pytest.fixture
def begun(plot: Plot, make_shop: Any, owner: User) -> dict[str, Draft]:
    """By the word of their list: a draft of each service."""
    licensed, with_boards, due = (make_shop(ends_in=ends, name_en=name) for ends, name in ((300, "Oud"), (301, "Nour"), (20, "Amal")))
    act = {"person": owner, "actor": actor_of(owner)}
    return {
        "New health licence: <bdi>Al Waha Salon": new_licences.begun(owner, with_files=False),
        "Zoning opinion: <bdi>plot 12": opinions.begun(plot, owner),
        "Licence for boards: <bdi>Nour": boards.begun(with_boards, owner),
        "Change of a health licence: <bdi>Oud": drafts.begin(service=CHANGE, subject=licensed.key, **act),
        "Health licence renewal: <bdi>Amal": drafts.begin(service=RENEWAL, subject=due.key, **act),
    }


def test_what_was_begun_stands_at_home_in_my_requests_and_on_the_page_of_its_service(begun: dict[str, Draft], owner: User) -> None:
    client = signed_in(owner)
    for page in ("/en/", "/en/my-requests/"):
        shown = listed(client, page)
        for words in begun:
            assert words in shown, (page, words)
    expected = {
        "/en/health-licence/new/": ["New health"],
        "/en/health-licence/new/request/": ["New health"],
        "/en/zoning/": ["Zoning opinion"],
        "/en/boards/": ["Licence for boards"],
        "/en/health-licence/": ["Change of", "Health licence renewal"],
    }
    for page, words in expected.items():
        shown = listed(client, page)
        assert shown.count("<li>") == len(words) and all(word in shown for word in words), page
    assert "طلبات لم تُرسل بعد" in client.get("/ar/").content.decode() and "صالون الواحة" in listed(client, "/ar/my-requests/")


@pytest.mark.parametrize(("language", "more"), [("en", "All requests"), ("ar", "كل الطلبات")])
def test_what_is_beyond_the_list_at_home_is_one_press_away(
    begun: dict[str, Draft], owner: User, monkeypatch: pytest.MonkeyPatch, language: str, more: str
) -> None:
    client = signed_in(owner)
    assert more not in listed(client, f"/{language}/")
    monkeypatch.setattr(home, "MAX_LINES", len(begun) - 1)
    shown = listed(client, f"/{language}/")
    assert shown.count("<li>") == len(begun) - 1 and f'href="/{language}/my-requests/">{more}' in shown


def test_what_is_about_a_shop_that_passed_or_was_merged_is_not_listed(begun: dict[str, Draft], owner: User) -> None:
    acts = [draft for draft in begun.values() if draft.service in (CHANGE, RENEWAL)]
    shops = {draft.service: Shop.objects.get(public_id=draft.subject.partition(":")[2]) for draft in acts}
    transfer(shop=shops[CHANGE], to=PersonFactory(civil_id=NOURA), source="tests", actor=actor_of(owner))
    without_guards()  # two people merge shops
    Shop.objects.filter(pk=shops[RENEWAL].pk).update(merged_into=shops[CHANGE])
    shown = listed(signed_in(owner), "/en/my-requests/")
    assert "Nour" in shown and "Al Waha Salon" in shown and "Oud" not in shown and "Amal" not in shown
    assert DRAFT_KINDS[CHANGE].title(begun["Change of a health licence: <bdi>Oud"]) is None
    with clock.at(clock.now() + dt.timedelta(days=21)):
        assert drafts.remind() == len(begun) - 2


def test_each_leads_to_the_page_that_continues_it(begun: dict[str, Draft], owner: User) -> None:
    client = signed_in(owner)
    found = unsent(owner)
    assert {one.draft for one in found} == set(begun.values())
    for one in found:
        assert client.get(one.url, follow=True).status_code == 200, one.url


def test_another_sees_none_of_them_and_what_is_removed_is_gone(begun: dict[str, Draft], owner: User) -> None:
    assert TITLE not in signed_in(PersonFactory(civil_id=NOURA)).get("/en/my-requests/").content.decode()
    assert listed(Client(), "/en/health-licence/new/") == ""
    for draft in begun.values():
        drafts.discard(draft=draft)
    assert listed(signed_in(owner), "/en/") == ""


def test_my_shops_says_what_was_begun_for_a_shop(begun: dict[str, Draft], owner: User) -> None:
    shown = signed_in(owner).get("/en/my-shops/").content.decode()
    assert shown.count("Continue the request") == 3 and shown.count("A request is being filled in") == 3


def test_one_is_an_offer_once_and_a_renewal_a_duty(begun: dict[str, Draft], owner: User) -> None:
    found = [one for one in obligations_of(owner) if one.code == "continue"]
    assert [one.duty for one in found].count("offer") == 4 and [one.duty for one in found].count("must") == 1
    shown = signed_in(owner).get("/en/").content.decode()
    assert "A saved request is deleted" not in shown.partition('id="deadlines"')[2], "they have a list of their own"


@pytest.mark.parametrize("page", ["/en/", "/en/my-requests/", "/en/my-shops/"])
def test_a_page_takes_as_many_statements_for_many_as_for_few(begun: dict[str, Draft], make_shop: Any, owner: User, page: str) -> None:
    shops = [make_shop(ends_in=300 + number) for number in range(6)]
    client = signed_in(owner)
    client.get(page)  # what is read once and kept

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        return len(captured)

    before = statements()
    for shop in shops:
        drafts.begin(person=owner, service=CHANGE, subject=shop.key, actor=actor_of(owner))
    assert statements() == before

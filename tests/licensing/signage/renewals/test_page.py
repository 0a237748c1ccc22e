"""The page of renewals: what it lists, ticks, sums, stops and sends; and the places that lead to it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from licensing.models import Board, BoardRequest
from licensing.signage import panels
from licensing.signage.renewals import obligations, offers
from licensing.signage.services import issue
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.delegation.services import delegations
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments.models import Bill
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.boards import FRONT, GOODS, bill_of, fresh, licensed

pytestmark = pytest.mark.django_db
PAGE = "/en/boards/renew/"


def ticked(html: str) -> list[str]:
    return re.findall(r'name="item" value="(\w+)" checked', html)


def test_all_boards_are_ticked_and_one_press_leads_to_one_payment(
    make_shop: Callable[..., Any], shop: Shop, owner: User, officer: User
) -> None:
    first, second = licensed(shop, owner, officer, FRONT, FRONT), licensed(make_shop(), owner, officer)
    client = signed_in(owner)
    page = client.get(PAGE)
    html = page.content.decode()
    ids = [row.public_id for row in Board.objects.filter(request__in=[first, second])]
    assert sorted(ticked(html)) == sorted(ids) and page.context["total"] == 72_000
    answer = client.post(PAGE, {"item": ids, "total": "72000", "step": "renew"})
    bills = Bill.objects.filter(total_fils__in=[48_000, 24_000]).order_by("pk")
    assert answer.status_code == 302 and answer["Location"].startswith("/en/basket/?")
    assert answer["Location"].partition("?")[2] == "&".join(f"item=bill%3A{bill.public_id}" for bill in bills)
    basket = client.get(answer["Location"])
    assert basket.context["total"] == 72_000 and basket.context["count"] == 2
    html = client.get(PAGE).content.decode()
    assert "Renewal under way" in html and not ticked(html) and 'name="step" value="renew"' not in html


def test_the_sum_follows_the_ticks_with_and_without_the_script(shop: Shop, owner: User, officer: User) -> None:
    one, two = licensed(shop, owner, officer, FRONT, FRONT).boards.order_by("line")
    client = signed_in(owner)
    sent = {"item": [one.public_id], "total": "48000", "step": "count"}
    assert client.post(PAGE, sent, headers={"accept": "application/json"}).json() == {
        "fils": 24_000,
        "amount": "KD\u00a024.000",
        "count": "1 board",
    }
    page = client.post(PAGE, sent)
    assert page.context["total"] == 24_000 and ticked(page.content.decode()) == [one.public_id]
    everything = client.post(PAGE, {"item": [], "all": shop.public_id}).content.decode()
    assert ticked(everything) == [one.public_id, two.public_id]
    assert ticked(client.post(PAGE, {"all": "every"}).content.decode()) == [one.public_id, two.public_id]
    assert not ticked(client.post(PAGE, {"item": [one.public_id], "none": shop.public_id}).content.decode())


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"total": "24000"}, "Tick at least one board."),
        ({"item": "nothing", "total": "24000"}, "can no longer be renewed"),
        ({"item": "it", "total": "23999"}, "The fee changed while the page was open."),
        ({"item": "it", "total": ""}, "The fee changed while the page was open."),
        ({"item": "it", "total": "x" * 50}, "The fee changed while the page was open."),
    ],
)
def test_what_is_sent_wrong_is_said_and_keeps_the_ticks(
    shop: Shop, owner: User, officer: User, sent: dict[str, str], sentence: str
) -> None:
    board = licensed(shop, owner, officer).boards.get()
    item = board.public_id if sent.get("item") == "it" else sent.get("item")
    answer = signed_in(owner).post(PAGE, sent | {"step": "renew"} | ({"item": item} if item else {}))
    assert answer.status_code == 409 and sentence in answer.content.decode()
    assert ticked(answer.content.decode()) == ([board.public_id] if item == board.public_id else [])
    assert BoardRequest.objects.count() == 1


def test_what_stops_boards_comes_first_by_reason_and_the_others_go_on(
    make_shop: Callable[..., Any], shop: Shop, owner: User, officer: User
) -> None:
    shops = [shop, *(make_shop() for _number in range(4))]
    rows = [licensed(one, owner, officer, GOODS) for one in shops]
    boards.forbid(shops[0], "shop_closed")
    boards.forbid(shops[1], "commercial_license")
    boards.forbid(shops[2], "blocked")
    assert rows[3].document is not None
    documents.suspend(rows[3].document, reason="payment_voided", actor=system("tests"))
    page = signed_in(owner).get(PAGE)
    titles = [str(one.title) for one in page.context["obstacles"]]
    assert titles == [
        "The shop is closed",
        "The commercial licence has ended",
        "This shop is blocked",
        "The licence of these boards is suspended",
    ]
    html = page.content.decode()
    assert all(one.name_en in html for one in shops) and html.index("The shop is closed") < html.index("Board by board")
    assert html.count("kp-btn--fill") == html.count('class="kp-btn kp-btn--fill is-')
    assert ticked(html) == [rows[4].boards.get().public_id]


def test_who_acts_for_the_owner_renews_in_their_name(shop: Shop, owner: User, officer: User) -> None:
    board = licensed(shop, owner, officer).boards.get()
    delegate, until = PersonFactory(noura=True), clock.today() + dt.timedelta(days=30)
    row = delegations.give(giver=owner, number=NOURA, subject=shop.key, service=BOARDS, last_day=until)
    delegations.accept(delegation=row, person=delegate)
    client = signed_in(delegate)
    answer = client.post(PAGE, {"item": board.public_id, "total": "24000", "step": "renew"})
    request = BoardRequest.objects.order_by("-pk")[0]
    assert answer["Location"].startswith("/en/basket/?") and request.case.applicant == owner
    assert client.get(answer["Location"]).context["total"] == 24_000


def test_pages_lead_to_the_renewal_and_say_when_it_is_under_way(shop: Shop, owner: User, officer: User, sealed: None) -> None:
    board = licensed(shop, owner, officer).boards.get()
    client, link = signed_in(owner), f"/boards/renew/?shop={shop.public_id}"
    own, mine = f"/en/boards/{board.public_id}/", "/en/my-shops/"
    assert link in client.get(own).content.decode() and link in client.get(mine).content.decode()
    assert link not in signed_in(officer).get(own).content.decode()
    (duty,) = obligations.obligations(owner)
    assert (duty.until, duty.subject, duty.url) == (board.last_day, shop.key, f"/en{link}")
    assert link in client.get("/en/").content.decode()
    client.post(PAGE, {"item": board.public_id, "total": "24000", "step": "renew"})
    assert "Renewal under way" in client.get(own).content.decode()
    for address in (own, mine, "/en/"):
        assert link not in client.get(address).content.decode()
    request = BoardRequest.objects.order_by("-pk")[0]
    issue.paid(bill_of(request))
    issue.issue_licence(case=request.case)
    new = fresh(request.case).boards.get()
    assert new.number in client.get(own).content.decode() and link not in client.get(own).content.decode()
    html = client.get(mine).content.decode()
    assert "Licensed: 1 board" in html and link not in html
    assert board.number in client.get(f"/en/cases/{request.case.public_id}/").content.decode()


def test_my_shops_names_a_board_once_with_its_state(shop: Shop, owner: User, officer: User, frozen_clock: Any) -> None:
    licensed(shop, owner, officer)

    def labels() -> list[str]:
        with translation.override("en"):
            return [str(line.label) for line in panels.my_shops(owner, [shop])[shop.key]]

    assert labels() == ["No other board is licensed", "Renewal is due: 1 board"]
    licensed(shop, owner, officer, GOODS, ends_in=300)
    assert labels() == ["Licensed: 1 board", "Renewal is due: 1 board"]
    frozen_clock.move(days=25)
    assert labels() == ["Licensed: 1 board", "Ended: 1 board"]


def test_the_page_of_many_boards_asks_no_more_than_that_of_one(
    make_shop: Callable[..., Any], shop: Shop, owner: User, officer: User
) -> None:
    client = signed_in(owner)
    licensed(shop, owner, officer)
    counts = []
    for _number in range(2):
        client.get(PAGE)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page = client.get(PAGE)
        assert page.status_code == 200 and sum(len(group["lines"]) for group in page.context["groups"])
        counts.append(sum("rulebook_" not in one["sql"] for one in seen))  # editions are cached outside of transactions
        for _shop in range(3):
            licensed(make_shop(), owner, officer, FRONT, GOODS)
    assert counts[0] == counts[1] <= 12
    assert sum(len(group.boards) for group in offers.of_user(owner)) == 13

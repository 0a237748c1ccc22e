"""A board is made smaller from a phone, in Arabic, and the difference of its deposit comes back."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser, Route, expect

from licensing.models import Board
from licensing.signage import queries
from licensing.signage.services import issue, requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.drafts.models import Draft
from shops.models import Shop
from tests import desk_acts
from tests.bank import Book
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.shops import ShopFactory
from tests.factories.uploads import UploadFactory
from tests.journeys.measurements import axe, overhang

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def make_shop(rules: None, owner: User) -> Callable[..., Any]:
    return partial(ShopFactory, owner=owner)


def add_files(owner: User) -> None:
    """The files that an officer looks at."""
    draft = Draft.objects.get(service=BOARDS, sent_as="")
    for slot, least in queries.slots(queries.rules()[2]).items():
        for _number in range(least):
            UploadFactory(owner=owner, subject=requests.files_key(draft), slot=slot)


def test_a_smaller_board_gives_the_difference_of_its_deposit_back(
    browser: Browser, live_server: Any, shop: Shop, owner: User, officer: User, bank: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipality.documents.services.render_and_seal", lambda facts, document: b"%PDF-1.7")  # beside a browser
    with transaction.atomic():
        boards.issued_at_bank(shop, owner, officer, bank, boards.FRONT)
    old = Board.objects.get()
    context = browser.new_context(viewport={"width": 390, "height": 844})
    cookie = signed_in(owner).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/ar/boards/{old.public_id}/")
    with page.expect_navigation():
        page.click("main a[href$='/change/']")
    assert not axe(page) and not overhang(page)
    scripts: list[Route] = []
    page.route("**/js/boards*.js", lambda route: scripts.append(route))
    with page.expect_request("**/js/boards*.js"):
        page.click("main form button")
    page.fill("#id_0-width", "3")
    page.press("#id_0-width", "Tab")  # on a slow line, before the script is there
    scripts.pop().continue_()
    expect(page.locator("#fee-1")).to_contain_text("6.000")  # of the deposit of 12 dinars, while nothing was sent yet
    with page.expect_navigation():
        page.click("button[name=continue]")
    assert not axe(page) and not overhang(page) and old.number in page.inner_text("main")
    with transaction.atomic():
        add_files(owner)
    page.click("main form button.kp-btn--fill")
    assert "/cases/" in page.url
    desk_acts.approve(officer)
    new = Board.objects.select_related("request__case").get(previous=old)
    issue.issue_licence(case=new.request.case)
    new = Board.objects.get(previous=old)
    page.goto(f"{live_server.url}/ar/boards/{new.public_id}/")
    assert new.width_cm == 300 and "بانتظار صورة" in page.inner_text("main") and "6.000" in page.inner_text("main")
    with transaction.atomic():
        boards.photo(new, owner, slot="smaller")
    with page.expect_navigation():
        page.click("main a[href$='/smaller/']")
    assert not axe(page) and not overhang(page)
    page.click("main form button.kp-btn--fill")
    expect(page.locator("main")).to_contain_text("قيد الرد")
    assert "6.000" in page.inner_text("main")
    page.goto(f"{live_server.url}/ar/boards/{old.public_id}/")
    assert "حلّت محلها لوحة معدّلة" in page.inner_text("main") and new.number in page.inner_text("main")
    context.close()

"""The page of renewals in a real browser: the sum follows the ticks, with and without scripts, on a phone and on a desktop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from municipality.accounts.models import User
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.boards import FRONT, GOODS
from tests.factories.shops import ShopFactory
from tests.journeys.measurements import axe, overhang

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
FULL, LESS = "96.000", "72.000"


@pytest.fixture
def make_shop(rules: None, owner: User) -> Callable[..., Any]:
    return partial(ShopFactory, owner=owner)


@pytest.fixture(params=[("ar", PHONE, True), ("en", DESKTOP, True), ("ar", DESKTOP, False)], ids=["ar", "en", "noscript"])
def page(
    browser: Browser,
    live_server: Any,
    request: pytest.FixtureRequest,
    make_shop: Callable[..., Any],
    owner: User,
    officer: User,
    frozen_clock: Any,
) -> Iterator[Page]:
    for number in range(3):
        shop = make_shop()
        officer.branch_id = shop.branch_id
        boards.licensed(shop, owner, officer, FRONT, GOODS)
        if number == 2:
            boards.forbid(shop, "commercial_license")
    language, viewport, scripts = request.param
    context = browser.new_context(viewport=viewport, java_script_enabled=scripts)
    cookie = signed_in(owner).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/{language}/boards/renew/")
    yield page
    context.close()


def test_the_sum_is_that_of_the_ticks(page: Page, request: pytest.FixtureRequest) -> None:
    scripts = "noscript" not in request.node.name
    total, update = page.locator(".kp-paybar [data-total]").first, page.locator(".kp-paybar button[value=count]")
    box = page.locator("input[name=item]").first
    expect(total).to_contain_text(FULL)
    expect(page.locator("button.kp-btn--fill:visible")).to_have_count(1)
    assert overhang(page) == 0
    if folder := os.environ.get("LOOK"):
        page.screenshot(path=f"{folder}/{request.node.name}.png", full_page=True)
    held: list[Route] = []
    if scripts:  # ticked on a slow line, before the script is there
        page.route("**/js/basket*.js", lambda route: held.append(route))
        with page.expect_request("**/js/basket*.js"):
            page.reload(wait_until="commit")
    box.uncheck()
    for route in held:
        route.continue_()
    page.unroute_all()
    if not scripts:
        update.click()
    expect(total).to_contain_text(LESS)
    expect(update).to_be_hidden()
    page.locator("button[name=none]").first.click()
    expect(total).to_contain_text("48.000")
    page.locator("button[name=all]").first.click()
    expect(total).to_contain_text(FULL)
    expect(box).to_be_checked()
    box.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")  # counts, and neither ticks nor sends
    expect(page.locator("main [role=status]")).to_contain_text(FULL)
    expect(box).to_be_checked()
    assert overhang(page) == 0
    if scripts:
        assert axe(page) == []

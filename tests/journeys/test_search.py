"""Anybody finds a shop: as they type, and by the button where no script runs; the address can be shared."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.journeys import measurements
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
PHONE = {"width": 360, "height": 800}


@pytest.mark.parametrize(("code", "typed"), [("ar", "صالو"), ("en", "salo")])
def test_the_list_follows_what_is_typed_and_its_address_shows_the_same(visit: Callable[..., Visitor], code: str, typed: str) -> None:
    visitor = visit(code, viewport=PHONE)
    page = visitor.page
    visitor.go("shops/")
    page.type("#id_q", typed)
    page.wait_for_selector("#results .kp-hit")
    page.wait_for_function("text => new URL(location.href).searchParams.get('q') === text", arg=typed)
    assert parse_qs(urlsplit(page.url).query) == {"q": [typed]}
    assert measurements.axe(page) == []
    assert measurements.overhang(page) <= 0
    names = page.locator(".kp-hit h2").all_inner_texts()
    other = visit(code, viewport=PHONE)
    other.page.goto(page.url)
    assert other.page.locator(".kp-hit h2").all_inner_texts() == names


def test_without_script_the_button_searches_and_the_list_leads_to_the_shop(visit: Callable[..., Visitor]) -> None:
    visitor = visit("ar", viewport=PHONE, java_script_enabled=False)
    page = visitor.page
    visitor.go("shops/")
    page.fill("#id_q", "صالون")
    page.click("#find button[type=submit]")
    page.wait_for_selector(".kp-hit")
    assert page.locator("[data-near]").is_hidden()
    name = page.locator(".kp-hit h2").first.inner_text()
    page.locator(".kp-hit h2 a").first.click()
    page.wait_for_selector(".kp-facts")
    assert page.locator("h1").inner_text() == name

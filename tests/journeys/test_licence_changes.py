"""A move between two renewals: from My shops to the new licence, and to the check page of the one that it replaced."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.changed_shop import at_desk, attach, picture, shops_of
from tests.journeys.measurements import axe, overhang
from tests.journeys.simulators import Bank
from tests.journeys.visitor import PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
MOVING = "Suad Al-Anbar"
WORDS = {
    "ar": {"what": "ما الذي يُعدَّل في الترخيص؟", "name": "تعديل ترخيص صحي", "replaced": "حلّ محله"},
    "en": {"what": "What is to change in the licence?", "name": "Change of a health licence", "replaced": "Replaced by"},
}
ADDRESS = {"block": "7", "street": "20", "building": "11", "unit": "3", "paci_number": "20220222"}


@pytest.fixture(scope="module")
def shops(stack: Stack) -> list[dict[str, str]]:
    return shops_of(stack, {MOVING: 2})[MOVING]


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_a_shop_moves_and_its_old_licence_says_by_which_it_is_replaced(
    stack: Stack,
    bank: Bank,
    shops: list[dict[str, str]],
    visit: Callable[..., Visitor],
    signed_in: Callable[[str], Any],
    code: str,
    scripts: bool,
) -> None:
    shop, words = shops.pop()["id"], WORDS[code]
    visitor = visit(code, java_script_enabled=scripts, storage_state=signed_in(MOVING), viewport=PHONE)
    page = visitor.my_shops(shop)
    page.locator(f"main a[href$='/health-licence/{shop}/']").first.click()
    visitor.arrive(f"/health-licence/{shop}/$")
    old = str(page.locator("main a[href*='/verify/']").first.get_attribute("href"))
    assert overhang(page) == 0
    page.click("main a[href$='/change/']")
    visitor.arrive("/change/$")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/change/what/$")
    assert words["what"] in visitor.main()
    page.check("input[name=changed][value=address]")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/change/address/$")
    page.select_option("#id_area", index=3)
    for field, value in ADDRESS.items():
        page.fill(f"#id_{field}", value)
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/change/files/$")
    for slot in ("lease", "photo_front"):
        attach(visitor, slot, picture(f"{slot} {shop}"), "/change/files/$", f"{slot}.jpg")
    page.click("#form p > button.kp-btn--fill")
    visitor.arrive("/change/check/$")
    assert overhang(page) == 0
    if scripts:
        assert axe(page) == []
    page.check("#id_declared")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/cases/[^/]+/$")
    assert words["name"] in visitor.main()
    case = visitor.here().rstrip("/").rsplit("/", 1)[-1]
    at_desk(stack, f"approve('{case}')")
    visitor.go(f"cases/{case}/")
    page.click("main a.kp-btn--fill")
    visitor.arrive(rf"^/{code}/pay/[^/]+/$")
    assert words["name"] not in old and "10.000" in visitor.main()
    page.locator("main form button.kp-btn--fill").click()
    page.wait_for_url(f"{stack.knet_url}/kpg/**")
    page.click("button[name=result][value=CAPTURED]")
    visitor.arrive("^/pay/r/")
    visitor.go(f"cases/{case}/")
    visitor.look_until(
        lambda: page.locator("main a[href*='/documents/HLT-']").count() > 0, 90, "the new licence is on the page of the request"
    )
    number = re.search(r"HLT-[\w-]+", str(page.locator("main a[href*='/documents/HLT-']").first.get_attribute("href")))
    page.goto(f"{stack.base_url}{old}")
    assert words["replaced"] in visitor.main() and number is not None and number[0].removesuffix(".pdf") in visitor.main()
    assert visitor.wrongs() == []

"""A changed shop on a phone, in both languages: sent to an officer, corrected, and a session that ends on the fifth page."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.journeys.changed_shop import attach, shops_of, tick
from tests.journeys.measurements import axe, overhang
from tests.journeys.people import identity
from tests.journeys.visitor import PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
CHANGING, RESUMING = "Suad Al-Anbar", "Maryam Al-Wasm"
WORDS = {
    "ar": {"sent": "الطلب لدى البلدية", "answered": "وصل الرد على الاستكمال", "back": "أُعيد ما كُتب في هذه الصفحة"},
    "en": {
        "sent": "The request is with the Municipality",
        "answered": "Corrections answered",
        "back": "What you typed on this page has been restored",
    },
}


@pytest.fixture(scope="module")
def shops(stack: Stack) -> dict[str, list[dict[str, str]]]:
    """Shops whose licence can be renewed, by owner."""
    owners = {CHANGING: 2, RESUMING: 1}
    return shops_of(stack, owners)


def _desk(stack: Stack, call: str) -> None:
    stack.run_code(f"from tests.journeys import desk; desk.{call}")


def _picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (640, 480), (180, 200, 190)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_a_changed_shop_is_sent_from_a_phone_and_its_corrections_are_answered(
    stack: Stack,
    shops: dict[str, list[dict[str, str]]],
    visit: Callable[..., Visitor],
    signed_in: Callable[[str], Any],
    code: str,
    scripts: bool,
) -> None:
    shop = shops[CHANGING].pop()["id"]
    visitor = visit(code, java_script_enabled=scripts, storage_state=signed_in(CHANGING), viewport=PHONE)
    tick(visitor, shop, "area_m2")
    page = visitor.arrive("/changes/area_m2/$")
    page.click("#form button.kp-btn--fill")
    page.wait_for_selector(".kp-errors")
    assert page.title().startswith("خطأ:" if code == "ar" else "Error:")
    page.fill("#id_area_m2", "٨٥")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/changes/files/$")
    assert overhang(page) == 0
    attach(visitor, "drawing", _picture(), "/changes/files/$", "drawing.jpg")
    page.click("#form p > button.kp-btn--fill")
    visitor.arrive("/changes/check/$")
    # Change one answer: back on this page in one step.
    page.click("a[href$='/changes/area_m2/']")
    visitor.arrive("/changes/area_m2/$")
    page.fill("#id_area_m2", "90")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/changes/check/$")
    assert "90" in visitor.main() and overhang(page) == 0
    if scripts:
        assert axe(page) == []
    page.check("#id_declared")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/cases/[^/]+/$")
    assert WORDS[code]["sent"] in visitor.main()
    case = visitor.here().rstrip("/").rsplit("/", 1)[-1]
    _desk(stack, f"ask('{case}')")
    visitor.go(f"cases/{case}/")
    page.click("a.kp-btn--fill")
    visitor.arrive("/corrections/$")
    expect(page.locator("#form input:not([type=hidden])")).to_have_count(1)
    page.fill("#id_area_m2-area_m2", "88")
    page.click("#form button.kp-btn--fill")
    visitor.arrive(f"/cases/{case}/$")
    assert WORDS[code]["answered"] in visitor.main()
    assert visitor.wrongs() == []


def test_a_session_that_ends_on_page_five_goes_on_at_another_device_with_every_answer(
    stack: Stack, shops: dict[str, list[dict[str, str]]], visit: Callable[..., Visitor]
) -> None:
    shop = shops[RESUMING].pop()["id"]
    desktop = visit("en")
    desktop.sign_in(identity(RESUMING).civil_id)
    tick(desktop, shop, "trade_name", "area_m2", "activity", "manager")
    page = desktop.arrive("/changes/trade_name/$")
    page.fill("#id_name_ar", "دار الورد")
    page.fill("#id_name_en", "Dar Al Ward")
    page.click("#form button.kp-btn--fill")
    desktop.arrive("/changes/activity/$")
    page.select_option("#id_activity", "GYMM" if "gym" not in desktop.main().partition("As registered now")[2][:40] else "SPA")
    page.click("#form button.kp-btn--fill")
    desktop.arrive("/changes/area_m2/$")
    page.fill("#id_area_m2", "75")
    page.click("#form button.kp-btn--fill")
    desktop.arrive("/changes/manager/$")
    page.fill("#id_name_ar", "علي الصالح")
    page.fill("#id_name_en", "Ali Al-Saleh")
    _desk(stack, f"end_sessions('{RESUMING}')")
    page.click("#form button.kp-btn--fill")
    desktop.arrive("/sign-in/")
    phone = visit("ar", viewport=PHONE, java_script_enabled=False)
    phone.sign_in(identity(RESUMING).civil_id)
    page = phone.my_shops(shop)
    page.click(f"a[href$='/{shop}/changes/continue/']")
    phone.arrive("/changes/manager/$")
    assert page.input_value("#id_name_en") == "Ali Al-Saleh" and WORDS["ar"]["back"] in phone.main()
    expect(page.locator(".kp-errors")).to_have_count(0)
    for name, selector, value in (("trade_name", "#id_name_en", "Dar Al Ward"), ("area_m2", "#id_area_m2", "75")):
        phone.go(f"health-licence/{shop}/changes/{name}/")
        assert page.input_value(selector) == value
    assert phone.wrongs() == []

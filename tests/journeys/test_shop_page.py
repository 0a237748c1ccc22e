"""Somebody finds a shop, says what is wrong on its page, an officer answers, and the page has changed; and the map of shops."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.officers import Desk
from tests.journeys.visitor import DESKTOP, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
PASSERS_BY = {"ar": "Faisal Al-Bairaq", "en": "Loulwa Al-Murjan"}


@dataclass(frozen=True)
class Words:
    """What a reader of one language must find."""

    corrected: str
    renamed: str
    name_ar: str
    name_en: str


WORDS = {
    "ar": Words("صُححت الصفحة", "تغيّر الاسم", "صالون المرسى الأزرق", "Blue Anchorage Salon"),
    "en": Words("The page is corrected", "Renamed", "صالون المرسى الأخضر", "Green Anchorage Salon"),
}


def _some_shop(stack: Stack, code: str) -> tuple[str, str]:
    """Public id and number of an open shop of a place on the map; another one for each language."""
    rows = stack.sql(
        "SELECT public_id, commercial_license_no FROM shops_shop WHERE closed_on IS NULL AND latitude IS NOT NULL AND name_en <> ''"
        " ORDER BY id DESC LIMIT 2"
    )
    return rows[0 if code == "ar" else 1]


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["arabic-phone-scripts", "english-desktop-noscript"])
def test_a_fact_that_somebody_finds_wrong_is_right_on_the_page_once_an_officer_agrees(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], code: str, scripts: bool
) -> None:
    words, (shop, number) = WORDS[code], _some_shop(stack, code)
    asker = visit(code, java_script_enabled=scripts, storage_state=signed_in(PASSERS_BY[code]), viewport=PHONE if code == "ar" else DESKTOP)
    page = asker.go("shops/")
    page.fill("#id_q", number)
    page.click("#find .kp-find__box button")
    page.locator(".kp-hit h2 a").first.click()
    asker.arrive(f"/shops/{shop}/")
    if scripts:
        page.wait_for_selector(".kp-map__pin")
        assert axe(page) == []
    assert overhang(page) <= 0
    page.click(f"a[href$='/corrections/{shop}/']")
    page.click(f"a[href$='/corrections/{shop}/trade_name/']")
    page.fill("#id_name_ar", words.name_ar)
    page.fill("#id_name_en", words.name_en)
    page.click("#form p > button.kp-btn--fill")  # without a reason
    page.wait_for_selector(".kp-errors")
    assert page.input_value("#id_name_en") == words.name_en, "what was typed is kept"
    page.fill("#id_why", "So it stands above the door.")
    page.click("#form p > button.kp-btn--fill")
    asker.arrive("/cases/[^/]+/$")
    case = asker.here().rstrip("/").rsplit("/", 1)[-1]
    if scripts:
        assert axe(page) == []
    assert words.corrected not in page.locator(".kp-next").inner_text() and overhang(page) <= 0
    officer = Desk(visit("ar"), stack, case)
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")
    officer.next()
    assert words.name_en in officer.page.locator(".kp-casefacts").inner_text()
    officer.check_all()
    officer.page.keyboard.press("1")
    officer.preview("approve")
    officer.send()
    asker.go(f"cases/{case}/")
    assert words.corrected in asker.main()
    page.click(f".kp-next a[href*='/shops/{shop}/']")
    asker.arrive(f"/shops/{shop}/")
    assert page.locator("h1").inner_text() == (words.name_ar if code == "ar" else words.name_en)
    assert words.renamed in asker.main()
    for walker in (asker, officer.visitor):
        assert walker.wrongs() == []
        assert walker.foreign_requests() == []


@pytest.mark.parametrize(("code", "view"), [("ar", PHONE), ("en", DESKTOP)])
def test_the_map_leads_from_clusters_to_shops_by_keyboard_and_says_what_the_list_says(
    visit: Callable[..., Visitor], code: str, view: Any
) -> None:
    visitor = visit(code, viewport=view)
    page = visitor.go("shops/map/")
    page.wait_for_selector(".kp-map__pin")
    counted = page.locator("#shops li").evaluate_all("(rows) => rows.reduce((sum, row) => sum + Number(row.dataset.count), 0)")
    pins = page.locator(".kp-map__mark").evaluate_all("(marks) => marks.reduce((sum, mark) => sum + Number(mark.textContent || 1), 0)")
    assert counted == pins > 100
    assert axe(page) == [] and overhang(page) <= 0
    link = page.locator("#shops a").last
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("box="))
    page.wait_for_selector("#shops li[data-lat]:not([data-count]) a")
    assert axe(page) == [] and overhang(page) <= 0
    page.locator(".kp-map__ground").focus()
    assert page.locator(".kp-map__here").is_hidden()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".kp-map__here:visible")
    page.locator(".kp-map__here").click()
    page.wait_for_url(re.compile(r"box=2\d\.\d+,4\d\.\d+,"))
    assert visitor.wrongs() == [] and visitor.foreign_requests() == []


def test_without_a_script_the_list_alone_leads_from_clusters_to_a_shop(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", viewport=PHONE, java_script_enabled=False)
    page = visitor.go("shops/map/")
    page.locator("#shops a").last.click()
    page.wait_for_url(re.compile("box="))
    name = page.locator("#shops a").first.inner_text()
    page.locator("#shops a").first.click()
    page.wait_for_url(re.compile("/shops/[a-z0-9]{26}/"))
    assert page.locator("h1").inner_text() == name


def test_the_sheet_for_the_door_fits_a_phone_and_is_one_code(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any]
) -> None:
    visitor = visit("ar", storage_state=signed_in("Loulwa Al-Murjan"), viewport={"width": 320, "height": 700})
    page = visitor.go("my-shops/")
    page.locator("a[href$='/door/']").first.click()
    visitor.arrive("/door/$")
    assert axe(page) == [] and overhang(page) <= 0
    expect(page.locator(".kp-entrance-sheet svg")).to_have_count(1)
    page.emulate_media(media="print")
    assert page.locator("h1").is_hidden() and page.locator(".kp-entrance-sheet svg").is_visible()

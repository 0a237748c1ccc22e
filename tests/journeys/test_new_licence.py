"""A new shop: from the home page over the instant answer, the approval and the inspection to its licence and its place in the register."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.factories.licensing import MANAGER
from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.new_places import ACTIVITY, FOUND
from tests.journeys.officers import Desk, download, message, text_of
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
OWNER = "Nasser Al-Bandar"
SEALED = 60  # seconds until a document is there
NAMES = {"ar": ("صالون الرحلة الأول", "First Journey Salon"), "en": ("صالون الرحلة الثاني", "Second Journey Salon")}


@dataclass(frozen=True)
class Words:
    """What a reader of one language must find."""

    permitted: str
    approved: str
    passed: str


WORDS = {"ar": Words("مسموح", "تمت الموافقة على موقع", "اجتيز التفتيش"), "en": Words("Permitted", "is approved", "Inspection passed")}


def in_portal(stack: Stack, call: str) -> str:
    """One call of `tests.journeys.new_places` inside the portal, and what it printed."""
    return stack.manage("shell", "--no-imports", "-c", f"from tests.journeys import new_places; new_places.{call}").stdout


@pytest.fixture(scope="module")
def places(stack: Stack) -> list[dict[str, str]]:
    told = in_portal(stack, "find(2)")
    return next(json.loads(line.removeprefix(FOUND)) for line in told.splitlines() if line.startswith(FOUND))


def ask(visitor: Visitor, place: dict[str, str], signed: Any) -> str:
    """From the home page to the case; its public id. The question is asked by a stranger, who signs in to go on."""
    page = visitor.go("")
    page.click("main a[href$='/health-licence/new/']")
    visitor.arrive("/health-licence/new/$")
    assert overhang(page) == 0
    page.select_option("#id_activity", ACTIVITY)
    page.select_option("#id_area", place["area"])
    page.fill("#id_block", place["block"])
    page.fill("#id_plot", place["plot"])
    page.fill("#id_floor", "٠")
    page.click("#ask button")
    page.wait_for_selector("#answer")
    assert WORDS[visitor.code].permitted in page.locator("#answer").inner_text() and overhang(page) == 0
    if visitor.scripts:
        assert axe(page) == []
    begin = page.locator(".kp-next a.kp-btn--fill").get_attribute("href")
    assert begin is not None
    visitor.context.add_cookies(signed["cookies"])
    visitor.go(begin)
    visitor.arrive("/health-licence/new/request/$")
    assert (page.input_value("#id_block"), page.input_value("#id_plot")) == (place["block"], place["plot"])
    name_ar, name_en = NAMES[visitor.code]
    facts = {"name_ar": name_ar, "name_en": name_en, "area_m2": "٦٠", "street": "20", "paci_number": "99000001"}
    facts |= {"manager_name_ar": "علي الصالح", "manager_name_en": "Ali Al-Saleh", "civil_id": MANAGER}
    for field, value in facts.items():
        page.fill(f"#id_{field}", value)
    page.locator("input[name=term][value=commercial]").check()
    assert overhang(page) == 0
    page.locator("#form button.kp-btn--fill").click()
    visitor.arrive("/health-licence/new/[^/]+/send/$")
    for slot in ("tenure", "drawing", "place"):
        changed_shop.attach(visitor, slot, changed_shop.picture(f"{slot} {name_en}"), "/send/$")
    assert overhang(page) == 0
    if visitor.scripts:
        assert axe(page) == []
    page.check("#id_declared")
    page.click("#form > p > button.kp-btn--fill")
    visitor.arrive("/cases/[^/]+/$")
    return visitor.here().rstrip("/").rpartition("/")[2]


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_a_new_shop_is_approved_inspected_paid_and_licensed(
    stack: Stack,
    places: list[dict[str, str]],
    visit: Callable[..., Visitor],
    signed_in: Callable[[str], Any],
    tmp_path: Path,
    code: str,
    scripts: bool,
) -> None:
    words = WORDS[code]
    owner = visit(code, java_script_enabled=scripts, viewport=PHONE)
    page = owner.page
    case = ask(owner, places.pop(), signed_in(OWNER))
    assert overhang(page) == 0

    officer = Desk(visit("ar"), stack, case)
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")
    desk = officer.next()
    assert NAMES[code][0] in desk.locator("body").inner_text()
    assert axe(desk) == [] and overhang(desk) == 0
    officer.check_all()
    desk.keyboard.press("1")
    shown = officer.preview("approve")
    officer.send()
    assert message(owner, words.approved) == shown[code]

    owner.go(f"cases/{case}/")
    owner.look_until(lambda: page.locator("a[href^='/documents/LOC-']").count() > 0, SEALED, "the approval to come")
    text = " ".join(text_of(download(owner, "a[href^='/documents/LOC-']", tmp_path)).split())
    assert NAMES[code][1] in text
    page.click("main a.kp-btn--fill[href$='/commercial/']")
    owner.arrive("/commercial/$")
    number = f"2099/{case[:6].upper()}"
    changed_shop.attach(owner, "license_copy", changed_shop.picture(f"licence {case}"), "/commercial/$")
    page.fill("#id_number", number)
    page.fill("#id_ends_on", "2027-10-31")
    assert overhang(page) == 0
    page.locator("#form > p > button.kp-btn--fill").click()
    owner.arrive("/cases/[^/]+/$")

    in_portal(stack, f"pass_inspection('{case}')")
    message(owner, words.passed)
    owner.go(f"cases/{case}/")
    assert overhang(page) == 0
    page.click("main a.kp-btn--fill[href*='/pay/']")
    owner.arrive("/pay/[^/]+/$")
    page.locator("main form button.kp-btn--fill").click()
    page.wait_for_url(f"{stack.knet_url}/kpg/**")
    page.click("button[name=result][value=CAPTURED]")
    owner.arrive("^/pay/r/")
    owner.look_until(lambda: page.locator(".kp-panel[data-step^=paid]").count() == 1, PATIENCE, "the payment to be certain")
    owner.go(f"cases/{case}/")
    owner.look_until(lambda: page.locator("a[href^='/documents/HLT-']").count() > 0, SEALED, "the licence to come")
    assert overhang(page) == 0
    text = " ".join(text_of(download(owner, "a[href^='/documents/HLT-']", tmp_path)).split())
    assert number in text and "31" in text
    ((shop,),) = stack.sql("SELECT public_id FROM shops_shop WHERE commercial_license_no = %s", number)
    owner.my_shops(shop)
    name = NAMES[code][0 if code == "ar" else 1]
    assert name in owner.main()

    anybody = visit(code, viewport=PHONE)
    anybody.go(f"shops/{shop}/")
    assert name in anybody.main() and axe(anybody.page) == [] and overhang(anybody.page) == 0
    for walker in (owner, officer.visitor, anybody):
        assert walker.wrongs() == []
        assert walker.foreign_requests() == []

"""The boards of a shop: drafted and sent from a phone, decided, paid, licensed, seen by everybody, and removed with the deposit back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.officers import Desk, download, message, text_of
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
OWNER = "Aisha Al-Nada"
SEALED = 60  # seconds until the licence is there
PLACES = {"ar": ("فوق المدخل", "على جانب الواجهة"), "en": ("Above the door", "Beside the front")}


@dataclass(frozen=True)
class Words:
    """What a reader of one language must find."""

    see: str
    licensed: str
    valid: str
    removed: str
    returning: str
    returned: str


WORDS = {
    "ar": Words("عرض حالة الطلب", "مرخص: لوحتان", "سارٍ", "أزالها صاحبها", "قيد الرد", "رُدّ"),
    "en": Words("See the state of the request", "Licensed: 2 boards", "Valid", "Removed by its holder", "Being returned", "was returned"),
}


@pytest.fixture(scope="module")
def shops(stack: Stack) -> list[dict[str, str]]:
    return changed_shop.shops_of(stack, {OWNER: 2})[OWNER]


def fill(visitor: Visitor, number: int, medium: str, width: str, place: str) -> None:
    """One board of the form; a script asks for the page of another medium anew, which leads back to this board."""
    page = visitor.page
    if visitor.scripts:
        with page.expect_navigation():
            page.select_option(f"#id_{number}-medium", medium)
        assert page.url.endswith(f"#board-{number + 1}")
    else:
        page.select_option(f"#id_{number}-medium", medium)
    page.fill(f"#id_{number}-width", width)
    page.fill(f"#id_{number}-height", "0.80")
    page.fill(f"#id_{number}-place", place)


def ask(visitor: Visitor, shop: str) -> str:
    """A board on the front and a light box, from the list of shops to the case; its public id."""
    page = visitor.my_shops(shop)
    page.click(f"main a[href$='/boards/new/{shop}/']")
    visitor.arrive("/boards/new/[^/]+/$")
    page.click("button[name=continue]")
    page.wait_for_selector(".kp-errors")
    assert page.title().startswith("خطأ:" if visitor.code == "ar" else "Error:")
    page.click(".kp-errors a[href='#id_0-width']")
    assert page.evaluate("document.activeElement.id") == "id_0-width"
    assert overhang(page) == 0
    fill(visitor, 0, "fascia", "٦", PLACES[visitor.code][0])
    page.click("button[name=add]")
    page.wait_for_selector("#board-2")
    fill(visitor, 1, "light_box", "0.90", PLACES[visitor.code][1])
    page.keyboard.press("Enter")  # asks for the sum, and neither adds nor removes a board
    page.locator("#total dd", has_text="41.400").wait_for()
    assert page.locator("fieldset.kp-board").count() == 2 and page.locator(".kp-errors").count() == 0
    assert overhang(page) == 0
    if visitor.scripts:
        assert axe(page) == []
    page.click("button[name=continue]")
    visitor.arrive("/boards/new/[^/]+/send/$")
    for slot in ("front", "plan"):
        changed_shop.attach(visitor, slot, changed_shop.picture(f"{slot} {shop}"), "/send/$")
    assert overhang(page) == 0
    if visitor.scripts:
        assert axe(page) == []
    page.click("#form > p > button.kp-btn--fill")
    visitor.arrive("/cases/[^/]+/$")
    return visitor.here().rstrip("/").rpartition("/")[2]


def remove_board(owner: Visitor, stack: Stack, case: str) -> None:
    """The first board is taken down: its photo brings the deposit back, after two people of the cashier's office agreed."""
    board = "SELECT b.public_id FROM licensing_board b JOIN licensing_boardrequest r ON r.id = b.request_id JOIN cases_case c"
    ((board_id,),) = stack.sql(f"{board} ON c.id = r.case_id WHERE c.public_id = %s AND b.line = 1", case)
    page = owner.go(f"boards/{board_id}/")
    page.click("main a[href$='/remove/']")
    owner.arrive("/remove/$")
    changed_shop.attach(owner, "after", changed_shop.picture(f"gone {board_id}"), "/remove/$")
    assert overhang(page) == 0
    page.check("#id_is_removed")
    page.click("#form button.kp-btn--fill:not([data-upload-without-script] *)")
    owner.arrive(f"/boards/{board_id}/$")
    words = WORDS[owner.code]
    assert words.removed in owner.main() and words.returning in owner.main()
    changed_shop.at_desk(stack, f"return_deposit('{board_id}')")
    owner.look_until(lambda: words.returned in owner.main(), SEALED, "the bank to have returned the deposit")
    assert overhang(page) == 0


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_boards_are_sent_decided_paid_and_licensed(
    stack: Stack,
    shops: list[dict[str, str]],
    visit: Callable[..., Visitor],
    signed_in: Callable[[str], Any],
    tmp_path: Path,
    code: str,
    scripts: bool,
) -> None:
    words, shop = WORDS[code], shops.pop()["id"]
    owner = visit(code, java_script_enabled=scripts, storage_state=signed_in(OWNER), viewport=PHONE)
    page = owner.page
    case = ask(owner, shop)
    assert overhang(page) == 0
    owner.my_shops(shop)
    assert words.see in page.locator(f"main a[href$='/cases/{case}/']").first.inner_text()

    officer = Desk(visit("ar"), stack, case)
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")
    desk = officer.next()
    told = desk.locator(".kp-casefacts").inner_text()
    assert PLACES[code][0] in told and PLACES[code][1] in told
    assert axe(desk) == [] and overhang(desk) == 0
    officer.check_all()
    desk.keyboard.press("1")
    shown = officer.preview("approve")
    officer.send()
    assert message(owner, "الموافقة" if code == "ar" else "approved") == shown[code]

    owner.go(f"cases/{case}/")
    assert overhang(page) == 0
    page.click("main a.kp-btn--fill[href*='/pay/']")
    owner.arrive("/pay/[^/]+/$")
    assert overhang(page) == 0
    page.locator("main form button.kp-btn--fill").click()
    page.wait_for_url(f"{stack.knet_url}/kpg/**")
    page.click("button[name=result][value=CAPTURED]")
    owner.arrive("^/pay/r/")
    owner.look_until(lambda: page.locator(".kp-panel[data-step^=paid]").count() == 1, PATIENCE, "the payment to be certain")
    owner.go(f"cases/{case}/")
    owner.look_until(lambda: page.locator("a[href^='/documents/ADL-']").count() > 0, SEALED, "the licence to come")
    assert overhang(page) == 0
    text = " ".join(text_of(download(owner, "a[href^='/documents/ADL-']", tmp_path)).split())
    ((number,),) = stack.sql("SELECT d.number FROM documents_document d WHERE d.subject = %s", f"case:{case}")
    assert f"{number}/1" in text and f"{number}/2" in text
    owner.my_shops(shop)
    assert words.licensed in owner.main()

    anybody = visit(code, viewport=PHONE)
    anybody.go(f"shops/{shop}/")
    links = anybody.page.locator("main a[href*='/boards/']")
    assert links.count() == 2 and overhang(anybody.page) == 0
    links.first.click()
    anybody.arrive("/boards/[^/]+/$")
    assert words.valid in anybody.main() and f"{number}/1" in anybody.main() and PLACES[code][0] in anybody.main()
    assert axe(anybody.page) == [] and overhang(anybody.page) == 0
    remove_board(owner, stack, case)
    anybody.go(f"shops/{shop}/")
    assert links.count() == 1
    for walker in (owner, officer.visitor, anybody):
        assert walker.wrongs() == []
        assert walker.foreign_requests() == []

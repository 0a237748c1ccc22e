"""Both sides of a changed shop: its owner on a phone, officer and supervisor at their desks, from the task list to the sealed paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.officers import Desk, answer_yes, download, message, plain, propose, text_of, until_this
from tests.journeys.staff import enter
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
CHANGING, REFUSED, OWED = "Thomas Green", "Dawood Al-Rimth", "Samia Al-Fayoumia"
DRAWN_UP = 60  # seconds until a paper is sealed
NAMES = {"ar": ("صالون الشراع الأزرق", "Blue Sail Salon"), "en": ("صالون اللؤلؤة", "Pearl Salon")}


@dataclass(frozen=True)
class Words:
    """What a reader of one language must find."""

    asked: str
    answered: str
    paid: str
    refused: str
    owed: str


WORDS = {
    "ar": Words("الرد على طلب الاستكمال", "وصل الرد على الاستكمال", "مدفوع", "رُفض الطلب", "مبلغ مستحق"),
    "en": Words("Answer the corrections", "Corrections answered", "Paid", "The request is refused", "Refund due"),
}


@pytest.fixture(scope="module")
def shops(stack: Stack) -> dict[str, list[dict[str, str]]]:
    return changed_shop.shops_of(stack, {CHANGING: 2, REFUSED: 1, OWED: 1})


def _send_changed(visitor: Visitor, shop: str, code: str) -> str:
    """Another trade name and a larger shop, with their files; the public id of the case."""
    name_ar, name_en = NAMES[code]
    changed_shop.tick(visitor, shop, "trade_name", "area_m2")
    changed_shop.answer(visitor, "trade_name", name_ar=name_ar, name_en=name_en)
    changed_shop.answer(visitor, "area_m2", area_m2="85")
    visitor.arrive("/changes/files/$")
    for slot in ("drawing", "photo_front"):
        changed_shop.attach(visitor, slot, changed_shop.picture(f"{slot} {shop}"), "/changes/files/$")
    visitor.page.click("#form p > button.kp-btn--fill")
    return changed_shop.send(visitor)


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_a_changed_shop_is_corrected_approved_paid_and_licensed_with_its_new_facts(
    stack: Stack,
    shops: dict[str, list[dict[str, str]]],
    visit: Callable[..., Visitor],
    signed_in: Callable[[str], Any],
    tmp_path: Path,
    code: str,
    scripts: bool,
) -> None:
    words, shop = WORDS[code], shops[CHANGING].pop()
    owner = visit(code, java_script_enabled=scripts, storage_state=signed_in(CHANGING), viewport=PHONE)
    case = _send_changed(owner, shop["id"], code)

    officer = Desk(visit("ar"), stack, case)
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")
    page = officer.next()
    changed = page.locator(".kp-diff .is-changed")
    assert changed.count() == 2
    told = page.locator(".kp-casefacts").inner_text()
    assert shop["ar"] in told and NAMES[code][0] in told and "85" in told, "the screen shows what was, and what is asked for"
    expect(page.locator(".kp-tabs input")).to_have_count(2)
    page.locator(".kp-tabs label").nth(1).click()
    assert [page.locator(".kp-paper").nth(number).is_visible() for number in (0, 1)] == [False, True]
    drawn = "[...document.querySelectorAll('.kp-paper:nth-of-type(2) img')].every((one) => one.complete && one.naturalWidth)"
    page.wait_for_function(f"() => {drawn}")
    assert axe(page) == [] and overhang(page) == 0

    officer.check_all()
    page.keyboard.press("2")
    for value in ("area_m2.area_differs", "drawing.file_unreadable"):
        page.check(f"input[name=ask][value='{value}']")
    option = page.locator(".kp-desk-choice", has=page.locator("input[value='area_m2.area_differs']"))
    option.locator("details summary").click()
    option.locator("textarea[lang=ar]").fill("المساحة في المخطط 88 متراً.")
    option.locator("textarea[lang=en]").fill("The drawing says 88 metres.")
    page.locator(".kp-sheet[data-move=corrections] .kp-desk-letter[lang=en]", has_text="88").wait_for()
    shown = officer.preview("corrections")
    assert "88" in shown["ar"] and "88" in shown["en"]
    officer.send()

    owner.go(f"cases/{case}/")
    assert words.asked in owner.main()
    assert message(owner, "استكمال" if code == "ar" else "Corrections") == shown[code], "what was previewed is what arrived"
    owner.go(f"cases/{case}/")
    owner.page.click("a.kp-btn--fill[href$='/corrections/']")
    owner.arrive("/corrections/$")
    expect(owner.page.locator("#form input:not([type=hidden], [type=file])"), "only the area can be typed").to_have_count(1)
    expect(owner.page.locator("#form [data-upload]"), "only the drawing can be sent again").to_have_count(1)
    assert NAMES[code][0 if code == "ar" else 1] in owner.page.locator("#rest + dl").inner_text(), "the rest is shown, locked"
    assert overhang(owner.page) == 0
    owner.page.click("#form p > button.kp-btn--fill")
    owner.page.wait_for_selector(".kp-errors")
    owner.page.fill("#id_area_m2-area_m2", "٨٨")
    changed_shop.attach(owner, "drawing", changed_shop.picture(f"a clear drawing {case}"), "/corrections/$")
    assert owner.page.input_value("#id_area_m2-area_m2") in ("88", "٨٨"), "sending a file keeps what was typed beside it"
    if scripts:
        assert axe(owner.page) == []
    owner.page.click("#form p > button.kp-btn--fill")
    owner.arrive(f"/cases/{case}/$")
    assert words.answered in owner.main()

    page = officer.visitor.go("/admin/")
    reference = stack.sql("SELECT reference FROM cases_case WHERE public_id = %s", case)[0][0]
    assert "وصل الرد" in page.locator("#mine tr", has_text=reference).inner_text(), "the answer alerts its officer"
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")  # the case that opened after sending lies on the desk
    officer.next()
    expect(page.locator(".kp-diff .is-changed", has_text="88")).to_have_count(1)
    officer.check_all()
    page.keyboard.press("1")
    shown = officer.preview("approve")
    officer.send()
    home = officer.visitor.go("/admin/")
    in_hand = home.locator("section", has=home.get_by_role("heading", name="الطلبات لديّ"))
    expect(in_hand.locator(f"a[href*='{case}']"), "a decided case is out of the officer's hands").to_have_count(0)

    owner.go(f"cases/{case}/")
    owner.page.click("main a.kp-btn--fill[href*='/pay/']")
    owner.arrive("/pay/[^/]+/$")
    owner.page.locator("main form button.kp-btn--fill").click()
    owner.page.wait_for_url(f"{stack.knet_url}/kpg/**")
    owner.page.click("button[name=result][value=CAPTURED]")
    owner.arrive("^/pay/r/")
    owner.look_until(lambda: owner.page.locator(".kp-panel[data-step^=paid]").count() == 1, PATIENCE, "the payment to be certain")
    owner.go(f"cases/{case}/")
    owner.look_until(lambda: owner.page.locator("a[href^='/documents/HLT-']").count() > 0, DRAWN_UP, "the licence to come")
    licence = download(owner, "a[href^='/documents/HLT-']", tmp_path)
    text = text_of(licence)
    assert NAMES[code][1] in text, "the licence carries the new name"
    assert shop["en"] not in text
    typed = re.search(r"(?:[0-9A-Z]{5} ){3}[0-9A-Z]{5}", text)
    assert typed

    anybody = visit(code, viewport=PHONE)
    anybody.go("")
    anybody.go(f"/verify/{typed[0].replace(' ', '')}")
    assert NAMES[code][0 if code == "ar" else 1] in anybody.main()
    expect(anybody.page.locator(".kp-verdict h2 .kp-tag--ok, .kp-verdict h2 .kp-tag--wait")).to_have_count(1)
    for walker in (owner, officer.visitor, anybody):
        assert walker.wrongs() == []
        assert walker.foreign_requests() == []


def test_a_refusal_is_signed_by_a_second_person_and_every_edit_asks_for_another_signature(
    stack: Stack,
    shops: dict[str, list[dict[str, str]]],
    visit: Callable[..., Visitor],
    signed_in: Callable[[str], Any],
    tmp_path: Path,
) -> None:
    owner = visit("en", storage_state=signed_in(REFUSED), viewport=PHONE)
    case = _send_changed(owner, shops[REFUSED].pop()["id"], "en")
    officer, supervisor = Desk(visit("ar"), stack, case), Desk(visit("ar"), stack, case, "supervisor")
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")
    officer.next()
    propose(officer, "conditions_not_met", "المخزن بلا تهوية.", "The store has no air.")

    # The supervisor reads the first words; the officer takes them back meanwhile and writes others.
    signing = supervisor.visitor.go("/admin/desk/sign/")
    until_this(supervisor)
    assert "The store has no air." in signing.locator(".kp-desk-letter[lang=en]").inner_text()
    assert axe(signing) == [] and overhang(signing) == 0
    page = officer.visitor.go(f"/admin/desk/{case}/")
    page.click("form[action$='/take-back/'] button")
    officer.visitor.arrive("^/admin/desk/")
    officer.visitor.go(f"/admin/desk/{case}/")
    shown = propose(officer, "conditions_not_met", "المخزن بلا تهوية ولا مصرف.", "The store has neither air nor a drain.")
    answer_yes(signing)
    signing.keyboard.press("1")
    signing.click("button[name=step][value=sign]")
    signing.wait_for_selector(".kp-desk-error")
    assert stack.sql("SELECT state FROM cases_case WHERE public_id = %s", case) == [("countersign",)], "the first words were not signed"
    owner.go(f"cases/{case}/")
    assert WORDS["en"].refused not in owner.main()

    until_this(supervisor)
    assert plain(signing.locator(".kp-desk-letter[lang=en] .kp-desk-body").inner_text()) == shown["en"]
    answer_yes(signing)
    signing.keyboard.press("1")
    signing.click("button[name=step][value=sign]")
    signing.wait_for_selector(".messagelist .success")
    rows = stack.sql(
        "SELECT d.made_by_id, d.signed_by_id, d.voided_at IS NOT NULL FROM review_decision d JOIN cases_case c ON c.id = d.case_id "
        "WHERE c.public_id = %s ORDER BY d.id",
        case,
    )
    assert len(rows) == 2 and bool(rows[0][2]) and rows[0][1] is None, "the edited proposal fell unsigned"
    assert not rows[1][2] and rows[1][1] not in (None, rows[1][0]), "two people stand behind the refusal"

    owner.go(f"cases/{case}/")
    owner.look_until(lambda: owner.page.locator("a[href^='/documents/HRF-']").count() > 0, DRAWN_UP, "the decision to be sealed")
    assert WORDS["en"].refused in owner.main()
    assert message(owner, "refused") == shown["en"]
    owner.go(f"cases/{case}/")
    text = text_of(download(owner, "a[href^='/documents/HRF-']", tmp_path))
    assert "The store has neither air nor a drain." in " ".join(text.split()) and "How to appeal" in text
    for walker in (owner, officer.visitor, supervisor.visitor):
        assert walker.wrongs() == []


@pytest.mark.parametrize("code", ["ar"])
def test_a_paid_request_that_is_refused_is_owed_back_and_both_sides_see_it(
    stack: Stack,
    shops: dict[str, list[dict[str, str]]],
    visit: Callable[..., Visitor],
    signed_in: Callable[[str], Any],
    code: str,
) -> None:
    words = WORDS[code]
    owner = visit(code, storage_state=signed_in(OWED), viewport=PHONE)
    case = _send_changed(owner, shops[OWED].pop()["id"], code)
    officer = Desk(visit("ar"), stack, case)
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")
    officer.next()
    officer.check_all()
    officer.page.keyboard.press("1")
    officer.preview("approve")
    officer.send()
    page = owner.go(f"cases/{case}/")
    page.click("main a.kp-btn--fill[href*='/pay/']")
    owner.arrive("/pay/[^/]+/$")
    page.locator("main form button.kp-btn--fill").click()
    page.wait_for_url(f"{stack.knet_url}/kpg/**")
    changed_shop.at_desk(stack, f"block('{case}')")
    page.click("button[name=result][value=CAPTURED]")
    owner.arrive("^/pay/r/")
    owner.go(f"cases/{case}/")
    owner.look_until(lambda: words.owed in owner.main(), PATIENCE, "the amount to be owed back")
    expect(page.locator("a[href^='/documents/HLT-']")).to_have_count(0)
    assert overhang(page) == 0 and axe(page) == []
    auditor = visit("ar")
    enter(auditor, "auditor")
    listed = auditor.go("/admin/payments/refunddue/")
    ((payment,),) = stack.sql(
        "SELECT t.payment_id FROM payments_attempt t JOIN payments_refunddue r ON r.attempt_id = t.id WHERE r.subject = %s", f"case:{case}"
    )
    row = listed.locator("#result_list tbody tr", has_text=payment)
    assert row.count() == 1 and "10.000" in row.inner_text()
    for walker in (owner, officer.visitor, auditor):
        assert walker.wrongs() == []

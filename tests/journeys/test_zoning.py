"""A plot: found from the home page, asked about, its extract checked by its code; a formal opinion that deviates, signed by two."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.officers import Desk, answer_yes, download, text_of
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
ASKER = "Fatima Al-Zabad"
SEALED = 60  # seconds until a document is sealed
TEXT_AR, TEXT_EN = "يُسمح به بشرط مدخل مستقل من الشارع.", "Permitted with an entrance of its own from the street."


def a_plot(stack: Stack) -> tuple[int, str, str, str]:
    """A plot of Hawalli's first block, which is commercial: key of the area, block, number, public id."""
    rows = stack.sql(
        "SELECT p.area_id, p.block, p.number, p.public_id FROM zoning_plot p JOIN places_area a ON a.id = p.area_id"
        " WHERE a.governorate_id = 'HA' AND p.block = '1' AND p.valid_to IS NULL ORDER BY p.id LIMIT 1"
    )
    return rows[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_an_answer_is_found_and_its_extract_is_checked_by_its_code(
    stack: Stack, visit: Callable[..., Visitor], tmp_path: Path, code: str, scripts: bool
) -> None:
    area, block, number, public_id = a_plot(stack)
    anybody = visit(code, viewport=PHONE, java_script_enabled=scripts)
    page = anybody.go("")
    page.locator(f"main a[href='/{code}/zoning/']").first.click()
    anybody.arrive("/zoning/$")
    (names,) = stack.sql("SELECT name_ar, name_en FROM places_area WHERE id = %s", area)
    page.fill("#id_q", f"{names[code == 'en']} {block} {number}")
    page.click("form:has(#id_q) button")
    anybody.arrive(f"/plots/{public_id}/$")
    page = anybody.go("zoning/")
    page.locator(f"main a[href*='?area={area}']").first.click()
    page.locator(f"main a[href*='area={area}'][href*='block={block}']").first.click()
    page.locator(f"main a[href='/{code}/plots/{public_id}/']").first.click()
    anybody.arrive(f"/plots/{public_id}/$")
    assert overhang(page) == 0
    page.select_option("#id_activity", "WSAL")
    page.click("#ask button")
    page.wait_for_selector("section.kp-answer")
    state = page.locator("section.kp-answer h2").inner_text()
    if scripts:
        assert axe(page) == []
    page.click("#extract button")
    anybody.arrive("/zoning/extracts/[^/]+/$")
    assert state in anybody.main()
    anybody.look_until(lambda: page.locator("a[href$='extract.pdf']").count() > 0, SEALED, "the sealed extract")
    assert overhang(page) == 0
    facts = json.loads(download(anybody, "a[href$='extract.json']", tmp_path).read_text(encoding="utf8"))
    text = text_of(download(anybody, "a[href$='extract.pdf']", tmp_path))
    assert facts["number"] in text
    assert facts["plot_number"] == number
    other = visit(code, viewport=PHONE)
    other.go("")  # the check page takes the language last read
    other.go(re.sub("^https?://[^/]+", "", facts["verification_url"]))
    assert facts["number"] in other.main()
    other.page.locator("main a[href*='/zoning/extracts/']").click()
    other.arrive(f"/zoning/extracts/{facts['uuid']}/$")
    assert state in other.main()
    for walker in (anybody, other):
        assert walker.wrongs() == []
        assert walker.foreign_requests() == []


def order(visitor: Visitor, public_id: str) -> str:
    """Ask about a salon on the ground floor as the owner, with a title deed, and pay; the public id of the case."""
    page = visitor.go(f"plots/{public_id}/")
    page.locator("main a[href$='/opinion/']").click()
    visitor.arrive("/opinion/$")
    page.check("input[name=asker][value=owner]")
    page.select_option("#id_activity", "WSAL")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/opinions/[^/]+/$")
    assert overhang(page) == 0
    changed_shop.attach(visitor, "title", changed_shop.picture(f"title {public_id}"), "/opinions/[^/]+/$")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/pay/[^/]+/$")
    page.locator("main form button.kp-btn--fill").click()
    page.wait_for_url(f"{visitor.stack.knet_url}/kpg/**")
    page.click("button[name=result][value=CAPTURED]")
    visitor.arrive("^/pay/r/")
    visitor.look_until(lambda: page.locator(".kp-panel[data-step^=paid]").count() == 1, PATIENCE, "the payment to be certain")
    page.locator("main a[href*='/cases/']").first.click()
    visitor.arrive("/cases/[^/]+/$")
    return visitor.here().rstrip("/").rpartition("/")[2]


def study(desk: Desk) -> Page:
    """Every consulted body agrees, and the draft deviates from the instant answer with a reason."""
    page = desk.visitor.go(f"/admin/opinions/{desk.case}/")
    while (bodies := page.locator("form:has(input[name=act][value=answer])")).count():
        bodies.first.locator("input[value=no_objection]").check(force=True)
        with page.expect_navigation():
            bodies.first.locator("button").click()
        page.wait_for_selector(".messagelist .success")
    drafting = page.locator("form:has(input[name=act][value=draft])")
    deviating = drafting.locator("label", has=page.locator(".kp-tag--bad")).first
    deviating.locator("input").check(force=True)
    drafting.locator("input[name=code][value=layer_outdated]").check(force=True)
    drafting.locator("textarea[name=text_ar]").fill(TEXT_AR)
    drafting.locator("textarea[name=text_en]").fill(TEXT_EN)
    drafting.locator("button").click()
    page.wait_for_selector(".messagelist .success")
    return page


@pytest.mark.parametrize("code", ["ar", "en"])
def test_an_opinion_that_deviates_is_signed_by_two_and_sealed(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], tmp_path: Path, code: str
) -> None:
    public_id = a_plot(stack)[-1]
    asker = visit(code, storage_state=signed_in(ASKER), viewport=PHONE)
    case = order(asker, public_id)
    planner, supervisor = Desk(visit("ar"), stack, case, "planner"), Desk(visit("ar"), stack, case, "supervisor")
    changed_shop.at_desk(stack, f"first_for('{case}', 'planner')")
    planner.next()
    page = study(planner)
    planner.visitor.go(f"/admin/desk/{case}/")
    planner.check_all()
    page.keyboard.press("1")
    planner.send()
    assert stack.sql("SELECT state FROM cases_case WHERE public_id = %s", case) == [("countersign",)]

    signing = supervisor.visitor.go("/admin/desk/sign/")
    for _ in range(20):  # older proposals of the demo are signed first: whoever signs is handed the oldest
        is_this = TEXT_AR in signing.content()
        answer_yes(signing)
        signing.keyboard.press("1")
        with signing.expect_navigation():
            signing.click("button[name=step][value=sign]")
        signing.wait_for_selector(".messagelist .success")
        if is_this:
            break
    assert stack.sql("SELECT state FROM cases_case WHERE public_id = %s", case) != [("countersign",)]

    asker.go(f"cases/{case}/")
    asker.look_until(lambda: asker.page.locator("a[href^='/documents/']").count() > 0, SEALED, "the opinion")
    text = text_of(download(asker, "a[href^='/documents/']", tmp_path))
    assert TEXT_EN in " ".join(text.split())
    assert planner.reference in planner.visitor.go("/admin/opinions/tasks/").content()
    for walker in (asker, planner.visitor, supervisor.visitor):
        assert walker.wrongs() == []
        assert walker.foreign_requests() == []

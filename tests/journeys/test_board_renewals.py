"""Forty boards of four shops renewed in one act: from My shops over one payment to the licences of each shop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.officers import download, text_of
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
SEALED = 120  # seconds until all licences are there
PEOPLE = {"ar": ("Talal Al-Mahmal", 4, 10), "en": ("Khaled Al-Fanar", 2, 3)}  # shops, and boards of each
UNDER_WAY = {"ar": "طلب قيد", "en": "Request under way"}


def offered(visitor: Visitor, shops: list[str]) -> list[str]:
    """Those of the shops whose boards the page offers to renew."""
    return [shop for shop in shops if visitor.page.locator(f"button[name=all][value='{shop}']").count()]


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_boards_of_several_shops_are_renewed_with_one_payment(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], tmp_path: Path, code: str, scripts: bool
) -> None:
    name, count, each = PEOPLE[code]
    shops = [shop["id"] for shop in changed_shop.shops_of(stack, {name: count})[name]]
    stack.manage("shell", "--no-imports", "-c", f"from tests.journeys.more_boards import add; add({dict.fromkeys(shops, each)})")
    owner = visit(code, java_script_enabled=scripts, storage_state=signed_in(name), viewport=PHONE)
    page = owner.go("my-shops/")
    page.click(f"main a[href$='/boards/renew/?shop={shops[0]}']")
    owner.arrive("/boards/renew/")
    paid = page.locator(".kp-paybar [data-count]").first
    assert str(each) in paid.inner_text() and overhang(page) == 0
    for shop in shops[1:]:
        page.click(f"button[name=all][value='{shop}']")
    if scripts:
        page.locator(".kp-paybar [data-count]", has_text=str(each * count)).first.wait_for()
        assert axe(page) == []
    assert str(each * count) in paid.inner_text() and overhang(page) == 0
    page.click(".kp-paybar button[value=renew]")
    owner.arrive("/basket/")
    total = f"{each * count * 12:.3f}"
    assert total in page.locator(".kp-paybar [data-total]").first.inner_text()
    assert page.locator("input[name=item]:checked").count() == count and overhang(page) == 0

    owner.go("my-shops/")
    assert [shop for shop in shops if page.locator(f"main a[href$='/boards/renew/?shop={shop}']").count()] == []
    assert owner.main().count(UNDER_WAY[code]) >= count
    owner.go("boards/renew/")
    assert not offered(owner, shops) and overhang(page) == 0

    owner.go("basket/")
    page.click("main form button[value=pay]")
    page.wait_for_url(f"{stack.knet_url}/kpg/**")
    page.click("button[name=result][value=CAPTURED]")
    owner.arrive("^/pay/r/")
    owner.look_until(lambda: page.locator(".kp-panel[data-step^=paid]").count() == 1, PATIENCE, "the payment to be certain")
    done = "SELECT count(*) FROM licensing_board b JOIN licensing_board p ON p.id = b.previous_id JOIN licensing_boardrequest r"
    done += " ON r.id = b.request_id JOIN shops_shop s ON s.id = r.shop_id WHERE b.first_day > p.last_day AND s.public_id = %s"
    owner.look_until(lambda: all(stack.sql(done, shop) == [(each,)] for shop in shops), SEALED, "the licences to come")
    cases = "SELECT c.public_id, d.number FROM cases_case c JOIN documents_document d ON d.subject = 'case:' || c.public_id"
    cases += " WHERE c.subject = %s ORDER BY c.id DESC LIMIT 1"
    ((case, number),) = stack.sql(cases, f"shop:{shops[0]}")
    owner.go(f"cases/{case}/")
    assert overhang(page) == 0
    text = " ".join(text_of(download(owner, f"a[href^='/documents/{number}']", tmp_path)).split())
    assert f"{number}/1" in text and f"{number}/{each}" in text
    owner.go("boards/renew/")
    assert not offered(owner, shops)
    assert owner.wrongs() == [] and owner.foreign_requests() == []

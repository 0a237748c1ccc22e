"""From the pavement to the bank: an inspector without a line, an owner who objects to one violation and settles another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys import lane
from tests.journeys.gates import axe, overhang
from tests.journeys.staff import enter
from tests.journeys.watching import PATIENCE, PHONE, Visitor
from tests.stack.running import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
OWNER = "Marisa Buncay"
OBJECTED, SETTLED = "CLN-03", "CLN-01"
OF_SHOP = "SELECT {what} FROM violations_violation v JOIN shops_shop s ON s.id = v.shop_id WHERE s.public_id = %s"


@pytest.fixture(scope="module")
def shop(stack: Stack) -> str:
    return lane.shops_of(stack, {OWNER: 1}, 860_000)[OWNER].pop()["id"]


class Field:
    """The inspector whom a shop belongs to, on a phone."""

    def __init__(self, visitor: Visitor, shop: str) -> None:
        self.visitor, self.page = visitor, visitor.page
        ((branch, womens, self.number),) = visitor.stack.sql(
            "SELECT s.branch_id, a.is_womens, s.commercial_license_no FROM shops_shop s"
            " JOIN rulebook_activity a ON a.code = s.activity_id WHERE s.public_id = %s",
            shop,
        )
        enter(visitor, f"inspector{'2' if womens else ''}.{branch.lower()}")

    def write(self, offence: str) -> None:
        """Fill the form of a minute in and press the button."""
        page = self.page
        page.select_option("#id_offence", offence)
        page.fill("#id_shop_no", self.number)
        page.set_input_files("#photos", [{"name": "front.jpg", "mimeType": "image/jpeg", "buffer": lane.picture(offence)}])
        page.click("[data-field-form] button.kp-desk-main")


def test_minutes_written_without_a_line_arrive_once_and_their_owner_objects_to_one_and_settles_the_other(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], shop: str
) -> None:
    inspector = Field(visit("ar", viewport=PHONE), shop)
    page = inspector.page
    inspector.visitor.go("/admin/field/new/")
    assert axe(page) == [] and overhang(page) == 0
    inspector.visitor.context.set_offline(True)
    waiting = page.locator("[data-field-entries] li")
    for count, offence in enumerate((OBJECTED, SETTLED), 1):
        inspector.write(offence)
        waiting.nth(count - 1).wait_for()
    assert stack.sql(OF_SHOP.format(what="count(*)"), shop) == [(0,)], "nothing has left the phone"
    inspector.visitor.context.set_offline(False)
    wait_until(lambda: _seen(page, stack, shop) == 2, PATIENCE * 2, "both minutes to arrive by themselves")
    inspector.visitor.go("/admin/field/")
    page.wait_for_selector("[data-field-queue]", state="hidden")
    assert _seen(page, stack, shop) == 2, "none came twice"
    rows = dict(stack.sql(OF_SHOP.format(what="v.offence, v.public_id"), shop))
    assert page.locator(f"a[href='/admin/field/{rows[OBJECTED]}/']").count() == 1

    owner = visit("ar", viewport=PHONE, storage_state=signed_in(OWNER))
    _object(owner, rows[OBJECTED])
    _settle(owner, rows[SETTLED])
    assert owner.wrongs() == [] and owner.foreign_requests() == []


def _seen(page: Any, stack: Stack, shop: str) -> int:
    page.wait_for_timeout(100)  # the browser's own events are handled while something of it is awaited
    return int(stack.sql(OF_SHOP.format(what="count(*)"), shop)[0][0])


def _state(stack: Stack, violation: str) -> str:
    return str(stack.sql("SELECT state FROM violations_violation WHERE public_id = %s", violation)[0][0])


def _open(owner: Visitor, violation: str) -> None:
    """From the person's own list to the page of one, which serves its notice."""
    served = "SELECT count(*) FROM violations_service s JOIN violations_violation v ON v.id = s.violation_id WHERE v.public_id = %s"
    assert owner.stack.sql(served, violation) == [(0,)]
    owner.go("violations/mine/")
    owner.page.locator(f"main a[href='/ar/violations/{violation}/']").click()
    owner.arrive(f"/violations/{violation}/$")
    assert axe(owner.page) == [] and overhang(owner.page) == 0
    assert owner.stack.sql(served, violation) == [(1,)]


def _object(owner: Visitor, violation: str) -> None:
    page = owner.page
    _open(owner, violation)
    page.locator(f"a[href$='/{violation}/object/']").click()
    owner.arrive("/object/$")
    page.check("input[name=ground][value=facts_wrong]")
    page.fill("#id_words", "الأكياس ليست لنا.")
    page.click("#form button.kp-btn--fill")
    owner.arrive("^/ar/cases/[^/]+/$")
    assert axe(page) == [] and overhang(page) == 0
    home, elsewhere = owner.stack.sql(
        "SELECT v.branch_id, c.branch_id FROM violations_violation v JOIN violations_objection o ON o.violation_id = v.id"
        " JOIN cases_case c ON c.id = o.case_id WHERE v.public_id = %s",
        violation,
    )[0]
    assert home != elsewhere and _state(owner.stack, violation) == "objected"


def _settle(owner: Visitor, violation: str) -> None:
    page = owner.page
    _open(owner, violation)
    page.locator(f"a[href$='/{violation}/pay/']").click()
    owner.arrive(f"/violations/{violation}/pay/$")
    assert "5.000" in owner.main()
    page.click("#form button.kp-btn--fill")
    owner.arrive("^/ar/pay/[^/]+/$")
    page.locator("main form button.kp-btn--fill").click()
    page.wait_for_url(f"{owner.stack.knet_url}/kpg/**")
    page.click("button[name=result][value=CAPTURED]")
    owner.arrive("^/pay/r/")
    page.wait_for_selector("main h1:text-is('مدفوع')")
    wait_until(lambda: _state(owner.stack, violation) == "paid", PATIENCE * 2, "the violation to be settled")
    owner.go(f"violations/{violation}/")
    assert "مدفوع" in owner.main()

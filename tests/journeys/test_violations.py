"""From the pavement to the bank: an inspector without a line; owners who correct, settle, pay much at once, object and win."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys import changed_shop, fines
from tests.journeys.field import Field, open_own, pay_at_bank, settle, state_of
from tests.journeys.measurements import axe, overhang
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
OWNERS = {"ar": "Marisa Buncay", "en": "Dalal Al-Sadaf"}
PAYING, FREED = {"ar": "Mahmoud Al-Nakhlawi", "en": "Josel Dalatan"}, {"ar": "George Al-Lawzi", "en": "Imran Darwel"}
FREE_SECONDS = 60  # from the payment to the end of the stop
OBJECTED, SETTLED = "CLN-03", "CLN-01"
OF_SHOP = "SELECT {what} FROM violations_violation v JOIN shops_shop s ON s.id = v.shop_id WHERE s.public_id = %s"


@dataclass(frozen=True)
class Words:
    """What a reader of one language must find."""

    corrected: str
    upheld: str
    stopped: str


WORDS = {
    "ar": Words("صُححت", "ملغاة", "لم يُدفع"),
    "en": Words("Put right", "Annulled", "is unpaid"),
}
CODES = pytest.mark.parametrize("code", ["ar", "en"])


@CODES
def test_minutes_written_without_a_line_arrive_once_and_their_owner_objects_to_one_and_settles_the_other(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], code: str
) -> None:
    """The inspector writes in Arabic, the language of the staff's pages; `code` is the owner's."""
    name = OWNERS[code]
    (shop,) = _shops(stack, name, 1)
    inspector = Field(visit("ar", viewport=PHONE), shop)
    page = inspector.page
    inspector.visitor.go("/admin/field/shop/")
    page.fill("#q", inspector.number)
    page.click("[role=search] button")
    inspector.visitor.arrive(f"/admin/field/shop/{shop}/$")
    assert axe(page) == [] and overhang(page) == 0
    inspector.visitor.go("/admin/field/new/")
    assert axe(page) == [] and overhang(page) == 0
    inspector.visitor.context.set_offline(True)
    waiting = page.locator("[data-field-entries] li")
    for count, offence in enumerate((OBJECTED, SETTLED), 1):
        inspector.write(offence)
        waiting.nth(count - 1).wait_for()
    assert stack.sql(OF_SHOP.format(what="count(*)"), shop) == [(0,)], "nothing has left the phone"
    inspector.visitor.context.set_offline(False)
    for left in (2, 1):
        inspector.confirm(left, of=stack.sql("SELECT name_ar FROM shops_shop WHERE public_id = %s", shop)[0][0])
    wait_until(lambda: _seen(page, stack, shop) == 2, PATIENCE * 2, "both minutes to arrive once they are confirmed")
    inspector.visitor.go("/admin/field/")
    page.wait_for_selector("[data-field-queue]", state="hidden")
    assert _seen(page, stack, shop) == 2, "none came twice"
    rows = dict(stack.sql(OF_SHOP.format(what="v.offence, v.public_id"), shop))
    expect(page.locator(f"a[href='/admin/field/{rows[OBJECTED]}/']")).to_have_count(1)

    owner = visit(code, viewport=PHONE, storage_state=signed_in(name))
    _object(owner, rows[OBJECTED])
    settle(owner, rows[SETTLED])
    assert owner.wrongs() == [] and owner.foreign_requests() == []


def _seen(page: Any, stack: Stack, shop: str) -> int:
    page.wait_for_timeout(100)  # the browser's own events are handled while something of it is awaited
    return int(stack.sql(OF_SHOP.format(what="count(*)"), shop)[0][0])


def _object(owner: Visitor, violation: str) -> None:
    page = owner.page
    open_own(owner, violation)
    page.locator(f"a[href$='/{violation}/object/']").click()
    owner.arrive("/object/$")
    page.check("input[name=ground][value=facts_wrong]")
    page.fill("#id_words", "الأكياس ليست لنا.")
    page.click("#form button.kp-btn--fill")
    owner.arrive(f"^/{owner.code}/cases/[^/]+/$")
    assert axe(page) == [] and overhang(page) == 0
    home, elsewhere = owner.stack.sql(
        "SELECT v.branch_id, c.branch_id FROM violations_violation v JOIN violations_objection o ON o.violation_id = v.id"
        " JOIN cases_case c ON c.id = o.case_id WHERE v.public_id = %s",
        violation,
    )[0]
    assert home != elsewhere and state_of(owner.stack, violation) == "objected"


# --- Owners, in both languages, on a phone ---------------------------------------------------------------------------------------


def _shops(stack: Stack, owner: str, count: int) -> list[str]:
    return [shop["id"] for shop in changed_shop.shops_of(stack, {owner: count})[owner]]


@CODES
def test_three_fines_and_a_licence_are_one_payment_with_a_receipt_each(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], code: str
) -> None:
    owner = PAYING[code]
    first, second = _shops(stack, owner, 2)
    rows = [fines.of(stack, "written", first, offence) for offence in ("CLN-01", "CLN-03")]
    rows.append(fines.of(stack, "judged", second, "CLN-03"))
    visitor = visit(code, viewport=PHONE, storage_state=signed_in(owner))
    page = visitor.go(f"health-licence/{first}/renew/")
    page.check("input[name=declared]")
    page.click("#form button.kp-btn--fill")
    visitor.arrive(f"^/{code}/pay/[^/]+/$")
    bill = visitor.here().rstrip("/").rsplit("/", 1)[-1]

    visitor.go("basket/")
    assert axe(page) == [] and overhang(page) == 0
    wanted = [f"bill:{bill}:", *(f"due:violations.sum:{row['id']}:" for row in rows)]
    for box in page.locator("input[name=item]").all():
        box.set_checked(any(str(box.get_attribute("value")).startswith(line) for line in wanted))
    page.wait_for_selector(".kp-paybar__sum:has-text('235.000')")
    expect(page.locator("input[name=item]:checked")).to_have_count(4)
    assert "235.000" in visitor.main(), "10 for the licence, 5, 100 and the court's 120"
    page.locator("#basket button[name=step][value=pay]").click()
    pay_at_bank(visitor)
    receipts = page.locator("main a[href*='/receipts/RCT-']")
    visitor.look_until(lambda: receipts.count() == 4, PATIENCE * 2, "a receipt for each")
    assert axe(page) == [] and overhang(page) == 0
    for row in rows:
        wait_until(lambda row=row: state_of(stack, row["id"]) == "paid", PATIENCE * 2, "each violation to be settled")  # type: ignore[misc]
    ((attempts, lines, sums, whole),) = stack.sql(
        "SELECT count(DISTINCT t.id), count(*), sum(a.fils), min(t.fils) FROM payments_allocation a"
        " JOIN payments_attempt t ON t.id = a.attempt_id WHERE a.is_settled AND t.id IN (SELECT x.attempt_id FROM payments_allocation x"
        " JOIN payments_bill b ON b.id = x.bill_id WHERE b.public_id = %s)",
        bill,
    )
    assert (attempts, lines, int(sums), int(whole)) == (1, 4, 235_000, 235_000), "one payment, told apart to the fils"
    issued = "SELECT count(*) FROM licensing_healthlicence l JOIN shops_shop s ON s.id = l.shop_id WHERE s.public_id = %s"
    wait_until(lambda: stack.sql(issued, first) == [(2,)], PATIENCE * 4, "the licence to be issued")
    assert visitor.wrongs() == [] and visitor.foreign_requests() == []


@CODES
def test_an_owner_puts_right_what_was_warned_of_and_owes_nothing(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], code: str
) -> None:
    owner = PAYING[code]
    (shop,) = _shops(stack, owner, 1)
    row = fines.of(stack, "written", shop, "SHP-04")
    visitor = visit(code, viewport=PHONE, storage_state=signed_in(owner))
    page = visitor.go(f"violations/{row['id']}/")
    assert axe(page) == [] and overhang(page) == 0
    page.locator(f"a[href$='/{row['id']}/correct/']").click()
    visitor.arrive("/correct/$")
    changed_shop.attach(visitor, "correction", changed_shop.picture(f"put right {code}"), "/correct/$")
    assert axe(page) == [] and overhang(page) == 0

    inspector = Field(visit("ar", viewport=PHONE), shop)
    inspector.visitor.go("/admin/field/")
    inspector.page.locator(f"#proofs ~ ul a[href='/admin/field/{row['id']}/']").click()
    inspector.visitor.arrive(f"/admin/field/{row['id']}/$")
    inspector.page.locator("button[name=step][value=accept]").click()
    inspector.page.wait_for_selector(".messagelist")
    assert state_of(stack, row["id"]) == "corrected"
    visitor.go(f"violations/{row['id']}/")
    assert WORDS[code].corrected in visitor.main()
    assert visitor.wrongs() == [] and inspector.visitor.wrongs() == []


@CODES
def test_an_owner_objects_and_wins(stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], code: str) -> None:
    owner = PAYING[code]
    (shop,) = _shops(stack, owner, 1)
    row = fines.of(stack, "written", shop, "CLN-03")
    visitor = visit(code, viewport=PHONE, storage_state=signed_in(owner))
    _object(visitor, row["id"])
    fines.of(stack, "uphold", row["id"])
    assert state_of(stack, row["id"]) == "annulled"
    page = visitor.go(f"violations/{row['id']}/")
    assert WORDS[code].upheld in visitor.main()
    assert axe(page) == [] and overhang(page) == 0
    visitor.go("basket/")
    assert row["reference"] not in visitor.main(), "nothing of it is owed"
    assert visitor.wrongs() == []


@CODES
def test_an_unpaid_order_stops_a_renewal_and_payment_frees_it(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], code: str
) -> None:
    """The order was not paid in its days, the court set the sum; the renewal waits for it, and goes on within a minute of the payment."""
    owner = FREED[code]
    (shop,) = _shops(stack, owner, 1)
    row = fines.of(stack, "judged", shop, "CLN-03")
    visitor = visit(code, viewport=PHONE, storage_state=signed_in(owner))
    page = visitor.go(f"health-licence/{shop}/renew/")
    assert WORDS[code].stopped in visitor.main() and row["reference"] in visitor.main()
    expect(page.locator("#form"), "no renewal while it is owed").to_have_count(0)
    assert axe(page) == [] and overhang(page) == 0

    page.locator(f".kp-stop a.kp-btn--fill[href*='/{row['id']}/pay/']").click()
    visitor.arrive("/pay/$")
    page.click("#form button.kp-btn--fill")
    pay_at_bank(visitor)
    paid = time.monotonic()
    page.locator(f"main a.kp-btn--fill[href$='/health-licence/{shop}/renew/']").click()
    visitor.arrive("/renew/$")
    visitor.look_until(lambda: page.locator("#form").count() == 1, PATIENCE * 2, "the renewal to be free")
    assert time.monotonic() - paid < FREE_SECONDS
    assert WORDS[code].stopped not in visitor.main()
    page.check("input[name=declared]")
    page.click("#form button.kp-btn--fill")
    visitor.arrive(f"^/{code}/pay/[^/]+/$")
    assert visitor.wrongs() == [] and visitor.foreign_requests() == []

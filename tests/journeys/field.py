"""An inspector with the form of a minute on a phone, and the party who opens its notice and settles it."""

from __future__ import annotations

from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.staff import enter
from tests.journeys.visitor import PATIENCE, Visitor
from tools.stack.running import Stack, wait_until

PAID = {"ar": "مدفوع", "en": "Paid"}


class Field:
    """The inspector whom a shop belongs to, on a phone; `login` is another one, who may act there too."""

    def __init__(self, visitor: Visitor, shop: str, login: str = "") -> None:
        self.visitor, self.page = visitor, visitor.page
        ((branch, womens, self.number),) = visitor.stack.sql(
            "SELECT s.branch_id, a.is_womens, s.commercial_license_no FROM shops_shop s"
            " JOIN rulebook_activity a ON a.code = s.activity_id WHERE s.public_id = %s",
            shop,
        )
        enter(visitor, login or f"inspector{'2' if womens else ''}.{branch.lower()}")

    def write(self, offence: str) -> None:
        """Fill the form of a minute in and press the button."""
        page = self.page
        page.fill("#id_shop_no", self.number)
        page.click("#step-shop .kp-desk-main")
        page.set_input_files("#photos", [{"name": "front.jpg", "mimeType": "image/jpeg", "buffer": changed_shop.picture(offence)}])
        page.click("#step-photos .kp-desk-main")
        assert axe(page) == [] and overhang(page) == 0
        page.check(f"#step-offence [name=offence][value={offence}]")
        page.click("#step-offence .kp-desk-main")
        page.check("#step-end [name=signed][value=absent]")
        page.click("#step-end button.kp-desk-main")

    def confirm(self, left: int, *, of: str) -> None:
        """Confirm the first of the violation reports that wait for it, `left` with this one."""
        page = self.page
        waiting = page.locator("[data-field-entries] li").filter(has_text="بانتظار التأكيد")
        page.wait_for_function("(left) => document.querySelectorAll('[data-field-entries] li').length === left", arg=left)
        waiting.first.get_by_role("button").first.click()
        page.locator("dialog[open]").filter(has_text=of).wait_for()
        assert axe(page) == [] and overhang(page) == 0
        page.click("[data-field-issue]")


def state_of(stack: Stack, violation: str) -> str:
    return str(stack.sql("SELECT state FROM violations_violation WHERE public_id = %s", violation)[0][0])


def open_own(owner: Visitor, violation: str) -> None:
    """From the person's own list to one, whose notice is served by the button that says so and not by looking."""
    served = "SELECT count(*) FROM violations_service s JOIN violations_violation v ON v.id = s.violation_id WHERE v.public_id = %s"
    assert owner.stack.sql(served, violation) == [(0,)]
    owner.go("violations/mine/")
    owner.page.locator(f"main a[href='/{owner.code}/violations/{violation}/']").click()
    owner.arrive(f"/violations/{violation}/$")
    assert axe(owner.page) == [] and overhang(owner.page) == 0
    assert owner.stack.sql(served, violation) == [(0,)]
    owner.page.click("#form button.kp-btn--fill")
    owner.arrive(f"/violations/{violation}/$")
    assert axe(owner.page) == [] and overhang(owner.page) == 0
    assert owner.stack.sql(served, violation) == [(1,)]


def settle(owner: Visitor, violation: str) -> None:
    page = owner.page
    open_own(owner, violation)
    page.locator(f"a[href$='/{violation}/pay/']").click()
    owner.arrive(f"/violations/{violation}/pay/$")
    assert "5.000" in owner.main()
    page.click("#form button.kp-btn--fill")
    pay_at_bank(owner)
    wait_until(lambda: state_of(owner.stack, violation) == "paid", PATIENCE * 2, "the violation to be settled")
    owner.go(f"violations/{violation}/")
    assert PAID[owner.code] in owner.main()


def pay_at_bank(owner: Visitor) -> None:
    """Pay on the bank's page and come back."""
    owner.page.wait_for_url(f"{owner.stack.knet_url}/kpg/**")
    owner.page.click("button[name=result][value=CAPTURED]")
    owner.arrive("^/pay/r/")
    owner.page.wait_for_selector(".kp-panel[data-step^=paid]")

"""A delegate objects to one violation of a shop for its owner, and is refused at the next step once the owner revokes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from municipality.kernel import clock
from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.people import identity
from tests.journeys.visitor import DESKTOP, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
OWNER, DELEGATE = "Asmaa Al-Sheraa", "Hassan Al-Kous"
OBJECTED, PAYABLE = "CLN-03", "CLN-01"


@pytest.fixture(scope="module")
def shop(stack: Stack) -> str:
    """A shop with two minutes."""
    found = changed_shop.shops_of(stack, {OWNER: 1})[OWNER].pop()["id"]
    for offence in (OBJECTED, PAYABLE):
        changed_shop.at_desk(stack, f"violation_report('{found}', '{offence}')")
    return found


def _of(stack: Stack, shop: str, offence: str) -> str:
    rows = stack.sql(
        "SELECT v.public_id FROM violations_violation v JOIN shops_shop s ON s.id = v.shop_id WHERE s.public_id = %s AND v.offence = %s",
        shop,
        offence,
    )
    return str(rows[0][0])


def test_a_delegate_objects_for_the_owner_and_pays_nothing_more_once_revoked(
    stack: Stack, shop: str, visit: Callable[..., Visitor]
) -> None:
    """The owner reads English on a desktop without scripts, the delegate Arabic on a phone with them."""
    objected, payable = _of(stack, shop, OBJECTED), _of(stack, shop, PAYABLE)
    number = identity(DELEGATE).civil_id
    owner = visit("en", viewport=DESKTOP, java_script_enabled=False)
    owner.sign_in(identity(OWNER).civil_id)
    for violation in (objected, payable):
        owner.go(f"violations/{violation}/")
        owner.page.click("#form button.kp-btn--fill")  # opens its notice
        owner.arrive(f"/violations/{violation}/$")
    page = owner.go(f"delegations/give/?for=shop:{shop}")
    page.select_option("#id_service", "violations.objection")
    page.fill("#id_civil_id", number)
    page.fill("#id_last_day", (clock.today() + dt.timedelta(days=30)).isoformat())
    page.click("#form p > button.kp-btn--fill")
    owner.arrive("/delegations/[a-z0-9]{26}/$")
    delegation = owner.here().rstrip("/").rsplit("/", 1)[-1]

    delegate = visit("ar", viewport=PHONE)
    delegate.sign_in(number, then="delegations/")
    page = delegate.go(f"violations/{objected}/")
    assert delegate.pages_with_status[page.url] == 404, "an offer opens nothing"
    page = delegate.go(f"delegations/{delegation}/accept/")
    page.click("main form button")
    delegate.arrive(f"/delegations/{delegation}/$")
    page = delegate.go("violations/mine/")
    assert "بتفويض، عن" in delegate.main() and overhang(page) == 0 and axe(page) == []
    page.click(f"main a[href='/ar/violations/{objected}/']")
    delegate.arrive(f"/violations/{objected}/$")
    assert "تصرف بموجب تفويض" in delegate.main() and axe(page) == [] and overhang(page) == 0
    expect(page.locator(f"a[href$='/{objected}/not-mine/']"), "what speaks of the party's own person is closed").to_have_count(0)
    page.click(f"a[href$='/{objected}/object/']")
    delegate.arrive("/object/$")
    page.check("input[name=ground][value=facts_wrong]")
    page.fill("#id_words", "الأكياس ليست للمحل.")
    page.click("#form p > button.kp-btn--fill")
    delegate.arrive("^/ar/cases/[^/]+/$")
    assert axe(page) == [] and overhang(page) == 0
    ((state, applicant, actor),) = stack.sql(
        "SELECT v.state, a.name_en, b.name_en FROM violations_violation v JOIN violations_objection o ON o.violation_id = v.id"
        " JOIN cases_case c ON c.id = o.case_id JOIN accounts_user a ON a.id = c.applicant_id"
        " JOIN cases_caseevent e ON e.subject_id = c.id AND e.move = 'send' AND e.actor_role = 'delegate'"
        " JOIN accounts_user b ON e.actor_key = 'person:' || b.public_id WHERE v.public_id = %s",
        objected,
    )
    assert (state, applicant, actor) == ("objected", OWNER, DELEGATE)
    owner.go("my-requests/")
    expect(owner.page.locator(f"a[href$='{delegate.here().rstrip('/').rsplit('/', 1)[-1]}/']"), "the matter is the owner's").to_have_count(
        1
    )

    # The form of the other one is open while the owner revokes, on a device of her own.
    page = delegate.go(f"violations/{payable}/pay/")
    assert "5.000" in delegate.main() and "تصرف بموجب تفويض" in delegate.main()
    mine = owner.go(f"delegations/{delegation}/revoke/")
    mine.click("main form button")
    owner.arrive(f"/delegations/{delegation}/$")
    page.click("#form button.kp-btn--fill")
    page.wait_for_load_state()
    assert "ألغى صاحب المحل تفويضك" in delegate.main() and axe(page) == [] and overhang(page) == 0
    assert delegate.pages_with_status[page.url] == 403
    assert stack.sql("SELECT count(*) FROM payments_bill WHERE subject = %s", f"violation:{payable}") == [(0,)]
    page = delegate.go("violations/mine/")
    assert payable not in page.content() and objected not in page.content()
    assert owner.wrongs() == [] and delegate.wrongs() == []
    assert owner.foreign_requests() == [] and delegate.foreign_requests() == []

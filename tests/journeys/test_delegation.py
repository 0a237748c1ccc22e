"""A delegation between two browsers: offered, accepted, and revoked while the delegate has a form open. Arabic phone, English desktop."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest

from municipality.kernel import clock
from tests.journeys.changed_shop import shops_of
from tests.journeys.measurements import axe, overhang
from tests.journeys.people import identity
from tests.journeys.simulators import text_messages
from tests.journeys.staff import enter
from tests.journeys.visitor import DESKTOP, PHONE, Visitor
from tools.stack.running import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
GIVERS = {"ar": "Aisha Al-Nada", "en": "Nasser Al-Bandar"}
HELPED = "Ghanima Al-Khuzama"
DELEGATES = {"ar": "Meshal Al-Talh", "en": "Dawood Al-Rimth"}
WORDS = {
    "ar": {"for": "تصرف بموجب تفويض", "over": "ألغى صاحب المحل تفويضك", "ended": "ملغى"},
    "en": {"for": "You act by delegation", "over": "The owner revoked your delegation", "ended": "Revoked"},
}


@pytest.fixture(scope="module")
def shops(stack: Stack) -> dict[str, list[dict[str, str]]]:
    owners = dict.fromkeys([*GIVERS.values(), HELPED], 1)
    return shops_of(stack, owners)


@pytest.mark.parametrize("code", ["ar", "en"], ids=["arabic-phone", "english-desktop"])
def test_a_delegate_whose_form_is_open_is_refused_the_moment_the_owner_revokes(
    stack: Stack, shops: dict[str, list[dict[str, str]]], visit: Callable[..., Visitor], code: str
) -> None:
    """The delegate reads `code`; the owner reads the other language on the other kind of device."""
    other = "en" if code == "ar" else "ar"
    views = {"ar": PHONE, "en": DESKTOP}
    shop = shops[GIVERS[code]][0]
    delegate_number = identity(DELEGATES[code]).civil_id
    owner = visit(other, viewport=views[other], java_script_enabled=other == "en")
    owner.sign_in(identity(GIVERS[code]).civil_id)
    page = owner.go(f"delegations/give/?for=shop:{shop['id']}")
    assert overhang(page) == 0
    page.click("#form p > button.kp-btn--fill")  # with nothing filled in
    page.wait_for_selector(".kp-errors")
    page.fill("#id_civil_id", delegate_number)
    page.select_option("#id_service", "licensing.renewal")
    page.fill("#id_last_day", (clock.today() + dt.timedelta(days=30)).isoformat())
    page.click("#form p > button.kp-btn--fill")
    owner.arrive("/delegations/[a-z0-9]{26}/$")
    delegation = owner.here().rstrip("/").rsplit("/", 1)[-1]
    if owner.scripts:
        assert axe(page) == []
    delegate = visit(code, viewport=views[code])
    delegate.sign_in(delegate_number, then="delegations/")
    page = delegate.page
    assert axe(page) == [] and overhang(page) == 0
    page.click(f"a[href$='/delegations/{delegation}/accept/']")
    delegate.arrive("/accept/$")
    page.click("main form button")
    delegate.arrive(f"/delegations/{delegation}/$")
    page = delegate.my_shops(shop["id"])
    page.click(f"a[href$='/health-licence/{shop['id']}/renew/']")
    delegate.arrive("/renew/$")
    assert WORDS[code]["for"] in delegate.main() and axe(page) == [] and overhang(page) == 0
    page.check("#id_declared")
    # Meanwhile, on the owner's own device:
    mine = owner.go(f"delegations/{delegation}/revoke/")
    mine.click("main form button")
    owner.arrive(f"/delegations/{delegation}/$")
    assert WORDS[other]["ended"] in owner.main()
    page.click("#form button.kp-btn--fill")
    page.wait_for_load_state()
    assert WORDS[code]["over"] in delegate.main() and axe(page) == [] and overhang(page) == 0
    assert delegate.pages_with_status[page.url] == 403
    assert stack.sql("SELECT count(*) FROM cases_case WHERE subject = %s", f"shop:{shop['id']}")[0][0] == 0
    page = delegate.my_shops(shop["id"])
    assert shop["id"] not in page.content()
    names = stack.sql(
        "SELECT u.name_en, e.move FROM delegation_delegationevent e JOIN delegation_delegation d ON d.id = e.subject_id"
        " JOIN accounts_user u ON e.actor_key = 'person:' || u.public_id WHERE d.public_id = %s ORDER BY e.id",
        delegation,
    )
    assert [tuple(row) for row in names] == [(DELEGATES[code], "accept"), (GIVERS[code], "revoke")]
    assert owner.wrongs() == [] and delegate.wrongs() == []


def test_the_counter_files_a_renewal_with_the_code_from_the_persons_phone_and_the_person_reads_who_did_what(
    stack: Stack, shops: dict[str, list[dict[str, str]]], visit: Callable[..., Visitor]
) -> None:
    shop, person = shops[HELPED][0], identity(HELPED)
    clerk = visit("ar")
    enter(clerk, "counter")
    page = clerk.go("my-shops/")
    assert clerk.pages_with_status[page.url] == 403  # nothing without a code
    page = clerk.go("assist/")
    assert axe(page) == []
    page.fill("#id_civil_id", person.civil_id)
    page.select_option("#id_purpose", "licensing.renewal")
    page.click("#form p > button.kp-btn--fill")
    clerk.arrive("/assist/[a-z0-9]{26}/$")
    assert axe(page) == []
    found: list[str] = []

    def arrived() -> bool:
        found[:] = [m[1] for text in text_messages(stack, person.mobile) if (m := re.search(r"الرمز (\d{6})", text))]
        return bool(found)

    wait_until(arrived, 60, "the code")
    page.fill("#id_code", f"{(int(found[-1]) + 1) % 1_000_000:06d}")
    page.click("#form p > button.kp-btn--fill")
    page.wait_for_selector(".kp-errors")
    page.fill("#id_code", found[-1])
    page.click("#form p > button.kp-btn--fill")
    clerk.arrive("/my-shops/$")
    assert axe(page) == [] and page.locator("[data-assisted]").count() == 1
    clerk.my_shops(shop["id"])
    page.click(f"a[href$='/health-licence/{shop['id']}/renew/']")
    clerk.arrive("/renew/$")
    page.check("#id_declared")
    page.click("#form button.kp-btn--fill")
    clerk.arrive("/cases/[^/]+/$")
    case = clerk.here().rstrip("/").rsplit("/", 1)[-1]
    assert "يدفع صاحب الشأن" in clerk.main() and axe(page) == []
    page.click("[data-assisted] button")
    clerk.arrive("/assist/$")
    page = clerk.go(f"cases/{case}/")
    assert clerk.pages_with_status[page.url] == 403
    owner = visit("ar", viewport=PHONE)
    owner.sign_in(person.civil_id, then=f"cases/{case}/")
    seen = owner.main()
    assert "بمساعدة موظف" in seen and "موظف في" in seen and "غدير المرساة" not in seen
    looked = owner.go("profile/looks/")
    assert "المساعدة عند الشباك برمز صاحب الشأن" in owner.main() and axe(looked) == [] and overhang(looked) == 0
    told = owner.go("messages/")
    assert "خطوة أُنجزت نيابة عنك" in told.locator("main").inner_text()
    assert owner.wrongs() == [] and clerk.wrongs() == []

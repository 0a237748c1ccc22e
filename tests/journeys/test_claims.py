"""A shop is claimed: refused by two people with a sealed paper, granted by documents, and passed at once where the register says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.officers import Desk, answer_yes, download, propose, text_of, until_this
from tests.journeys.people import identity
from tests.journeys.visitor import DESKTOP, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
HOLDER = "Abeer Al-Sahel"
CLAIMANTS = {"ar": "Faisal Al-Bairaq", "en": "Loulwa Al-Murjan"}
DRAWN_UP = 90  # seconds until a paper is sealed
NOTE = ("العقد بلا توقيع البائع.", "The seller did not sign the contract.")


@dataclass(frozen=True)
class Words:
    """What a reader of one language must find."""

    refused: str
    kind: str
    matched: str


WORDS = {
    "ar": Words("رُفض الطلب", "قرار رفض طلب", "السجل التجاري"),
    "en": Words("The request is refused", "Decision refusing a request", "commercial register"),
}


@pytest.fixture(scope="module")
def shops(stack: Stack) -> list[dict[str, str]]:
    """Shops that stand under somebody else; each test takes three."""
    return changed_shop.shops_of(stack, {HOLDER: 6})[HOLDER]


def _number(stack: Stack, shop: str) -> str:
    return str(stack.sql("SELECT commercial_license_no FROM shops_shop WHERE public_id = %s", shop)[0][0])


def _find(claimant: Visitor, number: str) -> None:
    """By the number of its commercial licence, with one mistake on the way."""
    page = claimant.go("claims/")
    assert overhang(page) == 0
    page.click("#form p > button.kp-btn--fill")
    page.wait_for_selector(".kp-errors")
    page.fill("#id_number", number)
    page.click("#form p > button.kp-btn--fill")


def _send(claimant: Visitor, number: str, statement: str) -> str:
    """A claim with a document, to an officer; the public id of its case."""
    _find(claimant, number)
    page = claimant.arrive("/claims/[a-z0-9]{26}/$")
    if claimant.scripts:
        assert axe(page) == []
    assert overhang(page) == 0
    page.fill("#id_statement", statement)
    page.click("#form p > button.kp-btn--fill")  # without a document
    page.wait_for_selector("[role=alert]")
    assert page.input_value("#id_statement") == statement, "what was typed is kept"
    changed_shop.attach(claimant, "ownership", changed_shop.picture(f"contract {number}"), "/claims/[a-z0-9]{26}/$")
    page.fill("#id_statement", statement)
    page.click("#form p > button.kp-btn--fill")
    claimant.arrive("/cases/[^/]+/$")
    return claimant.here().rstrip("/").rsplit("/", 1)[-1]


def _holds(claimant: Visitor, shop: str) -> bool:
    return f"/{shop}/" in claimant.my_shops(shop).content()


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["arabic-phone-scripts", "english-desktop-noscript"])
def test_a_claim_is_refused_on_paper_another_granted_and_a_third_matches_the_register_at_once(
    stack: Stack,
    shops: list[dict[str, str]],
    visit: Callable[..., Visitor],
    signed_in: Callable[[str], Any],
    tmp_path: Path,
    code: str,
    scripts: bool,
) -> None:
    words, name = WORDS[code], CLAIMANTS[code]
    view = PHONE if code == "ar" else DESKTOP
    claimant = visit(code, java_script_enabled=scripts, storage_state=signed_in(name), viewport=view)
    staff = [_refused(claimant, visit, shops.pop()["id"], words, tmp_path), _granted(claimant, visit, signed_in, shops.pop()["id"])]
    claimant.context.add_cookies(signed_in(name)["cookies"])  # a shop is taken with a fresh proof
    _matched(claimant, shops.pop()["id"], identity(name).civil_id, words, tmp_path)
    for walker in (claimant, *(one for several in staff for one in several)):
        assert walker.wrongs() == []
        assert walker.foreign_requests() == []


def _refused(claimant: Visitor, visit: Callable[..., Visitor], shop: str, words: Words, folder: Path) -> list[Visitor]:
    """Refused with a coded reason and a second signature; the sealed paper arrives, and anybody may check it."""
    stack, page = claimant.stack, claimant.page
    case = _send(claimant, _number(stack, shop), "اشتريت المحل في يناير.")
    officer, supervisor = Desk(visit("ar"), stack, case), Desk(visit("ar"), stack, case, "supervisor")
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")
    officer.next()
    assert "اشتريت المحل في يناير" in officer.page.locator(".kp-casefacts").inner_text()
    propose(officer, "ownership_not_shown", *NOTE)
    claimant.go(f"cases/{case}/")
    assert words.refused not in claimant.main(), "one person refuses nothing"
    signing = supervisor.visitor.go("/admin/desk/sign/")
    until_this(supervisor)
    assert NOTE[1] in signing.locator(".kp-desk-letter[lang=en]").inner_text()
    answer_yes(signing)
    signing.keyboard.press("1")
    signing.click("button[name=step][value=sign]")
    signing.wait_for_selector(".messagelist .success")
    claimant.go(f"cases/{case}/")
    claimant.look_until(lambda: page.locator("a[href^='/documents/CRF-']").count() > 0, DRAWN_UP, "the decision to be sealed")
    assert words.refused in claimant.main() and overhang(page) == 0
    if claimant.scripts:
        assert axe(page) == []
    text = text_of(download(claimant, "a[href^='/documents/CRF-']", folder))
    told = " ".join(text.split())
    assert NOTE[1] in told and "Claim of a shop" in told and "How to appeal" in told
    assert not _holds(claimant, shop), "the shop stays with its holder"
    typed = re.search(r"(?:[0-9A-Z]{5} ){3}[0-9A-Z]{5}", text)
    assert typed
    anybody = visit(claimant.code, viewport=PHONE)
    anybody.go("")
    checked = anybody.go(f"/verify/{typed[0].replace(' ', '')}").content()
    assert words.kind in anybody.main()
    names = stack.sql(
        "SELECT u.name_ar, u.name_en FROM accounts_user u JOIN cases_case c ON c.applicant_id = u.id WHERE c.public_id = %s", case
    )
    assert all(one not in checked for one in names[0]), "nobody is named to whoever checks"
    return [officer.visitor, supervisor.visitor, anybody]


def _granted(claimant: Visitor, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], shop: str) -> list[Visitor]:
    """By documents: the holder answers, an officer approves, another person signs; then the shop stands in the claimant's list."""
    stack = claimant.stack
    case = _send(claimant, _number(stack, shop), "I bought the shop in March.")
    assert not _holds(claimant, shop)
    officer, supervisor = Desk(visit("ar"), stack, case), Desk(visit("ar"), stack, case, "supervisor")
    holder = visit("ar", storage_state=signed_in(HOLDER), viewport=PHONE)
    page = holder.go(f"claims/{case}/dispute/")
    page.fill("textarea[name=dispute]", "لم أبع المحل لأحد.")
    page.click("form#form button.kp-btn--fill")
    holder.arrive("/my-shops/$")
    changed_shop.at_desk(stack, f"first_for('{case}', '{officer.login}')")
    officer.next()
    officer.check_all()
    officer.page.keyboard.press("1")
    officer.preview("approve")
    officer.send()
    assert not _holds(claimant, shop), "one person takes a shop from nobody"
    signing = supervisor.visitor.go("/admin/desk/sign/")
    until_this(supervisor)
    signing.keyboard.press("1")
    signing.click("button[name=step][value=sign]")
    signing.wait_for_selector(".messagelist .success")
    assert _holds(claimant, shop) and overhang(claimant.page) == 0
    return [officer.visitor, supervisor.visitor, holder]


def _matched(claimant: Visitor, shop: str, civil_id: str, words: Words, folder: Path) -> None:
    """The commercial register names the claimant: no document, no officer, no waiting."""
    stack, page = claimant.stack, claimant.page
    number = _number(stack, shop)
    owners = folder / "owners.csv"
    owners.write_text(f"commercial_license_no,civil_id\n{number},{civil_id}\n", encoding="utf8")
    stack.manage("load_registered_owners", str(owners))
    _find(claimant, number)
    page.wait_for_selector("main form[action*='/claims/shop/']")
    if claimant.scripts:
        assert axe(page) == []
    page.click("main form[action*='/claims/shop/'] button.kp-btn--fill")
    claimant.arrive("/cases/[^/]+/$")
    assert words.matched in claimant.main()
    assert _holds(claimant, shop)
    told = stack.sql(
        "SELECT count(*) FROM notifications_message m JOIN accounts_user u ON u.id = m.person_id"
        " JOIN cases_case c ON m.subject_key = 'case:' || c.public_id"
        " WHERE m.kind = 'shops.shop_claimed' AND u.name_en = %s AND c.subject = %s",
        HOLDER,
        f"shop:{shop}",
    )
    assert told[0][0] == 1, "the holder until now was told"

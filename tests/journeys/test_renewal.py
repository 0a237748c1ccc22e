"""A licence is renewed, paid, sealed and checked, in both languages, on phone and desktop, with and without JavaScript."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ViewportSize, expect

from municipality.documents import verification
from tests.journeys.conftest import RENEWING
from tests.journeys.people import identity
from tests.journeys.simulators import Bank, letters, text_messages
from tests.journeys.visitor import DESKTOP, PATIENCE, PHONE, Visitor
from tools.stack.running import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]

LICENCE_SECONDS = 60  # from the payment to the sealed licence


@dataclass(frozen=True)
class Words:
    """What a reader of one language must find."""

    error: str
    not_again: str
    paid: str
    nobody_looked: str
    kinds: tuple[str, ...]  # messages of the renewal, oldest first


WORDS = {
    "ar": Words("خطأ:", "عدم الدفع مرة أخرى", "مدفوع", "لم يطّلع أحد", ()),
    "en": Words("Error:", "not pay again", "Paid", "Nobody has opened it", ()),
}
WALKS = [
    pytest.param("ar", PHONE, True, "push", RENEWING[0], id="ar-phone-scripts-push"),
    pytest.param("ar", DESKTOP, False, "push", RENEWING[1], id="ar-desktop-noscript-push"),
    pytest.param("en", DESKTOP, True, "qr", RENEWING[2], id="en-desktop-scripts-qr"),
    pytest.param("en", PHONE, False, "push", RENEWING[3], id="en-phone-noscript-push"),
]


@pytest.mark.parametrize(("code", "viewport", "scripts", "channel", "owner"), WALKS)
def test_a_clean_licence_is_renewed_paid_sealed_and_checked(
    stack: Stack,
    bank: Bank,
    renewable: dict[str, list[dict[str, str]]],
    visit: Callable[..., Visitor],
    phone_of: Callable[..., Any],
    tmp_path: Path,
    code: str,
    viewport: ViewportSize,
    scripts: bool,
    channel: str,
    owner: str,
) -> None:
    words, shop, person = WORDS[code], renewable[owner].pop(), identity(owner)
    visitor = visit(code, viewport=viewport, java_script_enabled=scripts)
    page = visitor.go("")
    page.locator(f"main a[href^='/{code}/sign-in/']").first.click()
    visitor.arrive(rf"^/{code}/sign-in/$")

    phone = phone_of(owner, code)
    if channel == "push":
        page.fill("#id_civil_id", person.civil_id)
        page.click("#form button.kp-btn--fill")
        visitor.arrive("/sign-in/waiting/$")
        phone.answer("approve", page.locator(".kp-code b").inner_text().strip())
    else:
        page.click("button[name=channel][value=qr]")
        visitor.arrive("/sign-in/waiting/$")
        shown = re.search(r"[?&]qr=([^&]+)", page.locator("a[href*='/phone/']").get_attribute("href") or "")
        assert shown, "the page names the text of the code"
        phone.answer("approve", page.locator(".kp-code b").inner_text().strip(), qr=shown[1])
    visitor.arrive(rf"^/{code}/$")
    page.locator(f"header a[href='/{code}/my-shops/']").click()
    visitor.arrive(rf"^/{code}/my-shops/$")

    page.locator(f"a[href='/{code}/health-licence/{shop['id']}/renew/']").click()
    visitor.arrive("/renew/$")
    assert shop[code] in visitor.main()
    page.click("#form button.kp-btn--fill")
    page.wait_for_selector(".kp-errors")
    assert page.title().startswith(words.error)
    expect(page.locator(".kp-errors:focus")).to_have_count(1)
    expect(page.locator(".kp-errors li")).to_have_count(1)
    page.check("input[name=declared]")
    page.click("#form button.kp-btn--fill")

    visitor.arrive(rf"^/{code}/pay/[^/]+/$")
    assert "10.000" in visitor.main()
    bank.behave("slow_tranpipe:2")
    page.locator("main form button.kp-btn--fill").click()
    page.wait_for_url(f"{stack.knet_url}/kpg/**")
    page.click("button[name=result][value=CAPTURED]")
    paid = time.monotonic()
    visitor.arrive("^/pay/r/")
    assert words.not_again in visitor.main(), "until the bank has answered, nothing is called paid"
    page.wait_for_selector(".kp-panel[data-step^=paid]")
    page.wait_for_selector("main a[href*='/receipts/RCT-']")
    receipt = _download(visitor, "main a[href*='/receipts/RCT-']")
    assert _judged(receipt, stack).accepted

    page.locator("main a[href*='/cases/']").first.click()
    visitor.arrive(rf"^/{code}/cases/")
    visitor.look_until(lambda: page.locator("a[href^='/documents/HLT-']").count() > 0, PATIENCE * 2, "the licence to come")
    assert time.monotonic() - paid < LICENCE_SECONDS
    number = re.search(r"/documents/(HLT-.+)\.pdf", page.locator("a[href^='/documents/HLT-']").first.get_attribute("href") or "")
    assert number
    licence = _download(visitor, "a[href^='/documents/HLT-']")
    text = _valid_for_two_readers(licence, stack, tmp_path)
    assert number[1] in text
    typed = re.search(r"^(?:[0-9A-Z]{5} ){3}[0-9A-Z]{5}$", text, re.MULTILINE)
    assert typed, "the licence carries the code to type"

    assert words.nobody_looked in visitor.main()
    reference = page.locator("main .kp-lead .kp-ref").inner_text().strip()
    walked = stack.sql(
        "SELECT DISTINCT e.actor_role FROM cases_caseevent e JOIN cases_case c ON c.id = e.subject_id WHERE c.reference = %s", reference
    )
    assert {role for (role,) in walked} <= {"applicant", "person", "system"}

    anybody = visit(code, viewport=viewport, java_script_enabled=scripts)
    shown_page = anybody.go("")  # the check page takes the language last read
    shown_page.locator("footer a[href^='/verify/']").first.click()
    shown_page.fill("#id_code", typed[0])
    shown_page.click("#form button.kp-btn--fill")
    anybody.arrive("^/verify/.+")
    assert number[1] in anybody.main()
    assert shop[code] in anybody.main()
    expect(shown_page.locator(".kp-verdict h2 .kp-tag--ok, .kp-verdict h2 .kp-tag--wait")).to_have_count(1)
    source = shown_page.content()
    for private in (person.person.name_ar, person.person.name_en, person.civil_id, person.civil_id[-4:], person.email):
        assert private not in source, "the check page names nobody"

    visitor.go("messages/")
    page.wait_for_selector("main li")
    titles = page.locator("main li a").all_inner_texts()
    assert any(number[1] in title for title in titles)
    wait_until(lambda: any("10.000" in letter["Subject"] for letter in letters(stack, person.email)), PATIENCE, "the e-mail")
    wait_until(lambda: any(number[1] in told for told in text_messages(stack, person.mobile)), PATIENCE, "the text message")

    for walker in (visitor, anybody, phone.visitor):
        assert walker.foreign_requests() == []
        assert walker.wrongs() == []


def _download(visitor: Visitor, link: str) -> bytes:
    with visitor.page.expect_download() as coming:
        visitor.page.locator(link).first.click()
    return Path(coming.value.path()).read_bytes()


def _judged(pdf: bytes, stack: Stack) -> verification.Verdict:
    """In a thread of its own, since the reader runs an event loop and the browser's driver has one in this thread."""
    root = (stack.var / "seal" / "root.pem").read_bytes()
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(verification.check, pdf, root_pem=root).result(timeout=60)


def _valid_for_two_readers(pdf: bytes, stack: Stack, folder: Path) -> str:
    """pyHanko and poppler find the seal good; the words of the file."""
    verdict = _judged(pdf, stack)
    assert verdict.accepted, verdict.reasons
    path = folder / "licence.pdf"
    path.write_bytes(pdf)
    told = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, timeout=60, check=False).stdout
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    flipped = bytearray(pdf)
    flipped[len(pdf) // 3] ^= 1
    assert not _judged(bytes(flipped), stack).accepted
    return subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, timeout=60, check=True).stdout

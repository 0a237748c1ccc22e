"""Gates that hold on every page, in both languages: axe, narrow screens, weight, still layout; and walking by keyboard, and paper.

Weight, width and stillness are promised for the pages of the people. The admin's are Django's own, for a desk: they answer to axe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.journeys import measurements
from tests.journeys.conftest import WALKING
from tests.journeys.pages import OWN, PUBLIC, READER, PageOf, every_page
from tests.journeys.people import identity
from tests.journeys.staff import enter
from tests.journeys.visitor import DESKTOP, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]

FIRST_VIEW, LATER_VIEW = 150_000, 30_000  # bytes over the wire, without the tiles of a map
TILES = 30_000  # bytes of all tiles of a first view
STILL = 0.02  # cumulative layout shift
NARROW: ViewportSize = {"width": 320, "height": 640}
LOOKS: dict[str, list[tuple[ViewportSize, Literal["light", "dark"]]]] = {
    "ar": [(PHONE, "light"), (DESKTOP, "dark")],
    "en": [(DESKTOP, "light"), (PHONE, "dark")],
}
PAGES = [pytest.param(code, page, id=f"{code}-{page.name}") for code, page in every_page()]


@pytest.fixture(scope="package")
def entered(browser: Browser, stack: Stack, signed_in: Callable[[str], Any]) -> Callable[[str], Any]:
    """Cookies of a person or, with `staff:`, of an officer behind both factors."""
    kept: dict[str, Any] = {}

    def state(who: str) -> Any:
        login = who.removeprefix("staff:")
        if login == who:
            return signed_in(who) if who else None
        if login not in kept:
            officer = Visitor(browser, stack, "ar")
            enter(officer, login)
            kept[login] = officer.context.storage_state()
            officer.close()
        return kept[login]

    return state


@pytest.mark.gate
@pytest.mark.parametrize(("code", "page_of"), PAGES)
def test_a_page_is_accessible_narrow_light_and_still(
    visit: Callable[..., Visitor], entered: Callable[[str], Any], code: str, page_of: PageOf
) -> None:
    state = entered(page_of.who)
    visitor = visit(code, viewport=PHONE, **({"storage_state": state} if state else {}))
    page, is_admin = visitor.page, page_of.who.startswith("staff:")
    page.add_init_script(measurements.MOVEMENT)
    scales = measurements.Scales(page)
    page_of.open(visitor)
    page.wait_for_load_state()
    assert visitor.pages_with_status[page.url.partition("#")[0]] == page_of.status

    wrong: list[str] = []
    if not page_of.is_answer:
        for limit, first in ((FIRST_VIEW, True), (LATER_VIEW, False)):
            if not first or visitor.loads > 1:  # else the way to the page was its first view
                scales.without_cache(first)
                scales.read()
                page.reload()
            moved = measurements.movement(page)
            read = scales.read()
            weight = {url: size for url, size in read.items() if "/map-tiles/" not in url}
            if sum(read.values()) - sum(weight.values()) > TILES:
                wrong.append(f"the tiles of the map have {sum(read.values()) - sum(weight.values())} bytes, {TILES} allowed")
            if first and moved > STILL and not is_admin:
                wrong.append(f"the layout moves by {moved:.3f}: {page.evaluate(measurements.MOVED)}")
            if sum(weight.values()) > limit and not is_admin:
                wrong.append(f"{sum(weight.values())} bytes, {limit} allowed: {sorted(weight.items(), key=lambda one: -one[1])[:5]}")

    # Over both languages each page is looked at on phone and desktop, in light and dark.
    for viewport, scheme in LOOKS[code]:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        wrong += [f"{viewport['width']} pixels, {scheme}: {finding}" for finding in measurements.axe(page)]
    wrong += [f"drawn in another order: {text}" for text in measurements.disordered(page)]
    wrong += [] if is_admin else measurements.small_targets(page)
    page.set_viewport_size(NARROW)
    if not is_admin and measurements.overhang(page) > 0:
        wrong.append(f"{measurements.overhang(page)} pixels wider than a screen of 320")
    assert not wrong, "\n".join(wrong)
    assert visitor.foreign_requests() == []
    if page_of.status < 500:
        assert visitor.wrongs() == []


@pytest.mark.gate
def test_the_gates_see_what_they_are_for(visit: Callable[..., Visitor]) -> None:
    """Each gate finds a fault that is put into a good page."""
    visitor = visit("en", viewport=NARROW, bypass_csp=True)
    page = visitor.page
    page.add_init_script(measurements.MOVEMENT)
    scales = measurements.Scales(page)
    visitor.go("privacy/")
    assert measurements.movement(page) <= STILL
    assert measurements.axe(page) == [] and measurements.small_targets(page) == []
    assert sum(scales.read().values()) > LATER_VIEW, "a first view brings style and fonts"
    page.evaluate(
        """() => {
            const main = document.querySelector("main");
            main.insertAdjacentHTML("beforeend", "<img src='/static/nothing.png'><p style='color:#999;background:#fff'>pale words</p>");
            main.insertAdjacentHTML("beforeend", "<div style='inline-size:600px;block-size:9px'></div>");
            const small = "<button style='inline-size:9px;block-size:9px;padding:0;min-block-size:0'>x</button>";
            main.insertAdjacentHTML("beforeend", small + small);
        }"""
    )
    found = " ".join(measurements.axe(page))
    assert "image-alt" in found
    assert "color-contrast" in found
    assert "target-size" in " ".join(measurements.small_targets(page))
    assert measurements.overhang(page) > 0
    assert measurements.disordered(page) == []
    page.evaluate(
        """() => {
            const main = document.querySelector("main"), bare = "رقم الطلب HL-2026-00123 في 2026-11-28 هاتف +965 2244 9001";
            main.insertAdjacentHTML("beforeend", `<p dir="rtl">${bare}</p>`);
            main.insertAdjacentHTML("beforeend", '<p dir="rtl"><bdi>HL-2026-00123</bdi> <bdi>+965 2244 9001</bdi></p>');
        }"""
    )
    assert measurements.disordered(page) == ["2026-11-28", "+965 2244 9001"], "a bare date and number are drawn backwards"
    page.evaluate("document.querySelector('header').insertAdjacentHTML('afterbegin', '<div style=\"block-size:300px\"></div>')")
    assert measurements.movement(page) > STILL


@pytest.mark.parametrize("code", ["ar", "en"])
def test_a_renewal_is_walked_by_keyboard_alone(
    stack: Stack, visit: Callable[..., Visitor], renewable: dict[str, list[dict[str, str]]], code: str
) -> None:
    person, shop = identity(WALKING), renewable[WALKING].pop()
    visitor = visit(code)
    page = visitor.go("")

    def reach(selector: str, key: str = "Tab") -> None:
        """Go on with the key until the focus is on the element; it is visible there each time."""
        for _ in range(120):
            page.keyboard.press(key)
            seen = page.evaluate(
                """() => {
                    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
                    const ring = (s) => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none";
                    return one === document.body || (box.width > 0 && (ring(style) || ring(getComputedStyle(one.parentElement))));
                }"""
            )
            assert seen, page.evaluate("document.activeElement.outerHTML")
            if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"{selector} is not reached by keyboard on {page.url}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.kp-skip')"), "the first stop is the way past the header"
    page.keyboard.press("Enter")
    reach(f"main a[href^='/{code}/sign-in/']")
    page.keyboard.press("Enter")
    visitor.arrive("/sign-in/$")
    reach("#id_civil_id")
    page.keyboard.type(person.civil_id)
    page.keyboard.press("Enter")
    visitor.arrive("/sign-in/waiting/$")
    reach("button[name=decision][value=approve]")
    page.keyboard.press("Enter")
    visitor.arrive(f"^/{code}/$")
    reach(f"header a[href='/{code}/my-shops/']")
    page.keyboard.press("Enter")
    visitor.arrive("/my-shops/$")
    reach(f"a[href*='{shop['id']}/renew/']")
    page.keyboard.press("Enter")
    visitor.arrive("/renew/$")
    reach("#id_declared")
    page.keyboard.press("Space")
    reach("#form button.kp-btn--fill")
    page.keyboard.press("Enter")
    visitor.arrive("/pay/[^/]+/$")
    reach("main form button.kp-btn--fill")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{stack.knet_url}/kpg/**")
    assert visitor.wrongs() == []


@pytest.mark.gate
@pytest.mark.parametrize("code", ["ar", "en"])
def test_a_request_on_paper_has_no_navigation(visit: Callable[..., Visitor], entered: Callable[[str], Any], code: str) -> None:
    issued = next(page for page in OWN if page.name == "request with its licence")
    visitor = visit(code, storage_state=entered(issued.who))
    issued.open(visitor)
    page = visitor.page
    assert page.locator("nav.kp-nav").is_visible()
    page.emulate_media(media="print")
    for hidden in ("nav.kp-nav", ".kp-head__end", "footer.kp-foot", ".kp-skip"):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.locator("main h1").is_visible()
    assert page.locator("main .kp-lead .kp-ref").is_visible()
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots an inch
    assert measurements.overhang(page) <= 0


def test_every_link_leads_somewhere(visit: Callable[..., Visitor], entered: Callable[[str], Any]) -> None:
    visitor = visit("en", storage_state=entered(READER))
    found: dict[str, str] = {}
    for page_of in (*PUBLIC, *OWN):
        if page_of.is_answer or page_of.status != 200 or page_of.name == "staff door":
            continue
        page_of.open(visitor)
        for link in visitor.page.locator("a[href^='/'], a[href^='?']").all():
            found.setdefault(urljoin(visitor.page.url, link.get_attribute("href") or ""), page_of.name)
    dead = []
    for url, name in found.items():
        status = visitor.context.request.get(url).status
        if status >= 400 and not url.endswith("/admin/"):  # a person at the staff door is told no
            dead.append(f"{status} {url} on {name}")
    assert len(found) > 40
    assert not dead, "\n".join(dead)


def test_too_many_tries_have_a_page_of_their_own(visit: Callable[..., Visitor]) -> None:
    """Last of the file: the tries of this address are used up afterwards."""
    for code in ("ar", "en"):
        visitor = visit(code, viewport=NARROW)
        page = visitor.page
        for _ in range(12):
            visitor.go("track/")
            page.fill("#id_reference", "HL-2026-000001-1")
            page.fill("#id_last_four", "0000")
            page.click("#form button.kp-btn--fill")
            page.wait_for_selector("main [role=alert], main h1")
            if visitor.pages_with_status[page.url] == 429:
                break
        assert visitor.pages_with_status[page.url] == 429
        assert measurements.axe(page) == []
        assert measurements.overhang(page) <= 0


def test_every_page_has_a_name_of_its_own() -> None:
    names = [page.name for page in (*PUBLIC, *OWN)]
    assert len(names) == len(set(names))

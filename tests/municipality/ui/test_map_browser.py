"""The map in a browser: what the list says, by mouse and by keyboard, in both directions, and nothing without a script."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys import measurements

# The browser's driver runs an event loop in this thread, which makes Django refuse its own database calls.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PINS = ".kp-map__pin"
# The colours in the middle of the drawn tiles, as soon as there are two: land and water.
PAINTED = """() => {
  const middle = (tile) => tile.getContext("2d").getImageData(tile.width / 2, tile.height / 2, 1, 1).data.slice(0, 3).join();
  const colours = new Set([...document.querySelectorAll("canvas.leaflet-tile-loaded")].map(middle));
  return colours.size === 2 && [...colours].map((colour) => colour.split(",").map(Number));
}"""


def opened(browser: Browser, live_server: Any, code: str, **options: Any) -> tuple[Page, list[str]]:
    """A page with a map, and what went wrong on it so far."""
    page = browser.new_context(reduced_motion="reduce", **options).new_page()
    wrong: list[str] = []
    page.add_init_script(measurements.MOVEMENT)
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((str(live_server), "data:")) else None)
    page.goto(f"{live_server}/{code}/map/")
    return page, wrong


@pytest.mark.parametrize("code", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_map_shows_what_the_list_says(browser: Browser, live_server: Any, code: str, width: int) -> None:
    page, wrong = opened(browser, live_server, code, viewport={"width": width, "height": 900})
    page.wait_for_selector(f"{PINS} >> nth=1")
    page.wait_for_selector(".kp-map__land path.is-home")
    names = page.locator(PINS).evaluate_all("(pins) => pins.map((pin) => pin.getAttribute('aria-label'))")
    assert len(names) == 2, "two that lie together are one mark, and one has no place"
    assert any(name.endswith(" 4") for name in names)
    assert any("الوفرة" in name for name in names)
    assert page.locator(".kp-map__ground").get_attribute("role") == "region"
    assert measurements.axe(page) == []
    assert measurements.overhang(page) <= 0
    assert measurements.movement(page) <= 0.02
    assert wrong == []
    page.context.close()


def test_a_mark_opens_by_keyboard_with_the_words_and_the_link_of_its_entry(browser: Browser, live_server: Any) -> None:
    page, wrong = opened(browser, live_server, "ar", viewport={"width": 1280, "height": 900})
    page.wait_for_selector(f"{PINS}.is-bad")
    page.focus(f"{PINS}.is-bad")
    page.keyboard.press("Enter")
    told = page.wait_for_selector(".kp-map__told")
    assert told.get_attribute("dir") == "rtl"
    assert page.locator(".kp-map__told a").get_attribute("href") == "#3"
    assert "الوفرة" in page.inner_text(".kp-map__told")
    assert page.locator(".leaflet-popup-close-button").get_attribute("aria-label") == "إغلاق"
    page.focus("#places li:nth-child(3) a")
    page.wait_for_selector(f"{PINS}.is-lit")
    assert wrong == []
    page.context.close()


def test_marks_come_apart_where_there_is_room_and_stay_text(browser: Browser, live_server: Any) -> None:
    page, wrong = opened(browser, live_server, "en", viewport={"width": 1280, "height": 900})
    page.wait_for_selector(f"{PINS}.is-many")
    for _ in range(12):  # closer, as far as it goes: marks a dozen metres apart stay one and open as a list
        if page.locator(".leaflet-control-zoom-in.leaflet-disabled").count():
            break
        page.locator(f"{PINS}.is-many").first.focus()
        page.keyboard.press("Enter")
        if page.locator(".kp-map__told li").count():
            break
    expect(page.locator(".kp-map__told li")).to_have_count(2)
    assert "Hawalli <2>" in page.inner_text(".kp-map__told")
    assert wrong == []
    page.context.close()


def test_without_a_script_the_list_stands_alone(browser: Browser, live_server: Any) -> None:
    page, wrong = opened(browser, live_server, "en", java_script_enabled=False)
    assert not page.locator(".kp-map").is_visible()
    expect(page.locator("#places li")).to_have_count(4)
    assert wrong == []
    page.context.close()


BASE_MAP = Path(__file__).with_name("base_map.pmtiles")  # zooms 0 to 12, the same tile everywhere: land, its western half water


@pytest.mark.parametrize("is_dark", [False, True])
def test_a_pmtiles_file_is_read_in_ranges_and_drawn(browser: Browser, live_server: Any, settings: Any, is_dark: bool) -> None:
    settings.MAP_TILES, ranges = "/maps/kuwait.pmtiles", []

    def answer(route: Route) -> None:
        first, last = map(int, route.request.headers["range"].removeprefix("bytes=").split("-"))
        content = BASE_MAP.read_bytes()
        ranges.append((first, last))
        headers = {"Content-Range": f"bytes {first}-{min(last, len(content) - 1)}/{len(content)}", "ETag": '"1"'}
        route.fulfill(status=206, body=content[first : last + 1], headers=headers)

    page = browser.new_context(color_scheme="dark" if is_dark else "light").new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.route("**/maps/kuwait.pmtiles", answer)
    page.goto(f"{live_server}/ar/map/")
    page.wait_for_selector(f"{PINS} >> nth=1")
    page.wait_for_function(PAINTED)
    brightest = max(page.evaluate(PAINTED), key=sum)
    assert (sum(brightest) < 3 * 128) is is_dark
    assert ranges and page.locator(".kp-map__land path").count() == 0
    assert wrong == []
    page.context.close()


def test_a_base_map_that_cannot_be_read_leaves_the_marks(browser: Browser, live_server: Any, settings: Any) -> None:
    settings.MAP_TILES = "/maps/kuwait.pmtiles"
    page = browser.new_context().new_page()
    page.route("**/protomaps-leaflet.js", lambda route: route.abort())
    page.goto(f"{live_server}/en/map/")
    page.wait_for_selector(f"{PINS} >> nth=1")
    page.wait_for_selector(".kp-map__land path.is-home")
    expect(page.locator("canvas.leaflet-tile"), "nothing of the file is drawn").to_have_count(0)
    page.context.close()


def test_without_its_ground_the_marks_still_stand(browser: Browser, live_server: Any) -> None:
    page = browser.new_context().new_page()
    page.route("**/map/kuwait.json", lambda route: route.abort())
    page.goto(f"{live_server}/en/map/")
    page.wait_for_selector(f"{PINS} >> nth=1")
    expect(page.locator(".kp-map__land path")).to_have_count(0)
    page.context.close()

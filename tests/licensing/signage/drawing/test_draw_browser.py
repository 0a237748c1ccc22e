"""Measuring a board on a photo in a real browser: by dragging, by the keyboard, with a file that is no photo, and without scripts."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

from licensing.signage.drawing.perspective import Point
from tests.factories.rulebook import publish_rulebook
from tests.journeys.measurements import axe
from tests.licensing.signage.drawing.cameras import SIZE, Camera

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
CAMERA = Camera(-1.8, 1.6, 9, 20, 8, 0.7)
SHUTTER, BOARD = CAMERA.rectangle(0, 0, 3.2, 2.4), CAMERA.rectangle(-0.4, 2.7, 4.1, 0.9)
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}


def photo() -> FilePayload:
    """The wall with the shutter and the board as the camera sees them."""
    image = Image.new("RGB", SIZE, "#d9cfbd")
    pen = ImageDraw.Draw(image)
    pen.polygon([(x, y) for x, y in SHUTTER], fill="#5b6b73")
    pen.polygon([(x, y) for x, y in BOARD], fill="#7a1f2b")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    return {"name": "front.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


@pytest.fixture(autouse=True)
def fees(db: Any) -> None:
    publish_rulebook()


@pytest.fixture(params=[("ar", PHONE), ("en", DESKTOP)], ids=["ar", "en"])
def page(browser: Browser, live_server: Any, request: pytest.FixtureRequest) -> Iterator[Page]:
    language, viewport = request.param
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    page.goto(f"{live_server.url}/{language}/boards/costs/")
    yield page
    context.close()


def opened(page: Page) -> None:
    page.locator("[data-draw] > summary").click()
    page.locator("[data-draw-photo]").set_input_files(photo())
    page.locator("[data-draw-stage]").wait_for()


def drag(page: Page, name: str, corners: list[Point]) -> None:
    for at, (x, y) in enumerate(corners):
        page.locator("[data-draw-image]").scroll_into_view_if_needed()
        box = page.locator("[data-draw-image]").bounding_box()
        handle = page.locator(f"[data-corner={name}]").nth(at).bounding_box()
        assert box and handle
        page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * x / SIZE[0], box["y"] + box["height"] * y / SIZE[1], steps=3)
        page.mouse.up()


def test_a_drawn_board_fills_in_its_size_and_its_fee(page: Page) -> None:
    opened(page)
    drag(page, "known", SHUTTER)
    drag(page, "outline", BOARD)
    page.locator("[data-draw-width]").fill("٣٫٢")
    page.locator("[data-draw-height]").fill("2.4")
    expect(page.locator("[data-draw-use]")).to_be_visible()
    assert axe(page) == []
    if folder := os.environ.get("PICTURES"):
        page.locator("[data-draw]").screenshot(path=f"{folder}/draw-{page.viewport_size['width']}.png")  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator("[data-draw-use] button").click()
    width, height = (float(page.locator(f"[name='0-{name}']").input_value()) for name in ("width", "height"))
    coarse = 1 if page.viewport_size == DESKTOP else 2  # a pixel of a phone is larger on the photo
    assert width * height == pytest.approx(4.1 * 0.9, rel=0.02 * coarse)
    expect(page.locator("#fee-1 .kp-fees")).to_be_visible()


def test_corners_move_by_the_keyboard_and_problems_are_said(page: Page) -> None:
    opened(page)
    result, english = page.locator("[data-draw-result]"), "/en/" in page.url
    for step, corner in (("black frame", "known"), ("blue frame", "outline")):
        expect(result).to_contain_text(step if english else "الإطار الأسود" if corner == "known" else "الإطار الأزرق")
        page.locator(f"[data-corner={corner}]").first.focus()
        page.keyboard.press("ArrowLeft")
    expect(result).to_contain_text("width of the door" if english else "عرض الباب")
    page.locator("[data-draw-width]").fill("3.2")
    page.locator("[data-draw-height]").fill("2.4")
    expect(result).to_contain_text("m²" if "/en/" in page.url else "م²")
    before = result.inner_text()
    page.locator("[data-corner=outline]").first.focus()
    page.keyboard.press("ArrowUp")
    expect(result).not_to_have_text(before)
    for _ in range(40):
        page.keyboard.press("Shift+ArrowRight")  # past the next corner
    page.keyboard.press("ArrowDown")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    expect(result).to_contain_text("cross" if "/en/" in page.url else "يتقاطع")
    expect(page.locator("[data-draw-use]")).to_be_hidden()


def test_a_file_that_is_no_photo_is_refused_in_words(page: Page) -> None:
    page.locator("[data-draw] > summary").click()
    page.locator("[data-draw-photo]").set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"})
    expect(page.locator("[data-draw-unread]")).to_be_visible()
    expect(page.locator("[data-draw-stage]")).to_be_hidden()


def test_without_scripts_the_size_is_typed(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/en/boards/costs/")
    assert page.locator("[data-draw]").is_hidden() and page.locator("[name='0-width']").is_visible()
    context.close()

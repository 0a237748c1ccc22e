"""The map in a browser: a tap, a key and the list open the same plot; without base data or a script the list does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from shapely.affinity import translate

from municipality.places.seeds import load_places
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from tests.journeys import measurements
from zoning.maps.services import refresh_outlines
from zoning.models import Plot

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def plots() -> list[Plot]:
    """Three plots in a row, west to east; another block north of them."""
    load_places()
    rows = [PlotFactory(number=str(number + 1), shape=translate(SQUARE, 0.0003 * number, 0)) for number in range(3)]
    PlotFactory(block="4", shape=translate(SQUARE, 0, 0.001))
    refresh_outlines([rows[0].area], {rows[0].area_id: SQUARE.buffer(0.01)})
    return rows


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_context(reduced_motion="reduce", **PHONE).new_page()
    page.wrong = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.wrong.append(str(error)))  # type: ignore[attr-defined]
    yield page
    assert page.wrong == []  # type: ignore[attr-defined]
    page.context.close()


def middle(page: Page) -> tuple[float, float]:
    """The middle of the map on the screen."""
    page.wait_for_selector(".kp-map__outline.is-areas", state="attached")
    page.locator(".kp-map__ground").scroll_into_view_if_needed()
    box = page.locator(".kp-map__ground").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("code", ["ar", "en"])
def test_taps_lead_from_an_area_to_a_plot(page: Page, live_server: Any, code: str, plots: list[Plot]) -> None:
    area = plots[0].area
    page.goto(f"{live_server}/{code}/zoning/")
    page.touchscreen.tap(*middle(page))
    page.wait_for_url(f"**/{code}/zoning/?area={area.pk}#on-map")
    page.goto(f"{live_server}/{code}/zoning/?area={area.pk}&block=3")
    page.wait_for_selector(".kp-map__number.is-plots >> nth=2", state="attached")
    assert measurements.axe(page) == [] and measurements.overhang(page) <= 0
    page.touchscreen.tap(*middle(page))
    page.wait_for_url(f"**/{code}/plots/{plots[1].public_id}/")


def test_enter_opens_what_lies_in_the_middle_and_says_what_it_is(page: Page, live_server: Any, plots: list[Plot]) -> None:
    page.goto(f"{live_server}/en/zoning/?area={plots[0].area_id}&block=3")
    page.wait_for_selector(".kp-map__number.is-plots >> nth=2", state="attached")
    page.keyboard.press("Tab")  # the browser shows a focus that came by keys
    page.locator(".kp-map__ground").focus()
    page.wait_for_function("document.querySelector('.kp-map__aim').textContent === 'Plot 2'")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/en/plots/{plots[1].public_id}/")
    page.wait_for_selector(".kp-map__outline.is-plots", state="attached")


def test_plots_have_the_colour_of_their_answer(page: Page, live_server: Any, plots: list[Plot], rules: None) -> None:
    make_layer("land_use", ("COMMERCIAL", plots[0].shapes.get().shape), kind="land_use", covers=SQUARE.buffer(0.02))
    page.goto(f"{live_server}/ar/zoning/where/?activity=LAUN&floor=0&area={plots[0].area_id}&block=3")
    page.wait_for_selector(".kp-map__answer.is-ok", state="attached")
    assert (page.locator(".kp-map__answer.is-ok").count(), page.locator(".kp-map__answer.is-wait").count()) == (1, 2)
    assert sorted(page.locator(".kp-map__mark").all_text_contents()) == ["1✓", "2…", "3…"], "each mark has the number of its plot"
    assert measurements.axe(page) == [] and measurements.overhang(page) <= 0


def test_a_block_with_some_plots_has_their_number_and_its_own_on_the_map(
    page: Page, live_server: Any, plots: list[Plot], rules: None
) -> None:
    make_layer("land_use", ("COMMERCIAL", plots[0].shapes.get().shape), kind="land_use", covers=SQUARE.buffer(0.02))
    page.goto(f"{live_server}/en/zoning/where/?activity=LAUN&floor=0&area={plots[0].area_id}")
    assert page.locator(".kp-map__pin.is-some .kp-map__mark").text_content() == "Block 31/3"
    assert page.locator(".kp-map__pin.is-ok").count() == 0 and measurements.axe(page) == []


def test_a_street_opens_nothing(page: Page, live_server: Any, plots: list[Plot]) -> None:
    page.goto(f"{live_server}/en/zoning/?area={plots[0].area_id}&block=3")
    page.wait_for_selector(".kp-map__number.is-plots >> nth=2", state="attached")
    x, y = middle(page)
    page.touchscreen.tap(x, y + 150)
    page.wait_for_timeout(500)
    assert page.url.endswith("block=3")


def test_without_base_data_the_map_and_its_list_stand(page: Page, live_server: Any, plots: list[Plot]) -> None:
    page.route("**/map-tiles/**", lambda route: route.abort())
    page.goto(f"{live_server}/ar/zoning/")
    page.wait_for_selector(".kp-map__land path.is-home", state="attached")
    expect(page.locator(".kp-map__outline")).to_have_count(0)
    page.route("**/zoning/map.json", lambda route: route.abort())
    page.reload()
    page.wait_for_selector(".kp-map__land path.is-home", state="attached")
    page.click("#places a")
    page.wait_for_url("**area=**")


def test_without_a_script_links_lead_to_the_plot(browser: Browser, live_server: Any, plots: list[Plot]) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{live_server}/en/zoning/")
    assert not page.locator(".kp-map").is_visible()
    page.click("#places a")
    page.click("#places a >> nth=0")
    page.click("#places a >> nth=2")
    assert page.url == f"{live_server}/en/plots/{plots[2].public_id}/"
    page.context.close()

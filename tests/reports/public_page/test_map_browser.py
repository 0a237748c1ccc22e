"""The map in a browser: marks with their share and shapes, heat as a second view, and the countdown of a report."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from municipality.kernel import clock
from municipality.places.models import Area
from reports.intake.services import ReportPlace
from reports.public_page import counts
from tests.factories import reports
from tests.factories.inspections import inspector
from tests.published_rules import publish_rules

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def drawn(transactional_db: None) -> Any:
    publish_rules()
    return inspector("drawn", "HA")


def test_marks_heat_and_countdown(browser: Browser, live_server: Any) -> None:
    area, now = Area.objects.get(name_en="Hawalli"), clock.now()
    for step, hours in enumerate((1, 60, 60)):
        with clock.at(now - dt.timedelta(hours=hours)):
            report = reports.assigned(place=ReportPlace(latitude=29.30 + step * 0.04, longitude=48.02, area=area))
    counts.refresh()
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(f"{live_server}/ar/reports/map/")
    page.locator(".kp-map__pin.is-many .kp-map__arc circle").wait_for()
    top = page.evaluate("document.querySelector('.kp-map').getBoundingClientRect().top")
    assert top < 844 - 200, "the map begins on the first screen"
    assert page.locator(".kp-map__arc circle").get_attribute("stroke-dasharray", timeout=5000).split(".")[0].split(" ")[0] == "66"  # type: ignore[union-attr]
    page.goto(f"{live_server}/ar/reports/map/?area={area.pk}")
    page.locator(".kp-map__pin.is-late").first.wait_for()
    expect(page.locator(".kp-map__pin.is-wait")).to_have_count(1)
    page.goto(f"{live_server}/ar/reports/map/?view=heat")
    page.locator(".kp-map__heat").wait_for()
    expect(page.locator(".kp-map__pin")).to_have_count(0)
    page.goto(f"{live_server}/ar/reports/{report.public_id}/")
    page.locator("[data-countdown]").wait_for(state="hidden")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0 and wrong == []
    context.close()  # and its connections to the server

"""Every opening state on a screen of 320 pixels: the results of a search and the page of a shop, in both languages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from municipality.kernel import clock
from municipality.rulebook.queries import is_ramadan
from shops.models import Shop
from tests.journeys.measurements import overhang

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SUNDAY = dt.datetime(2026, 11, 22, tzinfo=clock.KUWAIT)
FASTING = dt.datetime(2027, 2, 14, tzinfo=clock.KUWAIT)  # a Sunday of Ramadan
DAYS = ("Su", "Mo", "Tu", "We", "Th", "Fr", "Sa")
WEEKS = (
    *(f"{day} 17:00-23:00; {DAYS[number - 6]}-{DAYS[number - 1]} off" for number, day in enumerate(DAYS)),
    *("Mo-Su 00:00-24:00", "Su-Tu 00:00-24:00; We 00:00-17:00; Th-Sa off"),
)
SAID = {
    "en": ("Open now · until 23:00", "Open now · until Wednesday at 17:00", "Open now · day and night"),
    "ar": ("مفتوح الآن · حتى 23:00", "الأربعاء", "مفتوح الآن"),
}


@pytest.mark.parametrize("begin", [SUNDAY, FASTING], ids=["ordinary", "ramadan"])
@pytest.mark.parametrize("code", ["ar", "en"])
def test_every_opening_state_fits(stating: Callable[..., Shop], browser: Browser, live_server: Any, code: str, begin: dt.datetime) -> None:
    in_ramadan = begin is FASTING
    assert is_ramadan(begin.date()) == in_ramadan
    shops = [stating(week, week if in_ramadan else "") for week in WEEKS]
    page = browser.new_context(viewport={"width": 320, "height": 700}, bypass_csp=True).new_page()
    seen: set[str] = set()

    def look(path: str) -> None:
        """The page as it is at the instant of this thread; its styles and fonts come from the server."""
        body = Client().get(path, follow=True).content.decode()
        page.route(live_server.url + path, lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=body))
        page.goto(live_server.url + path)
        page.evaluate("document.fonts.ready")
        seen.update(page.locator(".kp-tag").all_inner_texts())
        assert overhang(page) <= 0, path

    for hour in (10, 18):
        with clock.at(begin + dt.timedelta(hours=hour)):
            look(f"/{code}/shops/?q=mouj&hour={hour}")
            for shop in shops if hour == 10 else ():
                look(f"/{code}/shops/{shop.public_id}/")
    for said in SAID[code]:
        assert any(said in tag for tag in seen), said
    assert len({tag for tag in seen if "17:00" in tag}) == 8, "today, tomorrow, five weekdays to come, and open until one"
    if code == "en":
        page.goto(f"{live_server.url}/en/shops/?q=mouj&hour=10")
        page.add_style_tag(content=".kp-tag { white-space: nowrap !important }")
        assert overhang(page) > 0, "the control: a tag in one line is wider than the screen"
    page.context.close()

"""The board of a branch on the phone of a supervisor."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser

from tests.browsers import signed_in
from tests.journeys.measurements import axe, overhang
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import BOARD
from tests.municipality.review.permits import Office

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
# What a finger cannot reach: parts of the officers' list outside of the window.
OUTSIDE = """() => [...document.querySelectorAll("#officers tbody :is(th, td, button)")]
  .map((one) => one.getBoundingClientRect()).filter((box) => box.width > 1 && (box.left < 0 || box.right > innerWidth)).length"""


def test_the_officers_are_cards_on_a_phone_and_a_reminder_comes_back_to_its_officer(
    browser: Browser, live_server: Any, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipality.accounts.services.sessions.is_fresh", lambda _request: True)
    permits.sent(office.applicant)
    key = signed_in(office.supervisor).cookies[django_settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(viewport={"width": 390, "height": 844})
    cookies = {django_settings.SESSION_COOKIE_NAME: key, django_settings.LANGUAGE_COOKIE_NAME: "ar"}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page = context.new_page()
    page.goto(f"{live_server.url}{BOARD}")
    line = page.locator(f"#officer-{office.officer.public_id}")
    button = line.locator("button[value=remind]")
    assert button.count() == 1 and overhang(page) == 0 and page.evaluate(OUTSIDE) == 0 and axe(page) == []
    page.evaluate("document.querySelector('#officers .kp-rows').removeAttribute('class')")
    assert overhang(page) > 0, "the same table without its cards is wider than the phone"
    page.reload()
    button.click()
    page.wait_for_url(f"**#officer-{office.officer.public_id}")
    box = line.bounding_box()
    assert "سبق التذكير اليوم الساعة" in line.inner_text() and overhang(page) == 0
    assert box is not None and -1 <= box["y"] < 844
    context.close()

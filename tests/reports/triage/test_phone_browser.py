"""The phone of an inspector in a real browser: a result is written without a line and arrives once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.models import Report
from tests.browsers import server_time, signed_in
from tests.factories.drawings import photo
from tests.journeys.measurements import axe, overhang

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
HERE = {"latitude": 29.3329, "longitude": 48.0283}  # eleven metres from the report


@pytest.fixture
def phone(browser: Browser, live_server: Any, row: Report) -> Iterator[Page]:
    """The page of the report; the clock of the phone stands still at the time of the server."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=live_server.url, geolocation=HERE, permissions=["geolocation"]
    )
    cookies = signed_in(row.inspector).cookies.items()
    context.add_cookies([{"name": name, "value": cookie.value, "url": live_server.url} for name, cookie in cookies])
    page = context.new_page()
    page.clock.set_fixed_time(server_time())
    page.goto(f"/admin/eye/{row.public_id}/")
    yield page
    context.close()


def test_a_result_that_was_written_without_a_line_closes_the_report_once(phone: Page, row: Report) -> None:
    phone.keyboard.press("1")  # as on the desk, a digit leads to its step
    assert axe(phone) == [] and overhang(phone) == 0
    phone.set_input_files("#close_photo", [{"name": "after.jpg", "mimeType": "image/jpeg", "buffer": photo()}])
    phone.locator("[data-field-located] bdi").wait_for()
    assert phone.inner_text("[data-field-located] bdi") == "29.33290, 48.02830", "the metres are not read from left to right with it"
    assert "(\u2068±0 " in (phone.text_content("[data-field-located]") or "")
    assert phone.locator("#close_photo-chosen time").count() == 1, "when the photo was taken"
    phone.check("[name=code][value=fixed]")
    phone.context.set_offline(True)
    phone.click("details[open] button.kp-desk-main")
    phone.locator("[data-field-entries] li").wait_for()
    phone.context.set_offline(False)
    phone.locator("[data-field-queue]").wait_for(state="hidden")
    row.refresh_from_db()
    made = row.closures.get()
    assert (row.state, made.is_on_the_spot, made.distance_m) == ("closed", True, 11)
    assert made.age_minutes in range(5), "until the portal had it"
    if folder := os.environ.get("PICTURES"):
        phone.screenshot(path=f"{folder}/closed.png", full_page=True)


KEEP = """async ([person, report]) => {
  const { Store } = await import(new URL("./fieldwork.js", document.querySelector("[data-field-person]").src));
  const seen = new Date().toISOString();
  const fields = [["client_key", crypto.randomUUID()], ["seen_at", seen], ["report", report], ["code", "fixed"], ["asks_signature", "on"]];
  await new Store("kp-eye", "results").keep({ key: person, person, seen, title: person, fields, state: "waiting", sentence: "" });
}"""


def test_a_result_of_somebody_else_on_the_same_phone_waits_for_them(phone: Page, row: Report) -> None:
    assert row.inspector is not None
    phone.evaluate(KEEP, ["staff:other", row.public_id])
    phone.reload()
    lines = phone.locator("[data-field-entries] li")
    expect(lines).to_contain_text("حرّره شخص آخر على هذا الهاتف")
    row.refresh_from_db()
    assert row.state == "assigned" and not row.closures.exists(), "it would be a result of whoever took the phone"
    phone.evaluate(KEEP, [row.inspector.key, row.public_id])
    phone.reload()
    expect(lines).to_have_count(1)
    row.refresh_from_db()
    assert row.state == "countersign", "the own one is sent"

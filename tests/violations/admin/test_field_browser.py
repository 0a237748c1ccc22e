"""The form of a violation report in a browser: what the chosen offence needs is marked, and said where it is missing."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, expect

from shops.models import Shop
from tests.browsers import signed_in
from tests.journeys.measurements import overhang

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
WORDS = {
    "en": ("Measure in square metres (required)", "This violation is settled by it. Please give it: Measure in square metres."),
    "ar": ("القياس بالمتر المربع (مطلوب)", "يُحسب مبلغ هذه المخالفة على أساسه. يُرجى كتابة القياس بالمتر المربع."),
}


@pytest.mark.parametrize("language", WORDS)
def test_a_measure_that_is_missing_is_said_in_a_sentence_beside_its_field(
    language: str, browser: Browser, live_server: Any, inspector: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipality.accounts.services.sessions.is_fresh", lambda _request: True)
    key = signed_in(inspector).cookies[django_settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(viewport={"width": 390, "height": 844})
    cookies = {django_settings.SESSION_COOKIE_NAME: key, "staff_language": language}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/field/new/?shop={shop.public_id}#step-offence")
    page.check("[name=offence][value=SHP-04]")
    row, (label, sentence) = page.locator("[data-field-row]:has(> #id_quantity)"), WORDS[language]
    expect(row.locator("label")).to_have_text(label)
    page.click("a[href='#step-end']")
    expect(row.locator("[role=alert]")).to_have_text(sentence)
    assert page.url.endswith("#step-offence") and page.evaluate("document.activeElement.id") == "id_quantity" and overhang(page) == 0
    page.fill("#id_quantity", "3.5")
    expect(row.locator("[role=alert]")).to_have_count(0)
    page.click("a[href='#step-end']")
    assert page.url.endswith("#step-end")
    context.close()


KEEP = """async (person) => {
  const { Store } = await import(new URL("./fieldwork.js", document.querySelector("[data-field-person]").src));
  const entry = { key: person, person, seen: new Date().toISOString(), title: person, fields: [], state: "confirm", sentence: "" };
  await new Store("kp-field", "minutes").keep(entry);
}"""


def test_of_what_lies_on_the_phone_only_the_own_can_be_issued(browser: Browser, live_server: Any, inspector: Any) -> None:
    key = signed_in(inspector).cookies[django_settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/field/")
    for person in (inspector.key, "staff:other"):
        page.evaluate(KEEP, person)
    page.reload()
    lines = page.locator("[data-field-entries] li")
    expect(lines.filter(has_text=inspector.key).locator("button")).to_have_count(2)
    expect(lines.filter(has_text="staff:other").locator("button")).to_have_count(1)
    expect(lines.filter(has_text="staff:other")).to_contain_text("حرّره شخص آخر على هذا الهاتف")
    context.close()

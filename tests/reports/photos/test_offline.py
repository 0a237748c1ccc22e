"""A report without a line: kept on the phone, sent once when the line is back, with the time of the phone, also if its page was closed."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from municipality.kernel import clock
from reports.models import HeldPhoto, Report
from tests.factories import report_photos

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
ENTRIES = "[data-report-entries] > li"
# The worker is there, and has kept the form.
READY = """async () => {
  await navigator.serviceWorker.ready;
  while (!(await (await caches.open("kp-report-1")).match("/ar/report/"))) await new Promise((done) => { setTimeout(done, 100); });
  while (!navigator.serviceWorker.controller) await new Promise((done) => { setTimeout(done, 100); });
}"""
FILL = """([area]) => {
  const form = document.querySelector("[data-report]");
  form.elements.category.value = "waste";
  form.elements.area.value = area;
  form.elements.who.value = "nobody";
  form.requestSubmit(document.querySelector("[data-report-check]"));
}"""

CHOOSE = """() => {
  for (const step of document.querySelectorAll("[data-report-step]")) step.hidden = false;
  document.querySelector("[name=category][value=waste]").click();
  for (const group of document.querySelectorAll("[data-report-kind=waste] .kp-report__asked input[value=no]")) group.click();
}"""

# A report that the portal did not take.
REFUSED = """(key) => new Promise((done) => {
  const asked = indexedDB.open("kp-reports", 1);
  asked.onsuccess = () => {
    const fields = [["key", key], ["opened", new Date().toISOString()], ["words", "كنبة"], ["category", "waste"], ["who", "nobody"]];
    const change = asked.result.transaction("entries", "readwrite");
    change.objectStore("entries").put({ key, seen: fields[1][1], fields, photos: [], state: "conflict", sentence: "x" });
    change.oncomplete = () => { asked.result.close(); done(); };
  };
})"""

# Another version of the table is open, so that nothing can be kept, as where the phone is full.
NO_ROOM = """() => new Promise((done) => {
  const asked = indexedDB.open("kp-reports", 2);
  asked.onsuccess = () => { asked.result.close(); done(); };
})"""

# What waits, with a photo that is none.
WAITING = """([key, area]) => new Promise((done) => {
  const asked = indexedDB.open("kp-reports", 1);
  asked.onsuccess = () => {
    const fields = [["key", key], ["opened", new Date().toISOString()], ["category", "waste"], ["who", "person"], ["area", area]];
    const photos = [{ name: "photos", file: new File(["words"], "a.jpg", { type: "image/jpeg" }), sent: false }];
    const change = asked.result.transaction("entries", "readwrite");
    change.objectStore("entries").put({ key, seen: fields[1][1], fields, photos, state: "waiting", sentence: "" });
    change.oncomplete = () => { asked.result.close(); done(); };
  };
})"""

# What stood in its way is put right, such as by signing in.
PUT_RIGHT = """(key) => new Promise((done) => {
  const asked = indexedDB.open("kp-reports", 1);
  asked.onsuccess = () => {
    const change = asked.result.transaction("entries", "readwrite");
    const rows = change.objectStore("entries");
    rows.get(key).onsuccess = ({ target: { result } }) => {
      rows.put({ ...result, fields: result.fields.map(([name, value]) => [name, name === "who" ? "nobody" : value]) });
    };
    change.oncomplete = () => { asked.result.close(); done(); };
  };
})"""

# As the gallery sends it: the share target of the manifest.
SHARE = """() => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: "/ar/report/share/", enctype: "multipart/form-data" });
  const files = new DataTransfer();
  for (const name of ["a.jpg", "b.jpg"]) files.items.add(new File(["x"], name, { type: "image/jpeg" }));
  const photos = Object.assign(document.createElement("input"), { type: "file", name: "photos", multiple: true });
  photos.files = files.files;
  form.append(photos, Object.assign(document.createElement("input"), { name: "words", value: "حفرة" }));
  document.body.append(form);
  form.submit();
}"""


@pytest.mark.parametrize("is_closed", [True, False], ids=["the page was closed", "the page stayed open"])
def test_a_report_without_a_line_is_sent_once(browser: Browser, live_server: Any, is_closed: bool) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ar")
    page = context.new_page()
    seen = clock.now() - dt.timedelta(hours=2)
    page.clock.set_fixed_time(seen)
    form = f"{live_server}/ar/report/"
    page.goto(form)
    page.evaluate(READY)
    key = page.input_value("[name=key]")
    context.set_offline(True)
    page.goto(form)  # from the phone
    expect(page.locator("[name=key]")).not_to_have_value(key)
    page.set_input_files("[name=photos]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": report_photos.camera(place=None)})
    area = page.locator("[name=area] option[value]:not([value=''])").first.get_attribute("value")
    page.evaluate(FILL, [area])
    expect(page.locator(ENTRIES)).to_have_count(1)
    if folder := os.environ.get("LOOK"):
        page.screenshot(path=f"{folder}/kept.png", full_page=True)
    assert not Report.objects.exists() and not HeldPhoto.objects.exists()
    if is_closed:
        page.close()
    context.set_offline(False)
    if is_closed:
        page = context.new_page()
        page.goto(form)
    expect(page.locator(f"{ENTRIES} a")).to_have_count(1)
    if folder:
        page.screenshot(path=f"{folder}/sent.png", full_page=True)
    page.reload()
    page.evaluate(READY)
    report = Report.objects.get()
    assert report.channel == "app" and report.photos.count() == 1
    assert abs(report.captured_at - seen) < dt.timedelta(minutes=1) < report.received_at - report.captured_at
    context.close()


def test_a_report_that_is_opened_to_be_corrected_stays_on_the_phone_until_it_is_sent(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ar")
    page = context.new_page()
    form = f"{live_server}/ar/report/"
    page.goto(form)
    page.evaluate(READY)
    page.evaluate(REFUSED, str(uuid4()))
    page.reload()
    for _time in range(2):  # the page is closed, or the phone needs its memory, before anything is sent
        page.locator(f"{ENTRIES} button").nth(1).click()
        expect(page.locator("[name=words]")).to_have_value("كنبة")
        expect(page.locator(ENTRIES)).to_have_count(0)
        page.reload()
        expect(page.locator(ENTRIES)).to_have_count(1)
    page.locator(f"{ENTRIES} button").nth(1).click()
    expect(page.locator(ENTRIES)).to_have_count(0)
    area = page.locator("[name=area] option[value]:not([value=''])").first.get_attribute("value")
    page.evaluate(FILL, [area])
    page.wait_for_url("**/?check=1")
    assert "كنبة" in page.inner_text("main")
    page.goto(form)
    expect(page.locator("[name=words]")).to_have_value("كنبة")
    expect(page.locator(ENTRIES)).to_have_count(0)
    context.close()


def test_what_was_typed_stays_where_the_phone_has_no_room(browser: Browser, live_server: Any) -> None:
    """Control: with room it is kept, and the form is empty (`test_a_report_without_a_line_is_sent_once`)."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ar")
    page = context.new_page()
    page.goto(f"{live_server}/ar/report/")
    page.evaluate(READY)
    page.evaluate(NO_ROOM)
    context.set_offline(True)
    page.evaluate("() => { document.querySelector('[name=words]').value = 'كنبة'; }")
    area = page.locator("[name=area] option[value]:not([value=''])").first.get_attribute("value")
    for _time in range(2):  # and it can be sent again
        page.evaluate("() => { document.querySelector('[data-report-said]').textContent = ''; }")
        page.evaluate(FILL, [area])
        expect(page.locator("[data-report-said]")).to_contain_text("ولا مساحة")
        expect(page.locator("[name=words]")).to_have_value("كنبة")
        expect(page.locator("[data-report-check]")).to_be_enabled()
    context.set_offline(False)
    page.evaluate(FILL, [area])
    page.wait_for_url("**/?check=1")
    assert "كنبة" in page.inner_text("main")
    context.set_offline(True)  # on the page on which it is checked, too
    for _time in range(2):
        page.evaluate("() => { document.querySelector('[data-report-full]').hidden = true; }")
        page.click("button[name=send]")
        expect(page.locator("[data-report-full]")).to_contain_text("في مسودتك لدى البلدية")
        expect(page.locator("button[name=send]")).to_be_enabled()
    assert page.url.endswith("/?check=1") and "كنبة" in page.inner_text("main")
    context.set_offline(False)
    page.click("button[name=send]")
    page.wait_for_url("**/report/sent/**")
    context.close()


def test_a_photo_that_was_not_taken_is_told_also_where_its_report_was_not_taken_at_first(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ar")
    page = context.new_page()
    page.goto(f"{live_server}/ar/report/")
    page.evaluate(READY)
    area = page.locator("[name=area] option[value]:not([value=''])").first.get_attribute("value")
    key = str(uuid4())
    page.evaluate(WAITING, [key, area])
    page.reload()
    line = page.locator(ENTRIES)
    expect(line).to_contain_text("لشخص آخر")  # nobody is signed in
    expect(line).to_contain_text("غير مقبول")
    page.evaluate(PUT_RIGHT, key)
    page.reload()
    line.locator("button").first.click()
    expect(line.locator("a")).to_have_count(1)
    expect(line).to_contain_text("غير مقبول")
    assert Report.objects.get().photos.count() == 0
    context.close()


def test_a_kept_form_promises_no_date(browser: Browser, live_server: Any) -> None:
    """It would be counted from the day on which the form was kept. Control: the form from the portal says one."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ar")
    page = context.new_page()
    form = f"{live_server}/ar/report/"
    page.goto(form)
    page.evaluate(READY)

    def promised() -> tuple[bool, bool]:
        page.evaluate(CHOOSE)
        expect(page.locator("[data-report-promise]")).to_be_visible()
        return page.locator("[data-report-dated]").is_visible(), page.locator("[data-report-undated]").is_visible()

    assert promised() == (True, False)
    context.set_offline(True)
    page.goto(form)  # from the phone
    expect(page.locator("[data-report-undated]")).not_to_have_attribute("hidden", "")
    assert promised() == (False, True)
    context.close()


def test_photos_shared_from_the_gallery_are_in_the_form(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ar")
    page = context.new_page()
    page.goto(f"{live_server}/ar/report/")
    page.evaluate(READY)
    with page.expect_navigation():
        page.evaluate(SHARE)
    expect(page.locator("[data-report-shots] > li")).to_have_count(2)
    expect(page.locator("[name=words]")).to_have_value("حفرة")
    context.close()

"""Entries that have to be confirmed, in a browser: nothing is recorded before, and once afterwards, whatever the line does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.municipality.fieldwork.portal import KEPT, KEY, STORED, Portal, running

pytestmark = pytest.mark.browser
TOLD, ISSUE, BACK = "dialog[open] #told", "[data-field-issue]", "[data-field-back]"


@pytest.fixture
def device(browser: Browser) -> Iterator[Page]:
    with running() as url:
        context = browser.new_context(base_url=url)
        page = context.new_page()
        _open(page)
        yield page
        context.close()


def _open(page: Page) -> None:
    page.goto("/checked/")
    page.wait_for_selector("[data-ready]")


def _send(page: Page, note: str = "one") -> str:
    key = page.input_value(KEY)
    page.fill("#note", note)
    page.set_input_files("#photos", [{"name": "front.jpg", "mimeType": "image/jpeg", "buffer": b"picture"}])
    page.click("#send")
    return key


def test_with_a_line_it_is_shown_and_sent_once_it_is_confirmed(device: Page) -> None:
    key = _send(device)
    device.wait_for_selector(TOLD)
    assert device.inner_text(TOLD) == "one for 1" and device.evaluate("document.activeElement.id") == "check"
    assert not Portal.visits and Portal.photos == []
    device.click(ISSUE)
    device.wait_for_url(f"**/done/{key}/")
    assert list(Portal.visits) == [key] and Portal.photos == [("/checked/sync/", "front.jpg")], "photos travel once"


def test_the_check_is_told_how_many_photos_there_are_and_waits_for_its_ticks(device: Page) -> None:
    Portal.mode = "tick"
    key = _send(device)
    device.wait_for_selector(TOLD)
    assert (Portal.taken, Portal.photos) == (1, [])
    device.click(ISSUE)
    assert device.evaluate("document.activeElement.id") == "tick" and not Portal.visits
    device.check("#tick")
    device.click(ISSUE)
    device.wait_for_url(f"**/done/{key}/")


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_the_way_back_keeps_the_form_and_its_photos(device: Page, way: str) -> None:
    key = _send(device)
    device.wait_for_selector(TOLD)
    if way == "button":
        device.click(BACK)
    else:
        device.keyboard.press("Escape")
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert device.input_value("#note") == "one" and device.input_value(KEY) == key
    assert device.evaluate("document.getElementById('photos').files.length") == 1
    assert device.evaluate(STORED) == [] and not Portal.visits
    device.fill("#note", "two")
    device.click("#send")
    device.wait_for_selector(TOLD)
    assert device.inner_text(TOLD) == "two for 1"


def test_without_a_line_it_waits_for_its_confirmation_and_is_sent_once(device: Page) -> None:
    device.context.set_offline(True)
    key = _send(device)
    device.locator(KEPT).wait_for()
    device.context.set_offline(False)
    confirm = device.locator(f"{KEPT} button").nth(0)
    confirm.wait_for()
    assert [(row["key"], row["state"]) for row in device.evaluate(STORED)] == [(key, "confirm")]
    _open(device)
    device.evaluate("() => { dispatchEvent(new Event('online')); }")
    assert not Portal.visits, "nothing is recorded by itself"
    confirm.click()
    device.wait_for_selector(TOLD)
    device.click(ISSUE)
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert list(Portal.visits) == [key] and device.evaluate(STORED) == []
    assert Portal.photos == [("/checked/sync/", "front.jpg")]


def test_what_is_not_confirmed_stays_and_can_be_removed(device: Page) -> None:
    device.context.set_offline(True)
    _send(device)
    device.locator(KEPT).wait_for()
    device.context.set_offline(False)
    device.locator(f"{KEPT} button").nth(0).click()
    device.wait_for_selector(TOLD)
    device.click(BACK)
    device.wait_for_selector("dialog:not([open])", state="attached")
    assert device.locator(KEPT).count() == 1 and not Portal.visits
    drop = device.locator(f"{KEPT} button").nth(1)
    drop.click()
    drop.click()
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert device.evaluate(STORED) == [] and not Portal.visits


def test_a_line_that_breaks_after_the_confirmation_doubles_nothing(device: Page) -> None:
    def lose(route: Route) -> None:
        route.fetch()  # the portal has it
        route.abort()  # and the device does not hear so

    device.route("**/checked/sync/", lose)
    key = _send(device)
    device.wait_for_selector(TOLD)
    device.click(ISSUE)
    device.wait_for_function("document.querySelector('[data-field-said]').textContent !== ''")
    assert list(Portal.visits) == [key]
    device.unroute("**/checked/sync/")
    device.evaluate("() => { dispatchEvent(new Event('online')); }")
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert list(Portal.visits) == [key] and device.evaluate(STORED) == []


def test_what_changed_after_the_check_is_checked_again(device: Page) -> None:
    key = _send(device)
    device.wait_for_selector(TOLD)
    Portal.price = 2
    device.click(ISSUE)
    device.wait_for_function("document.getElementById('told').textContent === 'one for 2'")
    assert not Portal.visits
    device.click(ISSUE)
    device.wait_for_url(f"**/done/{key}/")


def test_a_stop_is_shown_without_a_button_that_records_and_leaves_the_form(device: Page) -> None:
    Portal.mode = "stopped"
    _send(device)
    device.wait_for_selector(TOLD)
    assert device.locator(ISSUE).is_hidden()
    device.click(BACK)
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert device.evaluate(STORED) == [] and device.input_value("#note") == "one" and not Portal.visits


def test_a_mended_field_loses_its_problem(device: Page) -> None:
    _send(device, "far too long for this field")
    device.locator("#note ~ [data-field-wrong]").wait_for()
    device.fill("#note", "short")
    expect(device.locator("[data-field-wrong]")).to_have_count(0)


def _issue_kept(device: Page) -> None:
    """Read what would be recorded of the one entry on the device, and issue it."""
    device.locator(f"{KEPT} button").nth(0).click()
    device.wait_for_selector(TOLD)
    device.click(ISSUE)
    device.wait_for_selector("[data-field-queue]", state="hidden")


@pytest.mark.parametrize("asked", [False, True], ids=["before it was asked about", "waiting for its confirmation"])
def test_on_a_shared_phone_nobody_issues_what_somebody_else_wrote(device: Page, asked: bool) -> None:
    Portal.person = "staff:one"
    _open(device)
    device.context.set_offline(True)
    key = _send(device)
    device.locator(KEPT).wait_for()
    if not asked:
        device.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")  # the line is back for the next person only
    device.context.set_offline(False)
    if asked:
        device.locator(f"{KEPT} button").nth(1).wait_for()
    Portal.person = "staff:two"
    _open(device)
    line = device.locator(KEPT)
    expect(line).to_contain_text("حرّره شخص آخر على هذا الهاتف")
    expect(line.locator("button")).to_have_count(1 if asked else 2)
    assert [(row["key"], row["state"]) for row in device.evaluate(STORED)] == [(key, "confirm" if asked else "waiting")]
    Portal.person = "staff:one"
    _open(device)
    _issue_kept(device)
    assert list(Portal.visits) == [key]


def test_what_was_written_on_the_kept_form_of_somebody_else_is_claimed_by_its_writer(device: Page) -> None:
    Portal.person = "staff:one"
    _open(device)
    device.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")  # staff:two writes on it without a line
    key = _send(device)
    device.locator(KEPT).wait_for()
    Portal.person = "staff:two"
    _open(device)
    device.locator(KEPT).get_by_role("button", name="كتبتُ هذا بنفسي").click()
    device.locator(KEPT).get_by_role("button", name="مراجعة وتأكيد").wait_for()
    assert [(row["person"], row["state"]) for row in device.evaluate(STORED)] == [("staff:two", "confirm")]
    _issue_kept(device)
    assert list(Portal.visits) == [key]


def test_who_is_signed_in_is_told_by_the_newest_page_not_by_a_kept_form(device: Page) -> None:
    newest = """async (pages) => {
      const { newest } = await import("/static/js/fieldwork.js");
      return pages.map(([fieldPerson, fieldMade]) => newest({ fieldPerson, fieldMade }));
    }"""
    pages = [["staff:one", "9"], ["staff:two", "10"], ["staff:one", "9"], ["staff:one", "11"]]
    assert device.evaluate(newest, pages) == ["staff:one", "staff:two", "staff:two", "staff:one"]

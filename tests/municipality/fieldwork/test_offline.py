"""The device's half in a browser: kept without a line, sent once, with the time of its capture; what is refused stays with its reason."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.municipality.fieldwork.portal import KEPT, KEY, STORED, Portal, running

pytestmark = pytest.mark.browser
LATER = 0.3  # seconds


@pytest.fixture
def device(browser: Browser) -> Iterator[Page]:
    place = {"latitude": 29.331234, "longitude": 48.02, "accuracy": 7}
    with running() as url:
        context = browser.new_context(base_url=url, geolocation=place, permissions=["geolocation"])  # type: ignore[arg-type]
        page = context.new_page()
        _open(page)
        yield page
        context.close()


def _open(page: Page) -> None:
    page.goto("/")
    page.wait_for_selector("[data-ready]")


def _send(page: Page, note: str) -> str:
    """Fill the form in and press the button. Returns the key of the visit."""
    key = page.input_value(KEY)
    page.fill("#note", note)
    page.click("#send")
    return key


def _line_is_back(page: Page) -> None:
    page.evaluate("() => { dispatchEvent(new Event('online')); }")


def test_with_a_line_it_is_sent_at_once_with_its_place(device: Page) -> None:
    device.click("[data-field-locate]")
    device.wait_for_function("document.querySelector('[data-field-located]').textContent.includes('29.33')")
    key = _send(device, "one")
    device.wait_for_url(f"**/done/{key}/")
    ((visit, _note),) = Portal.visits.values()
    assert (visit.key, visit.latitude, visit.longitude, visit.accuracy_m) == (key, 29.331234, 48.02, 7)
    _open(device)
    assert device.evaluate(STORED) == [] and device.locator(KEPT).count() == 0


def test_without_a_line_it_is_kept_and_sent_once_when_the_line_is_back(device: Page) -> None:
    posts: list[Request] = []
    device.context.on("requestfinished", lambda request: posts.append(request) if request.method == "POST" else None)
    device.context.set_offline(True)
    began = device.input_value("#form [name=seen_at]")
    keys = [_send(device, "one")]
    device.locator(KEPT).nth(0).wait_for()
    device.wait_for_function(f"document.querySelector('{KEY}').value !== '{keys[0]}'")
    keys.append(_send(device, "two"))
    device.locator(KEPT).nth(1).wait_for()
    stored = {row["key"]: row for row in device.evaluate(STORED)}
    assert set(stored) == set(keys) and not Portal.visits
    assert stored[keys[0]]["state"] == "waiting" and stored[keys[0]]["fields"]["seen_at"] == began
    device.wait_for_timeout(LATER * 1000)
    device.context.set_offline(False)
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert {key: note for key, (_sent, note) in Portal.visits.items()} == dict(zip(keys, ("one", "two"), strict=True))
    assert len(posts) == 2 and device.evaluate(STORED) == []
    started_at = Portal.visits[keys[0]][0].started_at
    assert started_at == dt.datetime.fromisoformat(began), "the time of the device, not that of the sending"
    assert started_at.timestamp() < time.time() - LATER


@pytest.mark.parametrize("same_key", [True, False], ids=["same key", "control: a key for each sending"])
def test_an_answer_that_was_lost_makes_no_second_visit(device: Page, same_key: bool) -> None:
    def lose(route: Route) -> None:
        route.fetch()  # the portal has it
        route.abort()  # and the device does not hear so

    device.route("**/sync/", lose)
    with device.expect_event("requestfailed", lambda request: request.url.endswith("/sync/")):
        key = _send(device, "one")
    device.locator(KEPT).wait_for()
    assert list(Portal.visits) == [key] and [row["key"] for row in device.evaluate(STORED)] == [key]
    device.unroute("**/sync/")
    if not same_key:
        device.evaluate(
            "() => { const set = FormData.prototype.append; FormData.prototype.append = function (name, value) {"
            " set.call(this, name, name === 'client_key' ? crypto.randomUUID() : value); }; }"
        )
    _line_is_back(device)
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert len(Portal.visits) == (1 if same_key else 2)


def test_what_is_refused_stays_with_its_reason_until_its_person_decides(device: Page) -> None:
    Portal.mode = "refused"
    key = _send(device, "one")
    device.locator(f"{KEPT}:has-text('It was seen already.')").wait_for()
    _line_is_back(device)
    _open(device)
    assert "It was seen already." in device.locator(KEPT).inner_text()
    assert not Portal.visits and [row["key"] for row in device.evaluate(STORED)] == [key]
    again, drop = device.locator(f"{KEPT} button").all()
    drop.click()
    expect(device.locator(KEPT), "nothing is removed by one press").to_have_count(1)
    Portal.mode = ""
    again.click()
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert list(Portal.visits) == [key]


def test_what_is_refused_is_removed_by_a_second_press(device: Page) -> None:
    Portal.mode = "refused"
    _send(device, "one")
    drop = device.locator(f"{KEPT} button").nth(1)
    drop.click()
    drop.click()
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert device.evaluate(STORED) == [] and not Portal.visits


@pytest.mark.parametrize("mode", ["sign in", "down"])
def test_an_answer_that_is_none_of_the_contract_keeps_it_waiting(device: Page, mode: str) -> None:
    Portal.mode = mode
    key = _send(device, "one")
    device.locator(KEPT).wait_for()
    said = device.locator("[data-field-queue]").get_attribute("data-text-sign-in" if mode == "sign in" else "data-text-kept")
    device.wait_for_function("(said) => document.querySelector('[data-field-said]').innerText === said", arg=said)
    assert [(row["key"], row["state"]) for row in device.evaluate(STORED)] == [(key, "waiting")]
    Portal.mode = ""
    _open(device)
    device.wait_for_selector("[data-field-queue]", state="hidden")
    assert list(Portal.visits) == [key]


@pytest.mark.parametrize("mode", ["too large", "too large for the door"])
def test_what_is_too_large_stays_with_its_reason_and_holds_nothing_up(device: Page, mode: str) -> None:
    Portal.mode = mode
    first = _send(device, "one")
    device.locator(f"{KEPT} .kp-desk-bad").wait_for()
    assert device.locator(f"{KEPT} .kp-desk-bad").inner_text()
    Portal.mode = ""
    _open(device)
    second = _send(device, "two")
    device.wait_for_url(f"**/done/{second}/")
    _open(device)
    assert list(Portal.visits) == [second] and [row["key"] for row in device.evaluate(STORED)] == [first]


def test_where_nothing_can_be_kept_it_is_sent_as_without_a_script(device: Page) -> None:
    device.evaluate("() => { IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }; }")
    with device.expect_request(lambda request: request.method == "POST") as sent:
        _send(device, "one")
    assert "/sync/" not in sent.value.url and "note=one" in (sent.value.post_data or "")


def test_facts_that_do_not_fit_are_told_in_the_form_and_sent_under_the_same_key(device: Page) -> None:
    key = _send(device, "far too long for this field")
    device.locator("#note ~ [data-field-wrong]").wait_for()
    assert device.evaluate(STORED) == [] and device.input_value("#note").startswith("far too long")
    assert _send(device, "short") == key
    device.wait_for_url(f"**/done/{key}/")
    assert Portal.visits[key][1] == "short"

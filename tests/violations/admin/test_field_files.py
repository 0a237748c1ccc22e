"""The photos of a report in a browser: every one that was taken or chosen is kept, shown and can be removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.browser
NAMES = "[...new FormData(document.forms[0]).getAll('photos')].filter((file) => file.size).map((file) => file.name)"
SHOWN = "[...document.querySelectorAll('#photos-files bdi:first-of-type')].map((name) => name.textContent)"

SEARCH = """<meta charset=utf-8><div data-field>{queue}{check}<form data-field-form data-field-copy><section id=step-offence>
<p data-field-filter hidden><input id=filter></p><div data-field-unfound hidden><button type=button>x</button></div>
<fieldset><label class=kp-field-pick data-words="زبالة، bags"><input type=radio name=offence value=a{chosen}>كيس</label>
<label class=kp-field-pick><input type=radio name=offence value=b>ماء</label></fieldset>
<div data-field-measure><label for=q>x</label><input id=q name=quantity><p data-field-row><input name=months></p></div>
<input name=client_key><p data-field-place hidden>
<button type=button data-field-locate></button></p></section></form><script id=field-units type=application/json>{{}}</script>
<script id=field-unit-words type=application/json>{{}}</script>
<script type=module src=/js/field.js></script></div>"""


def _answer(route: Route) -> None:
    path = route.request.url.removeprefix("http://field.test/")
    if path.startswith("js/"):
        script = Path(settings.BASE_DIR, "static", path).read_text()
        if path == "js/field.js" and Given.careless:
            script = script.replace("kept.get(into) ?? []", "[]")
        route.fulfill(body=script, content_type="text/javascript")
    else:
        inputs = render_to_string("admin/violations/field_photos.html", {"photos": 3})
        route.fulfill(body=f"<form>{inputs}</form><script type=module src=/js/field.js></script>", content_type="text/html")


class Given:
    careless = False


@pytest.fixture(params=[False])
def form(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    Given.careless = request.param
    page = browser.new_context().new_page()
    page.route("http://field.test/**", _answer)
    page.goto("http://field.test/")
    yield page
    page.context.close()


@pytest.mark.parametrize(("typed", "left", "said"), [("كيس", 1, False), ("زباله", 1, False), ("Bags", 1, False), ("خشب", 0, True)])
def test_a_search_without_a_result_says_so_and_is_cleared(browser: Browser, typed: str, left: int, said: bool) -> None:
    page = browser.new_context().new_page()
    page.route("http://field.test/**", _search)
    page.goto("http://field.test/")
    page.fill("#filter", typed)
    expect(page.locator("label:has([name=offence]):visible")).to_have_count(left)
    assert page.locator("[data-field-unfound]").is_visible() is said
    if said:
        page.click("[data-field-unfound] button")
        assert page.locator("label:has([name=offence]):visible").count() == 2 and page.input_value("#filter") == ""
        assert not page.locator("[data-field-unfound]").is_visible()
    page.context.close()


def test_of_several_words_any_finds_an_offence_and_the_best_stands_first(browser: Browser) -> None:
    page = browser.new_context().new_page()
    page.route("http://field.test/**", _search)
    page.goto("http://field.test/")
    shown = "[...document.querySelectorAll('label:not([hidden]) [name=offence]')].map((one) => one.value)"
    page.fill("#filter", "زبالة أمام المحل")
    assert page.evaluate(shown) == ["a"]
    page.fill("#filter", "ماء زبالة مكب")
    assert page.evaluate(shown) == ["a", "b"]
    page.fill("#filter", "ماء")
    assert page.evaluate(shown) == ["b"]
    page.fill("#filter", "")
    assert page.evaluate(shown) == ["a", "b"], "the order of the list again"
    page.context.close()


def test_a_search_keeps_the_offence_that_a_form_opens_with(browser: Browser) -> None:
    page = browser.new_context().new_page()
    page.route("http://field.test/**", _search)
    page.goto("http://field.test/?chosen")
    page.fill("#filter", "ماء")
    expect(page.locator("label:has([name=offence]):visible")).to_have_count(2)
    page.fill("#filter", "خشب")
    expect(page.locator("[data-field-unfound]")).to_be_visible()
    expect(page.locator("label:has([name=offence]):visible")).to_have_count(1)
    page.context.close()


def _search(route: Route) -> None:
    if "/js/" in route.request.url:
        return _answer(route)
    dialog = render_to_string("fieldwork/check.html", {"heading": "check", "issue": "issue"})
    chosen = " checked" if "chosen" in route.request.url else ""
    page = SEARCH.format(queue=render_to_string("fieldwork/queue.html"), check=dialog, chosen=chosen)
    route.fulfill(body=page, content_type="text/html")


def _take(page: Page, name: str, into: str = "#camera") -> None:
    page.set_input_files(into, [{"name": name, "mimeType": "image/jpeg", "buffer": name.encode()}])


def test_a_second_photo_is_added_to_the_first_one(form: Page) -> None:
    _take(form, "wide.jpg")
    _take(form, "close.jpg")
    _take(form, "earlier.jpg", "#photos")
    assert form.evaluate(NAMES) == form.evaluate(SHOWN) == ["wide.jpg", "close.jpg", "earlier.jpg"]


@pytest.mark.parametrize("form", [True], ids=["control: what is there is not kept"], indirect=True)
def test_without_keeping_them_the_first_photo_is_lost(form: Page) -> None:
    _take(form, "wide.jpg")
    _take(form, "close.jpg")
    assert form.evaluate(NAMES) == ["close.jpg"]


def test_each_photo_is_removed_by_its_own_button(form: Page) -> None:
    for name in ("wide.jpg", "close.jpg"):
        _take(form, name)
    form.locator("#photos-files button").first.click()
    assert form.evaluate(NAMES) == form.evaluate(SHOWN) == ["close.jpg"]


def test_more_than_the_form_takes_is_said(form: Page) -> None:
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        _take(form, name)
    assert form.inner_text("#photos-chosen") == ""
    _take(form, "4.jpg")
    assert form.evaluate(NAMES) == ["1.jpg", "2.jpg", "3.jpg"] and form.inner_text("#photos-chosen")

"""The form on an Arabic phone: with scripts in few taps, and without them as one page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from reports import queries
from reports.intake.suggestions import found
from reports.models import HeldPhoto, Report, ReportPhoto
from tests.factories import report_photos, reports
from tests.journeys import measurements
from tests.published_rules import publish_rules

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "locale": "ar-KW"}
HERE = {"latitude": 29.3328, "longitude": 48.0283, "accuracy": 8}
TAPS = 6  # a person takes some eight seconds for each screen


@pytest.fixture
def photo(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    publish_rules()
    path = tmp_path / "photo.jpg"
    path.write_bytes(report_photos.file().read())
    return path


@pytest.fixture
def opened(browser: Browser, live_server: Any, photo: Path) -> Iterator[Callable[..., Page]]:
    """Opens the form in a new browser; nothing of it may raise an error."""
    contexts, wrong = [], []

    def open_form(**options: Any) -> Page:
        contexts.append(browser.new_context(**PHONE, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{live_server}/ar/report/")
        return page

    yield open_form
    for context in contexts:
        context.close()
    assert wrong == []


def test_a_report_takes_six_taps(opened: Callable[..., Page], photo: Path) -> None:
    near = reports.received(category="vendor")
    page = opened(geolocation=HERE, permissions=["geolocation"])
    taps = 0

    def tap(selector: str) -> None:
        nonlocal taps
        taps += 1
        page.click(selector)

    with page.expect_file_chooser() as chooser:
        tap("label[for=id_camera]")
    chooser.value.set_files(str(photo))
    page.wait_for_selector("#place:not([hidden])")
    page.locator("[data-report-near]", has_text="حولي").wait_for()
    page.locator(".kp-report__pin").wait_for()
    before = page.input_value("#id_position")
    page.click("[data-report-move='1,0']")
    assert page.input_value("#id_position") > before and page.input_value("#id_source") == "pin"
    assert measurements.axe(page) == [] and measurements.overhang(page) <= 0
    tap("[data-report-on]")
    tap("[data-report-kind=vendor] .kp-report__tile")
    page.wait_for_selector("#who:not([hidden])")
    assert "2026" in page.inner_text("[data-report-promise]")
    page.locator(f"[data-report-similar] form[action*='{near.public_id}']").wait_for()
    assert measurements.axe(page) == [] and measurements.overhang(page) <= 0
    assert page.locator("[data-report-strip] canvas").is_visible()  # the photo, on each screen after it
    tap("[data-report-check]")
    page.wait_for_selector("img[data-shot]:not([hidden])")
    assert page.evaluate("document.querySelector('img[data-shot]').naturalWidth") == 96
    assert measurements.axe(page) == [] and measurements.overhang(page) <= 0
    tap("button[name=send]")
    page.wait_for_url("**/report/sent/**")
    report = Report.objects.latest("pk")
    assert report.number in page.inner_text("main") and ReportPhoto.objects.filter(report=report).count() == 1
    page.go_back()
    page.wait_for_url(f"**/report/sent/{report.public_id}/**")
    assert Report.objects.count() == 2 and taps < TAPS


def test_the_place_of_a_photo_stands_on_the_form_and_can_be_taken_back(opened: Callable[..., Page], photo: Path) -> None:
    page = opened()
    page.set_input_files("#id_photos", str(photo))
    page.locator(".kp-report__pin").wait_for()
    assert (page.input_value("#id_source"), page.input_value("#id_position")) == ("photo", "29.332800, 48.028300")
    page.locator("[data-report-near]", has_text="حولي").wait_for()
    assert measurements.axe(page) == [] and measurements.overhang(page) <= 0
    assert page.evaluate("document.querySelector('#id_photos').files.length") == 0  # the portal has it; it is not sent again
    page.click("[data-report-undo]")
    assert page.input_value("#id_source") == page.input_value("#id_position") == ""
    assert not page.locator("[data-report-undo]").is_visible() and page.evaluate("document.activeElement.tagName") in ("BUTTON", "SUMMARY")
    page.click("[data-report-back]")
    page.click("[data-report-shots] button")
    page.locator("[data-report-shots] li").wait_for(state="detached")
    assert not HeldPhoto.objects.exists()


def test_an_answer_that_is_an_emergency_stops_at_once(opened: Callable[..., Page], photo: Path) -> None:
    page = opened()
    page.evaluate("location.hash = 'what'")
    page.reload()
    page.fill("#id_find", "خطر")
    assert page.locator("[data-report-kind=hazard] .kp-report__tile").is_visible()
    assert not page.locator("[data-report-kind=vendor] .kp-report__tile").is_visible()
    page.click("[data-report-kind=hazard] .kp-report__tile")
    page.check("#id_hazard-fire_or_gas_0")
    assert page.locator("[data-report-stop] a[href='tel:112']").is_visible() and page.locator("[data-report-on]").is_disabled()
    page.check("#id_hazard-fire_or_gas_1")
    assert page.locator("[data-report-kind=hazard] [data-report-promise]").is_visible(), "under the kind, not below all of them"
    page.fill("#id_find", "بائع")
    assert page.locator("[data-report-promise]").is_visible(), "also where the search leaves its kind out"
    assert measurements.axe(page) == []


SEARCHES = [
    "dog street",
    "كلب في الشارع",
    "الكلبِ والسلك",
    "dogs",
    "لوحات",
    "اعلان مائل",
    "AIR-conditioner dripping",
    "حفرة ، أسفلت",
    "xyz",
]


def test_a_search_of_several_words_finds_what_the_portal_finds(opened: Callable[..., Page], photo: Path) -> None:
    page = opened()
    page.evaluate("location.hash = 'what'")
    page.reload()
    rules = queries.rules()
    for typed in SEARCHES:
        page.fill("#id_find", f"{typed} ")
        kinds = page.locator("[data-report-kind]").evaluate_all("rows => rows.filter(r => !r.hidden).map(r => r.dataset.reportKind)")
        assert set(kinds) == {one.code for one in found(rules, typed)} or (typed == "xyz" and len(kinds) == len(rules.categories)), typed
        assert bool(page.inner_text("[data-report-found]")) == (typed == "xyz"), typed
    page.fill("#id_find", "كل")  # while it is typed
    assert page.locator("[data-report-kind=hazard] .kp-report__tile").is_visible()
    assert not page.locator("[data-report-kind=vendor] .kp-report__tile").is_visible()
    page.press("#id_find", "Enter")  # as the keyboard of a phone does
    assert page.locator("#what").is_visible() and not page.locator(".kp-errors").count()


def test_no_step_is_left_without_what_it_asks_and_errors_are_in_sight(opened: Callable[..., Page], photo: Path) -> None:
    page = opened()
    page.click("[data-report-on]")
    page.click("[data-report-on]")
    assert page.locator("#place").is_visible() and "المنطقة" in page.inner_text("[data-report-lack]")
    assert "اختيار" not in page.inner_text("label[for=id_area]") and "أو الإحداثيات" in page.inner_text("label[for=id_area]")
    assert page.evaluate("document.querySelector('[data-report-lack]').getBoundingClientRect().bottom <= innerHeight")
    page.select_option("#id_area", label="حولي")
    page.click("[data-report-on]")
    page.click("[data-report-on]")
    assert page.locator("#what").is_visible() and page.inner_text("[data-report-lack]")
    page.evaluate("location.hash = 'who'")
    page.reload()
    page.click("[data-report-check]")
    page.wait_for_selector(".kp-errors")
    assert page.evaluate("location.hash") == "" and page.evaluate("document.activeElement.className") == "kp-errors"
    assert page.evaluate("document.querySelector('.kp-errors').getBoundingClientRect().top") >= 0 and page.evaluate("scrollY") < 400


def test_the_map_shows_the_pin_again_after_going_back_and_the_area_that_is_chosen(opened: Callable[..., Page], photo: Path) -> None:
    seen = "(() => { const m = document.querySelector('.kp-map__ground'), p = m.querySelector('.kp-report__pin');"
    seen += " const [a, b] = [m.getBoundingClientRect(), p.getBoundingClientRect()];"
    seen += " return [(b.left + b.width / 2 - a.left) / a.width, (b.bottom - a.top) / a.height]; })()"
    page = opened(geolocation=HERE, permissions=["geolocation"])
    page.set_input_files("#id_photos", str(photo))
    page.locator(".kp-report__pin").wait_for()
    page.click("[data-report-on]")
    page.set_viewport_size({"width": 412, "height": 700})  # as when the keyboard or a bar goes away
    page.click("[data-report-back]")
    page.wait_for_selector("#place:not([hidden])")
    across, down = page.evaluate(seen)
    assert 0.4 < across < 0.6 and 0.4 < down < 0.6
    before = page.evaluate("document.querySelector('.kp-map__ground .leaflet-map-pane').style.transform")
    page.click("[data-report-typed] summary")
    page.select_option("#id_area", label="الجهراء")
    assert not page.locator(".kp-report__pin").count()
    assert page.evaluate("document.querySelector('.kp-map__ground .leaflet-map-pane').style.transform") != before


def test_without_scripts_it_is_one_page(opened: Callable[..., Page], photo: Path) -> None:
    page = opened(java_script_enabled=False)
    page.set_input_files("#id_photos", str(photo))
    page.fill("#id_words", "أنقاض")
    page.click("[data-report-check]")
    page.wait_for_selector(".kp-errors")
    assert page.input_value("#id_words") == "أنقاض" and ReportPhoto.objects.count() == 0
    page.check("#id_category_0", force=True)
    page.select_option("#id_area", label="حولي")
    page.fill("#id_street_block", "٤")
    page.click("[data-report-check]")
    page.click("button[name=send]")
    page.wait_for_url("**/report/sent/**")
    report = Report.objects.get()
    assert (report.block, report.photos.count()) == ("4", 1) and report.number in page.inner_text("main")

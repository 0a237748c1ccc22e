"""The page of a case in a real browser: keys, the text beside the decision, one screen, one column, and no script at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, Page, expect

from municipality.notifications.models import Message
from municipality.review.models import CheckAnswer, QueueEntry
from tests.browsers import signed_in
from tests.journeys.measurements import axe
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import NEXT
from tests.municipality.review.permits import Office

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SCREEN = {"width": 1440, "height": 900}
SEND = "[data-send]:visible"
LETTERS = ".kp-sheet:visible .kp-desk-letter"
Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, live_server: Any, office: Office) -> Iterator[Visit]:
    """The officer, before the page of the case that lies on the desk; another case waits."""
    opened: list[Any] = []
    for _ in range(2):
        permits.sent(office.applicant)
    client = signed_in(office.officer)
    address = client.post(NEXT)["Location"]

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": SCREEN, **options})
        opened.append(context)
        key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page: Page = context.new_page()
        page.goto(f"{live_server.url}{address}")
        return page

    yield open_page
    for context in opened:
        context.close()


def chosen(page: Page) -> list[str]:
    return [str(move.input_value()) for move in page.locator("[name=move]:checked").all()]


def test_keys_choose_show_close_and_send_and_the_message_is_what_was_shown(visit: Visit) -> None:
    page = visit()
    assert chosen(page) == [] and page.locator(SEND).count() == 0, "nothing is suggested"
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    assert chosen(page) == ["corrections"] and page.locator(SEND).count() == 0, "nothing is asked for yet"
    page.check("input[value='lease.file_unreadable']")
    page.locator(SEND).wait_for()
    page.keyboard.press("Escape")
    assert chosen(page) == [] and page.locator(LETTERS).count() == 0
    page.keyboard.press("2")
    page.locator(SEND).wait_for()
    page.click("#desk-corrections .kp-desk-choice:has(:checked) summary")
    english = page.locator("#desk-corrections .kp-desk-choice:has(:checked) textarea[lang=en]")
    english.fill("Page two")
    page.locator("[data-problem]:visible").wait_for()
    expect(page.locator(SEND), "an addition in one language cannot be sent; the button stays").to_be_disabled()
    lack = page.locator("[data-lack]:visible")
    expect(lack, "it is said at the empty box alone").to_have_attribute("data-lack", "note_ar.lease.file_unreadable")
    assert page.locator("[data-choose]:visible").count() == 0, "a reason is chosen"
    page.locator("#desk-corrections .kp-desk-choice:has(:checked) textarea[lang=ar]").fill("الصفحة الثانية")
    page.locator(LETTERS, has_text="Page two").wait_for()
    expect(page.locator(SEND)).to_be_enabled()
    assert axe(page) == [] and lack.count() == 0
    shown = [letter.inner_text() for letter in page.locator(f"{LETTERS} .kp-desk-body").all()]
    english.press("Enter")
    assert not Message.objects.filter(kind="review.corrections_asked").exists(), "Enter in a text is a new line"
    page.locator(LETTERS, has_text="Page two").wait_for()
    page.locator("[name=move]:checked").focus()
    page.locator(SEND).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_selector(".messagelist .success")
    assert "/admin/desk/" in page.url, "the next case is open"
    message = Message.objects.get(kind="review.corrections_asked")
    assert [" ".join(text.split()) for text in shown] == [" ".join(text.split()) for text in (message.body_ar, message.body_en)]
    assert QueueEntry.objects.filter(state="away").count() == QueueEntry.objects.filter(state="held").count() == 1


def test_a_no_is_saved_at_once_ticks_its_reason_and_closes_the_approval(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("1")
    assert chosen(page) == ["approve"]
    with page.expect_response("**/checks/") as saved:
        page.check("[name='check.drawing_matches'][value=no]", force=True)
    assert saved.value.status == 204 and CheckAnswer.objects.get().answer == "no"
    assert chosen(page) == [] and page.locator("#desk-closed").is_visible()
    page.keyboard.press("1")
    assert chosen(page) == [], "the key of a closed move does nothing"
    assert page.is_checked("input[value='area_m2.area_differs']")
    first = page.locator("[data-target]").first
    assert first.locator("input[value='area_m2.area_differs']").count() == 1, "what it leads to stands first"
    with page.expect_response("**/checks/"):
        page.check("[name='check.drawing_matches'][value=yes]", force=True)
    assert not page.is_checked("input[value='area_m2.area_differs']") and page.locator("#desk-closed").is_hidden()
    for name in ("commercial_license", "files_complete"):
        page.check(f"[name='check.{name}'][value=yes]", force=True)
    page.keyboard.press("1")
    page.locator(SEND).wait_for()


def test_the_page_is_one_screen_when_it_is_wide_and_one_column_when_not(visit: Visit) -> None:
    measures = "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
    wide = visit()
    for key in ("1", "2", "3", "4"):
        wide.keyboard.press(key)
        assert wide.evaluate(measures) == [0, 0] and axe(wide) == [], key
    narrow = visit(viewport={"width": 320, "height": 640})
    for key in ("1", "2", "3", "4"):
        narrow.keyboard.press(key)
        sideways, down = narrow.evaluate(measures)
        assert sideways <= 0 < down, key
    tops = [narrow.locator(part).bounding_box() for part in (".kp-casefacts", ".kp-viewer", ".kp-decide", ".kp-sheet:visible")]
    assert [box["y"] for box in tops if box] == sorted(box["y"] for box in tops if box) and all(tops)


def test_on_a_small_screen_a_question_is_in_sight_and_the_buttons_stay_where_they_are(visit: Visit) -> None:
    page = visit(viewport={"width": 1280, "height": 900})
    buttons, question = page.locator(".kp-movegrid"), page.locator(".kp-ask .kp-seg").first

    def is_in_sight() -> bool:
        pane, answer = page.locator(".kp-casefacts").bounding_box(), question.bounding_box()
        return bool(pane and answer and pane["y"] <= answer["y"] and answer["y"] + answer["height"] <= pane["y"] + pane["height"])

    place = buttons.bounding_box()
    assert is_in_sight()
    for key in ("1", "2", "3", "4"):
        page.keyboard.press(key)
        assert buttons.bounding_box() == place and is_in_sight(), key
    page.keyboard.press("1")
    page.wait_for_selector("[data-problem]")
    expect(page.locator("[data-show]:visible"), "the text comes by itself").to_have_count(0)
    assert is_in_sight() and page.locator(".kp-unanswered:visible").count() == 3
    page.check("[name='check.files_complete'][value=yes]", force=True)
    expect(page.locator(".kp-unanswered:visible")).to_have_count(2)
    assert page.locator("[data-open]").inner_text() == "بقي سؤالان دون إجابة"
    page.check("[name='check.drawing_matches'][value=no]", force=True)
    assert page.locator("[data-closed]").inner_text().endswith("السؤال رقم 3")


def test_without_scripts_the_server_shows_the_text_before_it_is_sent(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    for name, answer in (("commercial_license", "yes"), ("files_complete", "yes"), ("drawing_matches", "no")):
        page.check(f"[name='check.{name}'][value={answer}]", force=True)
    with page.expect_navigation():
        page.click("[formaction$='/checks/']")
    page.check("[name=move][value=refuse]", force=True)
    page.check("#desk-refuse [value=layout_changed]")
    expect(page.locator(SEND)).to_have_count(0)
    with page.expect_navigation():
        page.click("[data-show]:visible")
    assert page.locator(".kp-desk-letter").count() == 2 and QueueEntry.objects.filter(state="held").count() == 1
    with page.expect_navigation():
        page.click("button[name=step][value=send]")
    assert page.locator(".messagelist .success").count() == 1 and QueueEntry.objects.filter(state="countersign").count() == 1


def test_an_approval_without_a_question_is_confirmed_before_it_can_be_sent(visit: Visit) -> None:
    page = visit()
    for name, answer in (("commercial_license", "na"), ("files_complete", "yes"), ("drawing_matches", "yes")):
        page.check(f"[name='check.{name}'][value={answer}]", force=True)
    page.keyboard.press("1")
    page.wait_for_selector("[data-problem]")
    assert page.locator(SEND).count() == 0 and axe(page) == []
    assert page.locator("[data-na]").inner_text() == "المجاب عنه بـ«لا ينطبق»: السؤال رقم 1"
    page.check("[name=without]")
    page.locator(SEND).wait_for()
    page.check("[name='check.files_complete'][value=na]", force=True)
    assert not page.is_checked("[name=without]"), "it was said of other answers"
    page.wait_for_selector("[data-problem]")


def test_the_reason_that_an_answer_ticked_is_in_sight(visit: Visit) -> None:
    page = visit(viewport={"width": 1280, "height": 720})
    page.check("[name='check.drawing_matches'][value=no]", force=True)
    page.keyboard.press("2")
    pane, box = page.locator(".kp-whys").bounding_box(), page.locator("input[value='area_m2.area_differs']").bounding_box()
    assert pane and box and pane["y"] <= box["y"] < pane["y"] + pane["height"]

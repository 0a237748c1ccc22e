"""The page of the second signature in a real browser: keys, a question that closes the signature, one screen, a phone, and no script."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, Page, expect

from municipality.review.models import ConflictOfInterest, Decision
from municipality.review.services import desk
from tests import desk_acts
from tests.browsers import signed_in
from tests.journeys.measurements import axe
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import SIGN
from tests.municipality.review.permits import Office

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SEND = "[data-send]:visible"
Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, live_server: Any, office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """A supervisor before a refusal that waits for the second signature."""
    # The server's threads do not stand still at the instant of the sign-in; the proof has tests of its own.
    monkeypatch.setattr("municipality.accounts.services.sessions.is_fresh", lambda _request: True)
    opened: list[Any] = []
    permits.sent(office.applicant)
    desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(office.officer), "no"), code="layout_changed")
    client = signed_in(office.supervisor)

    def open_page(language: str = "ar", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        opened.append(context)
        key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        cookies = {django_settings.SESSION_COOKIE_NAME: key, django_settings.LANGUAGE_COOKIE_NAME: language}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        page: Page = context.new_page()
        page.goto(f"{live_server.url}{SIGN}")
        return page

    yield open_page
    for context in opened:
        context.close()


def chosen(page: Page) -> list[str]:
    return [str(move.input_value()) for move in page.locator("[name=move]:checked").all()]


def answer(page: Page, value: str = "yes") -> None:
    for control in page.locator(f"[name^='answer.'][value={value}]").all():
        control.check(force=True)


def test_keys_choose_a_no_closes_the_signature_and_enter_signs(visit: Visit) -> None:
    page = visit()
    assert chosen(page) == [] and page.locator(SEND).count() == 0, "nothing is suggested"
    for key, move in (("1", "sign"), ("2", "back"), ("3", "recuse")):
        page.keyboard.press(key)
        can_send = move != "sign"  # before it the questions are answered
        assert chosen(page) == [move] and page.locator(SEND).count() == can_send
    page.keyboard.press("1")
    answer(page)
    expect(page.locator(SEND)).to_have_count(1)
    page.check("[name='answer.is_proven'][value=no]", force=True)
    assert chosen(page) == [] and page.locator("#desk-closed").is_visible() and page.locator(".kp-says-no:visible").count() == 1
    page.keyboard.press("1")
    assert chosen(page) == [], "the key of a closed move does nothing"
    page.check("[name='answer.is_proven'][value=yes]", force=True)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".messagelist .success")
    assert Decision.objects.get().is_signed


def test_an_open_question_stops_the_signature_and_not_the_way_back(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("1")
    assert page.locator(SEND).count() == 0 and page.locator("[data-first-answer]").is_visible()
    page.keyboard.press("Enter")
    assert not Decision.objects.get().is_signed
    page.keyboard.press("2")
    page.check("[name=code][value=words_unclear]")
    page.click(SEND)
    page.wait_for_selector(".messagelist .success")
    assert Decision.objects.get().voided_at is not None


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_page_is_one_screen_when_it_is_wide_and_fits_a_phone(visit: Visit, language: str) -> None:
    measures = "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
    wide = visit(language)
    for key in ("1", "2", "3"):
        wide.keyboard.press(key)
        assert wide.evaluate(measures) == [0, 0] and axe(wide) == [], key
    narrow = visit(language, viewport={"width": 320, "height": 640})
    for key in ("1", "2", "3"):
        narrow.keyboard.press(key)
        sideways, down = narrow.evaluate(measures)
        assert sideways <= 0 < down, key


def test_without_scripts_a_no_hides_the_signature_and_the_proposal_goes_back(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    answer(page)
    page.check("[name=move][value=sign]", force=True)
    expect(page.locator(SEND)).to_have_count(1)
    page.check("[name='answer.article_applies'][value=no]", force=True)
    assert page.locator(SEND).count() == 0 and page.locator("#desk-closed").is_visible()
    page.check("[name=move][value=back]", force=True)
    page.check("[name=code][value=reason_not_proven]")
    page.click(SEND)
    page.wait_for_selector(".messagelist .success")
    assert Decision.objects.get().article_applies is False


def test_without_scripts_a_conflict_of_interest_is_declared(visit: Visit, office: Office) -> None:
    page = visit(java_script_enabled=False)
    page.check("[name=move][value=recuse]", force=True)
    page.check("[name=kind][value=relative]")
    page.check("[name=party][value=applicant]")
    page.click(SEND)
    page.wait_for_selector(".messagelist .success")
    assert ConflictOfInterest.objects.filter(officer=office.supervisor).count() == 2

"""What a browser shows of a person after they have signed out: nothing, however far somebody goes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, BrowserType, Page

from municipality.accounts import middleware
from municipality.accounts.models import User
from script.support.programs import whole_browser
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory, StaffFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.postgres]
PAGES = ("/en/profile/", "/en/profile/email/", "/en/messages/", "/en/my-shops/", "/en/profile/")
STAFF_PAGES = ("/admin/password_change/", "/en/profile/sessions/", "/admin/")


@pytest.fixture(scope="module")
def remembering(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """Chromium as people have it: one without windows, or as Playwright starts it, would keep no page for the way back."""
    found = whole_browser()
    if found is None:
        pytest.skip("no whole Chromium was found; install the package chromium")
    arguments = {**browser_type_launch_args, "executable_path": found}
    own = browser_type.launch(**arguments, ignore_default_args=["--disable-back-forward-cache"])
    yield own
    own.close()


Visit = Callable[[User], Page]


@pytest.fixture
def visit(remembering: Browser, live_server: Any) -> Iterator[Visit]:
    """A browser in which the user has signed in."""
    opened: list[Any] = []

    def open_page(user: User) -> Page:
        context = remembering.new_context(base_url=live_server.url)
        opened.append(context)
        key = signed_in(user).cookies[django_settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()


def gone_back(page: Page, steps: int) -> list[str]:
    """The words of each page on the way back."""
    seen = []
    for _ in range(steps):
        page.go_back(wait_until="commit")  # a page that was kept whole is not loaded again
        page.locator("h1").first.wait_for()
        seen.append(f"{page.url} {page.locator('body').inner_text()}")
    return seen


def signed_out(page: Page) -> None:
    for menu in page.locator("button[popovertarget=me]").all():  # the staff's own menu is folded
        menu.click()
    page.locator("form[action$='sign-out/'] button, #logout-form button").first.click()
    page.wait_for_load_state()


def test_going_back_after_signing_out_shows_nothing_of_a_person(visit: Visit) -> None:
    person = PersonFactory()
    page = visit(person)
    for path in PAGES:
        page.goto(path)
    assert person.name_en in page.content()
    signed_out(page)
    for seen in gone_back(page, len(PAGES)):
        assert "/en/sign-in/" in seen
        assert person.name_en not in seen and person.email not in seen


def test_going_back_after_signing_out_shows_nothing_of_the_office(visit: Visit) -> None:
    officer = StaffFactory(groups=["auditor"])
    page = visit(officer)
    for path in STAFF_PAGES:
        page.goto(path)
    assert officer.name_ar in page.content()
    signed_out(page)
    for seen in gone_back(page, len(STAFF_PAGES)):
        assert "sign-in/" in seen and officer.name_ar not in seen


def test_without_the_middleware_the_person_comes_back(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control."""
    monkeypatch.setattr(middleware, "add_never_cache_headers", lambda response: None)
    person = PersonFactory()
    page = visit(person)
    for path in PAGES:
        page.goto(path)
    signed_out(page)
    assert any(person.name_en in seen for seen in gone_back(page, len(PAGES)))


def test_back_and_forward_work_while_signed_in(visit: Visit) -> None:
    page = visit(PersonFactory())
    for path in PAGES:
        page.goto(path)
    for path in reversed(PAGES[:-1]):
        page.go_back()
        assert page.url.endswith(path) and page.locator("main h1").count() == 1
    for path in PAGES[1:]:
        page.go_forward()
        assert page.url.endswith(path) and page.locator("main h1").count() == 1

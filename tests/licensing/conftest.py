"""Pages of licensing in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from municipality.accounts.models import User
from municipality.ui.language import STAFF_COOKIE
from tests.browsers import signed_in
from tests.licensing.signage.browsing import VIEWS, Open


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Open]:
    """Opens a page in which somebody has signed in, or nobody has."""
    opened: list[Any] = []

    def open_page(path: str, user: User | None = None, *, language: str, **options: Any) -> Page:
        context = browser.new_context(viewport=VIEWS[language], **options)  # type: ignore[arg-type]
        opened.append(context)
        if user is not None:
            key = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            cookies = {settings.SESSION_COOKIE_NAME: key, STAFF_COOKIE: language}
            context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        page: Page = context.new_page()
        page.goto(f"{live_server.url}{path}")
        return page

    yield open_page
    for context in opened:
        context.close()

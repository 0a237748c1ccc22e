"""Every page that any test opens keeps to the rules of all pages: import the fixture into a conftest and it watches."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from municipality.ui.errors import _BARE
from tests.architecture.pages import header_problems, is_page, page_problems


def problems_of(response: Any) -> list[str]:
    """What is wrong with an answer. The demo's phone stands on a host of its own; the last-resort page is a constant of both languages."""
    if getattr(response, "streaming", False) or not is_page(response):
        return []
    text = response.content.decode()
    if not text.lstrip().lower().startswith("<!doctype") or text == _BARE:
        return []
    phone = f"={settings.MOBILE_ID_URL.rstrip('/')}/phone/"
    found = [problem for problem in page_problems(text) if phone not in problem]
    if "csp.middleware.CSPMiddleware" in settings.MIDDLEWARE:  # parts that are tried without the portal's own middleware have no headers
        found += header_problems(response)
    return found


@pytest.fixture(autouse=True)
def every_page_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test that opens an unsound page, at the request."""
    watch(monkeypatch)


def watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at each answer that Django's test client gets."""
    request_of = Client.request

    def request(client: Client, **parts: Any) -> Any:
        response = request_of(client, **parts)
        found = problems_of(response)
        if found:
            listed = "\n  ".join(found)
            pytest.fail(f"{parts.get('PATH_INFO')} is not sound:\n  {listed}")
        return response

    monkeypatch.setattr(Client, "request", request)

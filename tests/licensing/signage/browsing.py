"""Pages of boards in a real browser: an Arabic phone and an English desktop."""

from __future__ import annotations

import os
from collections.abc import Callable

from playwright.sync_api import Page

from tests.journeys.measurements import axe, overhang

VIEWS = {"ar": {"width": 390, "height": 844}, "en": {"width": 1280, "height": 900}}
Open = Callable[..., Page]


def look(page: Page, name: str) -> None:
    """The page is sound; a picture of it where somebody wants to look at it."""
    assert axe(page) == [] and overhang(page) == 0
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)

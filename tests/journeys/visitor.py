"""A visitor: one browser profile with one window, whose requests and complaints are written down."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, ViewportSize

from tools.stack.running import Stack, wait_until

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PATIENCE = 60  # seconds; other work may load the machine
LOCALES = {"ar": "ar-KW", "en": "en-GB"}


# A page that tells the time of its device (an inspector's minute) keeps the clock of the test run; timers stay the browser's own.
DEVICE_TIME = """{
  const machine = Date, offset = %s;
  Date = class extends machine {
    constructor(...given) { given.length ? super(...given) : super(machine.now() + offset); }
    static now() { return machine.now() + offset; }
  };
}"""


class Visitor:
    """Fresh unless `state` (cookies of an earlier visit) is given. `code` is the language asked for in addresses."""

    def __init__(self, browser: Browser, stack: Stack, code: str = "ar", **options: Any) -> None:
        self.stack, self.code = stack, code
        wanted = {"viewport": DESKTOP, "locale": LOCALES[code], "accept_downloads": True, **options}
        self.scripts = bool(wanted.get("java_script_enabled", True))
        self.context = browser.new_context(**wanted)
        self.context.set_default_timeout(PATIENCE * 1000)
        self.context.add_init_script(DEVICE_TIME % (float(os.environ["TEST_CLOCK_OFFSET"]) * 1000))
        self.context.on("request", self._asked)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.complaints.append(f"{error.page and error.page.url}: {error.error}"))
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.pages_with_status: dict[str, int] = {}
        self.loads = 0  # of pages, redirects included
        self.refused: set[str] = set()
        self.page: Page = self.context.new_page()
        self.page.on("response", lambda answer: self._answered(answer))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.asked.append(request.url)

    def _answered(self, answer: Any) -> None:
        if answer.request.is_navigation_request():
            self.pages_with_status[answer.url] = answer.status
            self.loads += 1
            if 400 <= answer.status < 500:
                self.refused.add(answer.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")

    def close(self) -> None:
        self.context.close()

    # Where requests may go, and what the browser has said

    def foreign_requests(self) -> list[str]:
        """Requests to anything but the portal's own processes (the simulators stand for the bank and for Mobile ID)."""
        own = {f"127.0.0.1:{self.stack.port + offset}" for offset in range(4)}
        return [url for url in self.asked if urlsplit(url).netloc not in own]

    def wrongs(self) -> list[str]:
        """Errors of the console, but for the line about a page that answered 4xx on purpose (a form with errors)."""
        meant = tuple(f"{url}: Failed to load resource" for url in self.refused)
        return [complaint for complaint in self.complaints if not complaint.startswith(meant or "\0")]

    # Going somewhere

    def go(self, path: str) -> Page:
        """A path under the language, or an absolute address of the portal (begins with /)."""
        target = path if path.startswith("/") else f"/{self.code}/{path}"
        self.page.goto(self.stack.base_url + target)
        return self.page

    def my_shops(self, shop: str) -> Page:
        """My shops, narrowed down to the shop of this public id: a long list has pages."""
        ((number,),) = self.stack.sql("SELECT commercial_license_no FROM shops_shop WHERE public_id = %s", shop)
        return self.go(f"my-shops/?q={number}")

    def here(self) -> str:
        """The path of the page shown."""
        return urlsplit(self.page.url).path

    def arrive(self, pattern: str, seconds: float = PATIENCE) -> Page:
        """Wait until the path matches, however the page gets there."""
        self.page.wait_for_url(lambda url: re.search(pattern, urlsplit(url).path) is not None, timeout=seconds * 1000)
        return self.page

    def look_until(self, seen: Callable[[], bool], seconds: float, what: str) -> None:
        """Load the page again until it shows what is waited for, as a patient person does: each load takes time from the worker."""

        def again() -> bool:
            if seen():
                return True
            self.page.reload()
            return seen()

        wait_until(again, seconds, what, pause=0.5)

    # What every page has

    def heading(self) -> str:
        return " ".join(self.page.locator("main h1").inner_text().split())

    def main(self) -> str:
        """The words of the page between header and footer."""
        return " ".join(self.page.locator("main").inner_text().split())

    def focused(self) -> Locator:
        return self.page.locator("*:focus")

    # Signing in

    def sign_in(self, civil_id: str, then: str = "my-shops/") -> Page:
        """Through the form, with the demo's shortcut in place of the phone."""
        self.go(then)
        self.page.fill("#id_civil_id", civil_id)
        self.page.click("#form button.kp-btn--fill")
        self.arrive(r"/sign-in/waiting/$")
        self.page.click("button[name=decision][value=approve]")
        return self.arrive(rf"/{self.code}/{then}$")

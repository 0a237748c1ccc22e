"""The control desks and pages of the simulators, as a test uses them."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any

from playwright.sync_api import Browser, Page

from tests.journeys.visitor import PHONE, Visitor
from tools.stack.running import Stack


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    """GET, or POST of a JSON body; the JSON answer."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"}), timeout=30) as answer:
        return json.load(answer)


class Phone:
    """A person's phone in a browser of its own."""

    def __init__(self, browser: Browser, stack: Stack, civil_id: str, code: str = "ar") -> None:
        self.stack, self.code = stack, code
        people = ask(f"{stack.mobile_id_url}/control/people")["people"]
        self.key = next(person["key"] for person in people if person["civil_id"] == civil_id)
        self.visitor = Visitor(browser, stack, code, viewport=PHONE)

    @property
    def page(self) -> Page:
        return self.visitor.page

    def look(self, **query: str) -> Page:
        """What waits on the phone; with `qr` the request behind a scanned code."""
        self.page.goto(f"{self.stack.mobile_id_url}/phone/?{urllib.parse.urlencode({'lang': self.code, 'person': self.key, **query})}")
        return self.page

    def answer(self, decision: str, number: str, **query: str) -> None:
        """Approve or decline the one request, after comparing the number with the one on the site."""
        page = self.look(**query)
        card = page.locator("[data-request]")
        if card.count() == 0:  # the phone's page renews itself while nothing waits; here at once
            self.look(**query)
        assert card.count() == 1, page.locator("body").inner_text()
        assert card.locator(".kp-match").inner_text().strip() == number
        card.locator(f"button[value={decision}]").click()
        page.wait_for_selector(".kp-notice")

    def close(self) -> None:
        self.visitor.close()


class Bank:
    """The desk of the gateway's simulator."""

    def __init__(self, stack: Stack) -> None:
        self.url = stack.knet_url

    def behave(self, *behaviours: str) -> None:
        """What happens to the next payment that is opened."""
        ask(f"{self.url}/control/behaviour", {"next": list(behaviours)})

    def book(self, trackid: str = "") -> list[dict[str, Any]]:
        """Transactions as the bank has them."""
        found: list[dict[str, Any]] = ask(f"{self.url}/control/book?trackid={trackid}")["transactions"]
        return found


def text_messages(stack: Stack, to: str) -> list[str]:
    """Texts that reached a phone, by the SMS simulator."""
    return [message["text"] for message in ask(f"{stack.sms_url}/messages?to={urllib.parse.quote(to)}")["messages"]]


def letters(stack: Stack, to: str) -> list[Any]:
    """E-mails to an address, as the demo's mail folder keeps them."""
    import email
    import email.policy

    found = []
    for path in sorted((stack.var / "mail").glob("*.log")):
        for part in path.read_bytes().split(b"-" * 79):
            letter = email.message_from_bytes(part.strip(), policy=email.policy.default)
            if to in str(letter["To"]):
                found.append(letter)
    return found

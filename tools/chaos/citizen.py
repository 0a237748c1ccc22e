"""A person at a browser without JavaScript: signs in, files, pays, over HTTP only."""

from __future__ import annotations

import html
import re
from typing import Any

import requests

from tools.chaos.portal import Portal
from tools.stack.running import wait_until


class Citizen:
    """One browser session in English. Use as a context manager."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.session, self.page = portal, requests.Session(), ""
        self.status = 0
        self.address = ""

    def __enter__(self) -> Citizen:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, path: str) -> str:
        """Follow a link. Keeps status, address and text of the page."""
        return self._keep(self.session.get(self._url(path), timeout=20))

    def post(self, path: str, **fields: Any) -> str:
        """Send the form of the present page, with its hidden fields."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)"(?: id="\w+")? value="([^"]*)"', self.page))
        hidden |= {name: value for value, name in re.findall(r'<input type="hidden" value="([^"]*)" name="(\w+)"', self.page)}
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page)
        assert token, "no form on this page"
        sent = {name: value for name, value in hidden.items() if name == "total"} | fields
        return self._keep(self.session.post(self._url(path), data={"csrfmiddlewaretoken": token[1], **sent}, timeout=20))

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.portal.base_url}{path}"

    def _keep(self, answer: requests.Response) -> str:
        self.page, self.status, self.address = answer.text, answer.status_code, answer.url
        return self.page

    def sign_in(self, name: str) -> None:
        """Through Mobile ID, with the phone answered by the demo's shortcut."""
        self.get("/en/sign-in/")
        people = re.findall(r'name="person" value="(\w+)"[^>]*>(.*?)</button>', self.page, re.S)
        person = next(key for key, words in people if name in html.unescape(words))
        self.post("/en/sign-in/demo/start/", person=person)
        assert self.status == 200, self.page[:500]
        self.post("/en/sign-in/demo/answer/", decision="approve")
        assert self.status == 200, self.page[:500]
        wait_until(lambda: "/sign-in/" not in self.address or not self.get("/en/sign-in/waiting/"), 30, "the door to open")

    def renewable(self) -> str:
        """The address where the first shop that may be renewed is renewed."""
        self.get("/en/my-shops/")
        for path in dict.fromkeys(re.findall(r'href="(/en/health-licence/\w+/renew/)"', self.page)):
            if 'id="form"' in self.get(path):
                return path
        raise AssertionError("no shop to renew")

    def file(self, path: str) -> None:
        """Submit the renewal; the browser then stands before the bill."""
        self.get(path)
        self.post(path, changed="no", declared="on")

    def go_to_bank(self) -> dict[str, Any]:
        """Press "pay" on the bill: the payment that is now open at the bank, and its case."""
        before = {row["trackid"] for row in self.portal.bank("book")["transactions"]}
        bill = re.search(r"/en/pay/(\w+)/", self.address)
        assert bill, self.address
        self.post(bill[0])
        assert self.address.startswith(self.portal.knet_url), self.address
        opened = [row for row in self.portal.bank("book")["transactions"] if row["trackid"] not in before]
        assert len(opened) == 1
        rows = self.portal.sql("SELECT subject FROM payments_bill WHERE public_id = %s", bill[1])
        return {"trackid": opened[0]["trackid"], "case": rows[0][0].partition(":")[2]}

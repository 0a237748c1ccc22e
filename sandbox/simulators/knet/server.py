"""The gateway simulator over HTTP: the page, the server-to-server side, and the control desk of the tests.

Control desk (JSON in, JSON out):

- `POST /control/behaviour` `{"next": ["suspect", "delayed_notification:2"], "trackid": "…"}`: lay behaviours on the payment with
  that track id (before or after it is opened) or, without one, on the next payment opened (`"times": n` for the next n);
  `{"always": [...]}` lays them on every payment; `{"settings": {...}}` changes `shape` (1, 2, "alternate"), `paid_word`
  ("CAPTURED", "SUCCESS"), `page_seconds`, `ack_seconds`, `tranpipe` ("ok", "down").
- `GET /control/book` `?trackid=`: every transaction. `GET /control/notifications` `?trackid=`: every notification with its bytes.
- `POST /control/pay` `{"trackid", "result"}`: the customer's decision without the page; result as on the buttons, `close` and `error` too.
- `POST /control/notify` `{"trackid", "count"}`: the genuine result again, `count` times at the same moment.
- `GET /control/statement` `?day=2026-11-24`: the settlement file of a day (CSV, an invented format); `without`, `changed`, `twice`
  name a track id that is left out, one dinar too high, or there twice. `GET /statements`: a page with those of the last 14 days that ended.
- `POST /control/reset` `{}`: an empty book.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

from .. import serving
from ..serving import Refused, Request, Response, as_html, as_json, redirect
from ..storage import now
from . import behaviours, pages, protocol, statement
from .book import KUWAIT, Book
from .gateway import DEFAULTS, Dropped, Gateway, Outcome, Unavailable, error_url
from .protocol import RESULTS, ProtocolError, Terminal

STATEMENTS = 14  # days on the page of settlement files
KEY_NAMES = ("KNET_TRANPORTAL_ID", "KNET_PASSWORD", "KNET_RESOURCE_KEY")
ALLOWED: dict[str, Any] = {
    "shape": lambda value: value in (1, 2, "alternate"),
    "paid_word": lambda value: value in ("CAPTURED", "SUCCESS"),
    "page_seconds": lambda value: isinstance(value, int | float) and value >= 0,
    "ack_seconds": lambda value: isinstance(value, int | float) and 0 < value <= 60,
    "tranpipe": lambda value: value in ("ok", "down"),
}


class Desk:
    """The routes over one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    # The customer

    def enter(self, request: Request) -> Response:
        """The address the merchant sends the browser to."""
        if request.query.get("param") != "paymentInit":
            raise Refused(404, "No such service.")
        try:
            paymentid = self.gateway.open(request.query)
        except ProtocolError as error:
            target = request.query.get("errorURL", "")
            if protocol.url_is_allowed(target):
                return redirect(error_url(target, error))
            return as_html(pages.refusal_page(request.language(), error.code, error.text), 400)
        return redirect(f"/kpg/paymentpage.htm?PaymentID={paymentid}")

    def page(self, request: Request) -> Response:
        """The page with the buttons, or where a decided payment stands."""
        try:
            payment = self.gateway.payment(request.query.get("PaymentID", ""))
        except ProtocolError as error:
            return as_html(pages.refusal_page(request.language(), error.code, error.text), 404)
        if payment["dead"]:
            return self._show(payment["paymentid"], self.gateway.fail(payment["paymentid"], 55))
        if payment["result"] is None:
            return as_html(pages.payment_page(payment))
        return self._show(payment["paymentid"], self.gateway.browser_target(payment["paymentid"]))

    def decide(self, request: Request) -> Response:
        """A button of the page."""
        form = request.form()
        paymentid, choice = form.get("paymentid", [""])[0], form.get("result", [""])[0]
        chosen = [f"{name}:{form[number][0]}" if (number := f"number:{name}") in form else name for name in form.get("behaviour", [])]
        try:
            payment = self.gateway.payment(paymentid)
            self.gateway.book.set_behaviours(payment["trackid"], behaviours.read(chosen))
            return self._show(paymentid, self._decide(paymentid, choice))
        except behaviours.UnknownBehaviour as error:
            raise Refused(400, str(error)) from None
        except ProtocolError as error:
            return as_html(pages.refusal_page(request.language(), error.code, error.text), 404)

    def _decide(self, paymentid: str, choice: str) -> Outcome:
        if choice == "error":
            return self.gateway.fail(paymentid)
        if choice == "close":
            return self.gateway.decide(paymentid, protocol.PAID, browser_stays=False)
        if choice not in RESULTS:
            raise Refused(400, "Unknown result.")
        return self.gateway.decide(paymentid, choice)

    def _show(self, paymentid: str, outcome: Outcome) -> Response:
        if outcome.url:
            return redirect(outcome.url)
        if outcome.page == "waiting":
            # A page of its own, since the page that renews itself must not be the answer to a form.
            return redirect(f"/kpg/wait.htm?PaymentID={paymentid}", 303)
        return as_html(pages.outcome_page(self.gateway.payment(paymentid), outcome.page))

    def wait(self, request: Request) -> Response:
        """The page of a browser that waits for the merchant's acknowledgement."""
        try:
            payment = self.gateway.payment(request.query.get("PaymentID", ""))
        except ProtocolError as error:
            return as_html(pages.refusal_page(request.language(), error.code, error.text), 404)
        outcome = self.gateway.browser_target(payment["paymentid"])
        return as_html(pages.outcome_page(payment, "waiting")) if outcome.page == "waiting" else self._show(payment["paymentid"], outcome)

    # The merchant's server

    def tranpipe(self, request: Request) -> Response:
        """Inquiry and refund."""
        if request.query.get("param") != "tranInit":
            raise Refused(404, "No such service.")
        try:
            return Response(self.gateway.tranpipe(request.body), 200, "text/xml; charset=utf-8")
        except Unavailable:
            return Response(b"", 500)
        except Dropped:
            return Response(drop=True)

    # The control desk

    def behaviour(self, request: Request) -> Response:
        """Lay behaviours, change settings."""
        data, book = request.json(), self.gateway.book
        try:
            next_behaviours, always = behaviours.read(data.get("next", [])), behaviours.read(data.get("always", []))
            times = int(data.get("times", 1))
        except (behaviours.UnknownBehaviour, TypeError, ValueError) as error:
            raise Refused(400, str(error)) from None
        settings = data.get("settings", {})
        if not isinstance(settings, dict):
            raise Refused(400, "settings is an object.")
        for name, value in settings.items():
            if name not in DEFAULTS or not ALLOWED[name](value):
                raise Refused(400, f"unknown setting {name}")
        with book.transaction():
            for name, value in settings.items():
                book.set_setting(name, value)
            if "always" in data:
                book.set_setting("always", always)
            if data.get("lift") and data.get("trackid"):
                book.clear_behaviours(str(data["trackid"]))
            if "next" in data and data.get("trackid"):
                book.set_behaviours(str(data["trackid"]), next_behaviours)
            elif "next" in data:
                book.set_setting("next", book.setting("next", []) + [next_behaviours] * times)
        return as_json({"next": next_behaviours, "always": book.setting("always", {}), "waiting": len(book.setting("next", []))})

    def known(self, _request: Request) -> Response:
        """What can be laid on a payment."""
        return as_json({name: {"en": b.english, "ar": b.arabic, "number": b.number} for name, b in behaviours.KNOWN.items()})

    def book(self, request: Request) -> Response:
        """The statement."""
        return as_json({"transactions": self.gateway.book.statement(request.query.get("trackid", ""))})

    def notifications(self, request: Request) -> Response:
        """Every notification sent, oldest first, with its body."""
        return as_json({"notifications": self.gateway.book.notifications(request.query.get("trackid", ""))})

    def _payment_of(self, data: dict[str, Any]) -> dict[str, Any]:
        payment = self.gateway.book.by_trackid(str(data.get("trackid", "")))
        if payment is None:
            raise Refused(404, "No such track id.")
        return payment

    def pay(self, request: Request) -> Response:
        """Act as the customer."""
        data = request.json()
        payment = self._payment_of(data)
        outcome = self._decide(payment["paymentid"], str(data.get("result", protocol.PAID)))
        return as_json({"browser_url": outcome.url, "page": outcome.page, **self.gateway.book.statement(payment["trackid"])[0]})

    def notify(self, request: Request) -> Response:
        """Notify again."""
        data = request.json()
        payment = self._payment_of(data)
        count = data.get("count", 1)
        if payment["result"] is None or not isinstance(count, int) or not 1 <= count <= 200:
            raise Refused(400, "An undecided payment, or a count that is not 1 to 200.")
        jobs = self.gateway.notify_again(payment, count)
        return as_json({"statuses": [job["status"] for job in jobs], "acks": sum(job["acknowledged"] for job in jobs)})

    def statement(self, request: Request) -> Response:
        """The bank's settlement file of a day."""
        try:
            day = dt.date.fromisoformat(request.query.get("day", ""))
        except ValueError:
            raise Refused(400, "day=YYYY-MM-DD is needed.") from None
        bad = {name: request.query.get(name, "") for name in ("without", "changed", "twice")}
        return Response(statement.statement(self.gateway.book, day, **bad), 200, "text/csv; charset=utf-8")

    def statements(self, request: Request) -> Response:
        """A page with the settlement files of the last days that have ended."""
        today = dt.datetime.fromtimestamp(now(), KUWAIT).date()
        return as_html(pages.statements_page(request.language(), [today - dt.timedelta(days=age) for age in range(1, STATEMENTS + 1)]))

    def reset(self, request: Request) -> Response:
        """Empty the book."""
        request.json()
        self.gateway.book.clear("transactions", "jobs", "behaviours", "refunds")
        return as_json({})


def application(gateway: Gateway) -> serving.Application:
    """The routes of the simulator."""
    desk = Desk(gateway)
    return serving.Application(
        ("GET", r"/style\.css", serving.style),
        ("GET", r"/kpg/PaymentHTTP\.htm", desk.enter),
        ("GET", r"/kpg/paymentpage\.htm", desk.page),
        ("POST", "/kpg/decide", desk.decide),
        ("GET", r"/kpg/wait\.htm", desk.wait),
        ("POST", r"/kpg/tranPipe\.htm", desk.tranpipe),
        ("GET", "/control/behaviours", desk.known),
        ("POST", "/control/behaviour", desk.behaviour),
        ("GET", "/control/book", desk.book),
        ("GET", "/control/notifications", desk.notifications),
        ("POST", "/control/pay", desk.pay),
        ("POST", "/control/notify", desk.notify),
        ("GET", "/control/statement", desk.statement),
        ("GET", "/statements", desk.statements),
        ("POST", "/control/reset", desk.reset),
    )


def read_terminal(keys: Path | None) -> Terminal:
    """The terminal from the environment, else from a JSON file with the same names. Ends the process where one is missing."""
    values_by_name: dict[str, str] = {}
    if keys and keys.exists():
        values_by_name = json.loads(keys.read_text(encoding="utf8"))
    values = [os.environ.get(name) or values_by_name.get(name, "") for name in KEY_NAMES]
    for name, value in zip(KEY_NAMES, values, strict=True):
        if not value:
            serving.refuse(f"The knet simulator needs {name}, from the environment or from --keys.")
    try:
        return Terminal(values[0], values[1], values[2].encode("ascii"))
    except ValueError as error:
        serving.refuse(f"KNET_RESOURCE_KEY: {error}.")


def main(argv: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop."""
    extra = {"keys": "JSON file with the terminal's id, password and key", "seeds": "JSON file with earlier payments"}
    chosen = serving.options("knet", 1, argv, **extra)
    book, seeds = Book(chosen.book), chosen.seeds or chosen.var / "demo-payments.json"
    if seeds.exists():
        book.seed(json.loads(seeds.read_text(encoding="utf8")))
    gateway = Gateway(book, read_terminal(chosen.keys or chosen.var / "demo-keys.json"))
    return serving.run(application(gateway), "knet", chosen.port)

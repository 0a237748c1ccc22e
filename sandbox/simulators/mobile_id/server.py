"""The Mobile ID simulator over HTTP. The authority's own interface is not public; this is the portal's port for it, as JSON.

- `POST /auth-requests` `{"service_id", "civil_id", "service_ar", "service_en", "reason_ar", "reason_en", "callback_url", "number_match"}`
  answers 201 `{"request_id", "qr", "expires_at"}` (UTC). Without `civil_id`, `qr` is the text for a code that anybody may scan; else
  it is null. A number nobody has is answered alike and simply never decided, or refused with 404 after
  `POST /control/unknown` `{"unknown": "ask|refuse"}`.
- `GET /auth-requests/<id>` answers `{"status": "pending|approved|declined|expired", "assurance": "high", "person": {...}}`, the
  person only when approved, readable for five minutes after the decision.
- After a decision `{"RequestDetails": {"RequestID": …}}` is posted to the callback, unauthenticated as in reality.
- `GET /phone/` is the phone. For tests: `POST /control/decide` `{"request_id", "decision": "approve|decline|expire", "person": key or
  civil number}` (the person is needed for a scanned code only) and `POST /control/mode` `{"mode": "ok|slow|down|decline"}`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from .. import serving
from ..serving import Refused, Request, Response, as_html, as_json, redirect
from . import pages
from .book import TEXTS, Book, NotDecidable
from .people import Person, Register

LIFETIME_SECONDS = 300
SLOW_SECONDS = 3
MODES = ("ok", "slow", "down", "decline")
UNKNOWN = ("ask", "refuse")  # what becomes of a number that nobody has
_CIVIL_ID = re.compile(r"[0-9]{12}")


class Desk:
    """The routes over one book and one register of people. `lifetime` and `slow` are in seconds."""

    def __init__(self, book: Book, register: Register, lifetime: float = LIFETIME_SECONDS, slow: float = SLOW_SECONDS) -> None:
        self.book, self.register, self.lifetime, self.slow = book, register, lifetime, slow
        self._callbacks: list[threading.Thread] = []

    def _apply_mode(self) -> str:
        mode = str(self.book.setting("mode", "ok"))
        if mode == "down":
            raise Refused(503, "The service is down.")
        if mode == "slow":
            time.sleep(self.slow)
        return mode

    # The portal's side

    def ask(self, request: Request) -> Response:
        """A new request."""
        mode = self._apply_mode()
        data = request.json()
        texts = {name: data.get(name, "") for name in TEXTS}
        civil_id, callback = data.get("civil_id") or "", data.get("callback_url", "")
        for name, value in texts.items():
            if not isinstance(value, str) or len(value) > 200 or (not value and name != "number_match"):
                raise Refused(400, f"{name} is missing or too long.")
        if not re.fullmatch(r"([0-9]{1,3})?", texts["number_match"]):
            raise Refused(400, "number_match has one to three digits.")
        if not isinstance(civil_id, str) or (civil_id and not _CIVIL_ID.fullmatch(civil_id)):
            raise Refused(400, "civil_id has twelve digits.")
        if not isinstance(callback, str) or urlsplit(callback).scheme not in ("http", "https"):
            raise Refused(400, "callback_url is not an address.")
        if civil_id and self.book.setting("unknown", "ask") == "refuse" and self.register.by_civil_id(civil_id) is None:
            raise Refused(404, "Nobody has this number.")
        created = self.book.ask(civil_id, texts, callback, self.lifetime)
        if mode == "decline":
            self._start_callback(self.book.decide(created["request_id"], False, None))
        until = dt.datetime.fromtimestamp(created["expires_at"], dt.UTC).isoformat()
        return as_json({"request_id": created["request_id"], "qr": created["qr"], "expires_at": until}, 201)

    def result(self, request: Request, request_id: str) -> Response:
        """How a request stands."""
        self._apply_mode()
        row = self.book.find(request_id)
        if row is None:
            raise Refused(404, "No such request.")
        answer: dict[str, Any] = {"status": row["status"], "assurance": "high"}
        if row["status"] == "approved":
            answer["person"] = json.loads(row["person"])
        return as_json(answer)

    def _start_callback(self, decided: dict[str, Any]) -> None:
        self._callbacks = [thread for thread in self._callbacks if thread.is_alive()]
        thread = threading.Thread(target=self._call_back, args=(decided["request_id"], decided["callback_url"]), daemon=True)
        self._callbacks.append(thread)
        thread.start()

    def finish(self) -> None:
        """Wait until every callback under way is noted; then the book may be closed."""
        for thread in self._callbacks:
            thread.join(timeout=30)  # seconds; a call gives up long before

    def _call_back(self, request_id: str, url: str) -> None:
        answer = serving.call(url, json.dumps({"RequestDetails": {"RequestID": request_id}}).encode("ascii"), serving.JSON)
        self.book.record_callback(request_id, answer.status, answer.error)

    # The phone

    def phone(self, request: Request) -> Response:
        """Whose phone, or what waits on it."""
        language, qr = request.language(), request.query.get("qr", "").strip()
        person = self.register.by_key(request.query.get("person", ""))
        if person is None:
            return as_html(pages.people_page(language, self.register.everybody(), qr))
        notice = request.query.get("said", "")
        if not qr:
            return as_html(pages.phone_page(language, person, self.book.pending(person), notice))
        scanned = self.book.by_code(qr)
        if scanned is None or scanned["status"] != "pending":
            return as_html(pages.phone_page(language, person, self.book.pending(person), "gone"))
        return as_html(pages.phone_page(language, person, [scanned]))

    def decide(self, request: Request) -> Response:
        """A button on the phone."""
        form = {name: values[-1] for name, values in request.form().items()}
        person = self.register.by_key(form.get("person", ""))
        if person is None or form.get("decision") not in ("approve", "decline"):
            raise Refused(400, "Nobody, or no decision.")
        try:
            decided = self.book.decide(form.get("request_id", ""), form["decision"] == "approve", person)
            self._start_callback(decided)
            notice = decided["status"]
        except NotDecidable:
            notice = "gone"
        language = form.get("lang", "ar") if form.get("lang") in ("ar", "en") else "ar"
        return redirect(f"/phone/?{urlencode({'lang': language, 'person': person.key, 'said': notice})}", 303)

    # The control desk

    def _person(self, data: dict[str, Any], addressed_to: str) -> Person | None:
        key = str(data.get("person") or addressed_to)
        return self.register.by_key(key) or self.register.by_civil_id(key)

    def control_decide(self, request: Request) -> Response:
        """Decide without the phone page."""
        data = request.json()
        row = self.book.find(str(data.get("request_id", "")))
        decision = data.get("decision")
        if row is None:
            raise Refused(404, "No such request.")
        if decision == "expire":
            self.book.expire(row["request_id"])
            return as_json({"status": "expired"})
        person = self._person(data, row["civil_id"])
        if decision not in ("approve", "decline") or (person is None and decision == "approve"):
            raise Refused(400, "Nobody, or no decision.")
        try:
            decided = self.book.decide(row["request_id"], decision == "approve", person)
        except NotDecidable:
            raise Refused(409, "Expired, decided before, or addressed to somebody else.") from None
        self._start_callback(decided)
        return as_json({"status": decided["status"]})

    def mode(self, request: Request) -> Response:
        """Good and bad days."""
        mode = request.json().get("mode")
        if mode not in MODES:
            raise Refused(400, f"mode is one of {', '.join(MODES)}.")
        self.book.set_setting("mode", mode)
        return as_json({"mode": mode})

    def unknown(self, request: Request) -> Response:
        """Whether a number that nobody has is asked like any other or refused."""
        unknown = request.json().get("unknown")
        if unknown not in UNKNOWN:
            raise Refused(400, f"unknown is one of {', '.join(UNKNOWN)}.")
        self.book.set_setting("unknown", unknown)
        return as_json({"unknown": unknown})

    def people(self, request: Request) -> Response:
        """The people of this simulator, with their keys."""
        return as_json({"people": [person.__dict__ for person in self.register.everybody()]})

    def reset(self, request: Request) -> Response:
        """An empty book."""
        request.json()
        self.book.clear("requests")
        return as_json({})


def application(desk: Desk) -> serving.Application:
    """The routes of the simulator."""
    return serving.Application(
        ("GET", r"/style\.css", serving.style),
        ("GET", "/", lambda request: redirect("/phone/")),
        ("POST", "/auth-requests", desk.ask),
        ("GET", "/auth-requests/([0-9a-f]{32})", desk.result),
        ("GET", "/phone/", desk.phone),
        ("POST", "/phone/decide", desk.decide),
        ("POST", "/control/decide", desk.control_decide),
        ("POST", "/control/mode", desk.mode),
        ("POST", "/control/unknown", desk.unknown),
        ("GET", "/control/people", desk.people),
        ("POST", "/control/reset", desk.reset),
    )


def main(argv: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop."""
    arguments = serving.options("mobile-id", 2, argv, people="JSON file of people (see people.py)")
    register = Register(arguments.people or arguments.var / "demo-people.json")
    return serving.run(application(Desk(Book(arguments.book), register)), "mobile-id", arguments.port)

"""The commercial register, simulated, over HTTP: its changes by pages, one licence, a control desk and a page for people.

- `GET /api/v1/changes` `?after=&limit=` and `GET /api/v1/licence` `?number=`, with `Authorization: Bearer <key>`.
- `POST /control/change` `{"licence": "…", "what": "renew|expire|cancel|restore|rename|activity|move|forget|new|set", "facts": {…}}`;
  `facts` overwrite what the change would make up. `POST /control/reset` `{"licences": […]}` begins a new book.
- `POST /control/behaviour` `{"names": […], "times": n}`: duplicate, out_of_order, slow, error, garbage, cut, short_page, wrong_key,
  cursor_too_old, leads_nowhere, drop, huge; for the next n answers, or until others are laid where no number is given.
- `GET /control/book`, `GET /` the last changes as a page with buttons.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import time
from pathlib import Path
from typing import Any

from .. import serving
from ..serving import Refused, Request, Response, as_html, as_json, redirect
from ..storage import now
from . import pages
from .book import Book

BEHAVIOURS = (
    *("duplicate", "out_of_order", "slow", "error", "garbage", "cut", "short_page", "wrong_key", "cursor_too_old", "leads_nowhere"),
    *("drop", "huge"),
)
CHANGES = ("renew", "expire", "cancel", "restore", "rename", "activity", "move", "forget", "new", "set")
SLOW_SECONDS = 25.0
MAX_PAGE_SIZE = 500  # entries of a page
ACTIVITIES = ("BARB", "SPA", "WSAL")
PREFIX = "demo-only-"


class Desk:
    """The routes over one book. `slow` is in seconds; `seeds` is a file with licences for an empty book."""

    def __init__(self, book: Book, key: str, seeds: Path | None = None, slow: float = SLOW_SECONDS) -> None:
        self.book, self.key, self.seeds, self.slow = book, key, seeds, slow
        self.seed()

    def seed(self) -> None:
        """Fill an empty book from the file, once it is there."""
        if self.seeds is not None and self.seeds.exists() and not self.book.count():
            self.book.seed(json.loads(self.seeds.read_text(encoding="utf8")))

    # What the portal asks

    def changes(self, request: Request) -> Response:
        """A page of changes behind a cursor."""
        behaviours = self._check_request(request)
        self.seed()
        limit = request.query.get("limit", "")
        page_size = min(int(limit), MAX_PAGE_SIZE) if limit.isascii() and limit.isdecimal() and int(limit) > 0 else 0
        if not page_size:
            raise Refused(400, "limit is a number above nought.")
        after = request.query.get("after", "")
        place = self._place(after)
        if after and ("cursor_too_old" in behaviours or place is None):
            raise Refused(410, "No changes are kept from so far back.")
        rows = self.book.after(place or 0, page_size)
        entries = [licence for _place, licence, _before in rows]
        end = rows[-1][0] if rows else place or 0
        if "duplicate" in behaviours:
            entries = [entry for entry in entries for _ in range(2)][:page_size]
            end = rows[(len(entries) - 1) // 2][0] if rows else end
        if "out_of_order" in behaviours:  # the version before comes behind the newest one, if the page has room
            entries = (entries + [before for _place, _told, before in rows if before])[:page_size]
        cursor = after if "leads_nowhere" in behaviours else f"{self.book.setting('epoch', 0)}-{end}"
        has_more = end < self.book.last_place() or "leads_nowhere" in behaviours
        count = len(entries)
        if "short_page" in behaviours:
            entries = entries[: count // 2]
        return self._answer({"changes": entries, "count": count, "cursor": cursor, "more": has_more}, behaviours)

    def licence(self, request: Request) -> Response:
        """One licence as it stands."""
        behaviours = self._check_request(request)
        self.seed()
        licence = self.book.licence(request.query.get("number", ""))
        if licence is None:
            raise Refused(404, "No such licence.")
        return self._answer(licence, behaviours)

    def _check_request(self, request: Request) -> list[str]:
        """The behaviours laid on this answer. Raises Refused for a wrong key and for a bad day."""
        behaviours = self._take_behaviours()
        header = request.headers.get("authorization", "")
        if "wrong_key" in behaviours or not hmac.compare_digest(header.encode(), f"Bearer {self.key}".encode()):
            raise Refused(401, "The key is not known.")
        if "slow" in behaviours:
            time.sleep(self.slow)
        if "error" in behaviours:
            raise Refused(500, "The register failed.")
        return behaviours

    def _take_behaviours(self) -> list[str]:
        with self.book.transaction():
            names, remaining = self.book.setting("behaviours", []), self.book.setting("times", 0)
            if names and remaining:
                self.book.set_setting("times", remaining - 1)
                if remaining == 1:
                    self.book.set_setting("behaviours", [])
            return list(names)

    @staticmethod
    def _answer(licence: dict[str, Any], behaviours: list[str]) -> Response:
        if "drop" in behaviours:
            return Response(drop=True)
        answer = as_json(licence)
        if "garbage" in behaviours:
            answer.body = b"<html>Maintenance</html>"
        if "huge" in behaviours:
            answer.body += b" " * (5 * 1024 * 1024)
        if "cut" in behaviours:
            answer.cut = len(answer.body) // 2
        return answer

    def _place(self, cursor: str) -> int | None:
        """The place behind which a cursor stands; None for one of another book or nonsense."""
        epoch, _dash, place = cursor.partition("-")
        return int(place) if epoch == str(self.book.setting("epoch", 0)) and place.isdecimal() else None

    # The control desk

    def change(self, request: Request) -> Response:
        """Something happens to a licence."""
        data = request.json()
        facts = data.get("facts", {})
        if not isinstance(facts, dict):
            raise Refused(400, "facts is an object.")
        return as_json(self.apply_change(str(data.get("licence", "")), str(data.get("what", "")), facts))

    def apply_change(self, number: str, change: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Change one licence; it as delivered. Raises Refused."""
        if change not in CHANGES:
            raise Refused(400, f"what is one of {', '.join(CHANGES)}.")
        if change == "new":
            return self.book.write(pages.new_licence(number or f"{int(now()):010d}/26", self.book.count()) | facts)
        licence = self.book.licence(number)
        if licence is None:
            raise Refused(404, "No such licence.")
        if change == "forget":
            self.book.forget(number)
            return {}
        licence.pop("version")
        return self.book.write({**licence, **_made(change, licence), **facts})

    def behaviour(self, request: Request) -> Response:
        """Lay behaviours on the answers to come."""
        data = request.json()
        names, times = data.get("names", []), data.get("times", 0)
        if not isinstance(names, list) or not set(map(str, names)) <= set(BEHAVIOURS) or type(times) is not int:
            raise Refused(400, "Unknown behaviour.")
        self._set_behaviours([str(name) for name in names], times)
        return as_json({"names": names, "times": times})

    def _set_behaviours(self, names: list[str], times: int) -> None:
        with self.book.transaction():
            self.book.set_setting("behaviours", names)
            self.book.set_setting("times", max(times, 0))

    def reset(self, request: Request) -> Response:
        """A new book with the licences given: cursors of the old one are too old."""
        licences = request.json().get("licences", [])
        if not isinstance(licences, list) or not all(isinstance(one, dict) and one.get("licence") for one in licences):
            raise Refused(400, "licences is a list of objects with a licence.")
        epoch = int(self.book.setting("epoch", 0))
        self.book.clear("licences")
        self.book.seed(licences)
        self.book.set_setting("epoch", max(epoch + 1, int(now())))
        return as_json({"licences": self.book.count()})

    def list_changes(self, request: Request) -> Response:
        """The last changes, or one licence."""
        number = request.query.get("number", "")
        rows = [self.book.licence(number)] if number else self.book.newest(100)
        return as_json({"licences": [licence for licence in rows if licence], "behaviours": self.book.setting("behaviours", [])})

    # The page

    def page(self, request: Request) -> Response:
        """The last changes, what may happen to a licence, and good and bad days."""
        self.seed()
        language = request.language()
        notice = request.query.get("said", "")
        behaviours = self.book.setting("behaviours", [])
        body = pages.body(language, self.book.newest(), self.book.count(), behaviours, notice)
        return as_html(serving.page(language, pages.TEXTS[language]["title"], body, wide=True))

    def act(self, request: Request) -> Response:
        """A button of the page."""
        fields = {name: values[-1] for name, values in request.form().items()}
        language = "en" if fields.get("lang") == "en" else "ar"
        notice = "done"
        try:
            if "behaviour" in fields:
                name = fields["behaviour"]
                self._set_behaviours([name] if name in BEHAVIOURS else [], 0)
            else:
                self.apply_change(fields.get("licence", "").strip(), fields.get("what", ""), {})
        except Refused:
            notice = "unknown"
        return redirect(f"/?lang={language}&said={notice}", 303)


def _made(change: str, licence: dict[str, Any]) -> dict[str, Any]:
    """What a change of this kind makes of a licence."""
    today = dt.datetime.fromtimestamp(now(), dt.timezone(dt.timedelta(hours=3))).date()
    if change == "renew":
        return {"status": "active", "valid_until": (today + dt.timedelta(days=365)).isoformat(), "cancelled_on": ""}
    if change == "expire":
        return {"status": "expired", "valid_until": (today - dt.timedelta(days=1)).isoformat()}
    if change == "cancel":
        return {"status": "cancelled", "cancelled_on": today.isoformat()}
    if change == "restore":
        return {"status": "active", "cancelled_on": "", "valid_until": (today + dt.timedelta(days=365)).isoformat()}
    if change == "rename":
        return {"name_ar": f"{licence['name_ar']} الجديد", "name_en": f"New {licence['name_en']}" if licence.get("name_en") else ""}
    if change == "activity":
        return {"activity": next(code for code in ACTIVITIES if code != licence.get("activity"))}
    if change == "move":
        place = licence.get("address", {})
        paci = f"{(int(place.get('paci_number') or 10_000_000) + 1) % 100_000_000:08d}"
        return {"address": {**place, "block": "9", "street": "شارع جديد", "building": "1", "plot": "", "paci_number": paci}}
    return {}


def application(desk: Desk) -> serving.Application:
    """The routes of the simulator."""
    return serving.Application(
        ("GET", r"/style\.css", serving.style),
        ("GET", "/", desk.page),
        ("POST", "/act", desk.act),
        ("GET", "/api/v1/changes", desk.changes),
        ("GET", "/api/v1/licence", desk.licence),
        ("POST", "/control/change", desk.change),
        ("POST", "/control/behaviour", desk.behaviour),
        ("POST", "/control/reset", desk.reset),
        ("GET", "/control/book", desk.list_changes),
    )


def main(argv: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop."""
    arguments = serving.options("moci", 5, argv, keys="JSON file with the demo's keys", seeds="JSON file with the licences to begin with")
    path: Path = arguments.keys or arguments.var / "demo-keys.json"
    keys: dict[str, str] = json.loads(path.read_text(encoding="utf8")) if path.exists() else {}
    key = os.environ.get("MOCI_KEY") or (
        PREFIX + hashlib.sha256(f"moci:{keys['SECRET_KEY']}".encode()).hexdigest() if "SECRET_KEY" in keys else ""
    )
    if not key:
        serving.refuse("The moci simulator needs MOCI_KEY, from the environment, or the demo's keys, from --keys.")
    seeds: Path = arguments.seeds or arguments.var / "demo-commercial.json"
    return serving.run(application(Desk(Book(arguments.book), key, seeds)), "moci", arguments.port)

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
MOST = 500  # entries of a page
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
        laid = self._asked(request)
        self.seed()
        limit = request.query.get("limit", "")
        most = min(int(limit), MOST) if limit.isascii() and limit.isdecimal() and int(limit) > 0 else 0
        if not most:
            raise Refused(400, "limit is a number above nought.")
        after = request.query.get("after", "")
        place = self._place(after)
        if after and ("cursor_too_old" in laid or place is None):
            raise Refused(410, "No changes are kept from so far back.")
        found = self.book.after(place or 0, most)
        entries = [told for _place, told, _before in found]
        end = found[-1][0] if found else place or 0
        if "duplicate" in laid:
            entries = [entry for entry in entries for _ in range(2)][:most]
            end = found[(len(entries) - 1) // 2][0] if found else end
        if "out_of_order" in laid:  # the version before comes behind the newest one, if the page has room
            entries = (entries + [before for _place, _told, before in found if before])[:most]
        cursor = after if "leads_nowhere" in laid else f"{self.book.setting('epoch', 0)}-{end}"
        more = end < self.book.last_place() or "leads_nowhere" in laid
        count = len(entries)
        if "short_page" in laid:
            entries = entries[: count // 2]
        return self._answer({"changes": entries, "count": count, "cursor": cursor, "more": more}, laid)

    def licence(self, request: Request) -> Response:
        """One licence as it stands."""
        laid = self._asked(request)
        self.seed()
        found = self.book.licence(request.query.get("number", ""))
        if found is None:
            raise Refused(404, "No such licence.")
        return self._answer(found, laid)

    def _asked(self, request: Request) -> list[str]:
        """The behaviours laid on this answer. Raises Refused for a wrong key and for a bad day."""
        laid = self._laid()
        given = request.headers.get("authorization", "")
        if "wrong_key" in laid or not hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            raise Refused(401, "The key is not known.")
        if "slow" in laid:
            time.sleep(self.slow)
        if "error" in laid:
            raise Refused(500, "The register failed.")
        return laid

    def _laid(self) -> list[str]:
        with self.book.transaction():
            names, left = self.book.setting("behaviours", []), self.book.setting("times", 0)
            if names and left:
                self.book.set_setting("times", left - 1)
                if left == 1:
                    self.book.set_setting("behaviours", [])
            return list(names)

    @staticmethod
    def _answer(told: dict[str, Any], laid: list[str]) -> Response:
        if "drop" in laid:
            return Response(drop=True)
        answer = as_json(told)
        if "garbage" in laid:
            answer.body = b"<html>Maintenance</html>"
        if "huge" in laid:
            answer.body += b" " * (5 * 1024 * 1024)
        if "cut" in laid:
            answer.cut = len(answer.body) // 2
        return answer

    def _place(self, cursor: str) -> int | None:
        """The place behind which a cursor stands; None for one of another book or nonsense."""
        epoch, _dash, place = cursor.partition("-")
        return int(place) if epoch == str(self.book.setting("epoch", 0)) and place.isdecimal() else None

    # The control desk

    def change(self, request: Request) -> Response:
        """Something happens to a licence."""
        asked = request.json()
        facts = asked.get("facts", {})
        if not isinstance(facts, dict):
            raise Refused(400, "facts is an object.")
        return as_json(self.happen(str(asked.get("licence", "")), str(asked.get("what", "")), facts))

    def happen(self, number: str, what: str, more: dict[str, Any]) -> dict[str, Any]:
        """Change one licence; it as delivered. Raises Refused."""
        if what not in CHANGES:
            raise Refused(400, f"what is one of {', '.join(CHANGES)}.")
        if what == "new":
            return self.book.write(pages.new_licence(number or f"{int(now()):010d}/26", self.book.count()) | more)
        known = self.book.licence(number)
        if known is None:
            raise Refused(404, "No such licence.")
        if what == "forget":
            self.book.forget(number)
            return {}
        known.pop("version")
        return self.book.write({**known, **_made(what, known), **more})

    def behaviour(self, request: Request) -> Response:
        """Lay behaviours on the answers to come."""
        asked = request.json()
        names, times = asked.get("names", []), asked.get("times", 0)
        if not isinstance(names, list) or not set(map(str, names)) <= set(BEHAVIOURS) or type(times) is not int:
            raise Refused(400, "Unknown behaviour.")
        self._lay([str(name) for name in names], times)
        return as_json({"names": names, "times": times})

    def _lay(self, names: list[str], times: int) -> None:
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

    def shown(self, request: Request) -> Response:
        """The last changes, or one licence."""
        number = request.query.get("number", "")
        found = [self.book.licence(number)] if number else self.book.newest(100)
        return as_json({"licences": [one for one in found if one], "behaviours": self.book.setting("behaviours", [])})

    # The page

    def page(self, request: Request) -> Response:
        """The last changes, what may happen to a licence, and good and bad days."""
        self.seed()
        language = request.language()
        said = request.query.get("said", "")
        laid = self.book.setting("behaviours", [])
        body = pages.body(language, self.book.newest(), self.book.count(), laid, said)
        return as_html(serving.page(language, pages.TEXTS[language]["title"], body, wide=True))

    def act(self, request: Request) -> Response:
        """A button of the page."""
        fields = {name: values[-1] for name, values in request.form().items()}
        language = "en" if fields.get("lang") == "en" else "ar"
        said = "done"
        try:
            if "behaviour" in fields:
                name = fields["behaviour"]
                self._lay([name] if name in BEHAVIOURS else [], 0)
            else:
                self.happen(fields.get("licence", "").strip(), fields.get("what", ""), {})
        except Refused:
            said = "unknown"
        return redirect(f"/?lang={language}&said={said}", 303)


def _made(what: str, known: dict[str, Any]) -> dict[str, Any]:
    """What a change of this kind makes of a licence."""
    today = dt.datetime.fromtimestamp(now(), dt.timezone(dt.timedelta(hours=3))).date()
    if what == "renew":
        return {"status": "active", "valid_until": (today + dt.timedelta(days=365)).isoformat(), "cancelled_on": ""}
    if what == "expire":
        return {"status": "expired", "valid_until": (today - dt.timedelta(days=1)).isoformat()}
    if what == "cancel":
        return {"status": "cancelled", "cancelled_on": today.isoformat()}
    if what == "restore":
        return {"status": "active", "cancelled_on": "", "valid_until": (today + dt.timedelta(days=365)).isoformat()}
    if what == "rename":
        return {"name_ar": f"{known['name_ar']} الجديد", "name_en": f"New {known['name_en']}" if known.get("name_en") else ""}
    if what == "activity":
        return {"activity": next(code for code in ACTIVITIES if code != known.get("activity"))}
    if what == "move":
        place = known.get("address", {})
        paci = f"{(int(place.get('paci_number') or 10_000_000) + 1) % 100_000_000:08d}"
        return {"address": {**place, "block": "9", "street": "شارع جديد", "building": "1", "plot": "", "paci_number": paci}}
    return {}


def application(desk: Desk) -> serving.Application:
    """The routes of the simulator."""
    app = serving.Application()
    for method, path, action in (
        ("GET", r"/style\.css", serving.style),
        ("GET", "/", desk.page),
        ("POST", "/act", desk.act),
        ("GET", "/api/v1/changes", desk.changes),
        ("GET", "/api/v1/licence", desk.licence),
        ("POST", "/control/change", desk.change),
        ("POST", "/control/behaviour", desk.behaviour),
        ("POST", "/control/reset", desk.reset),
        ("GET", "/control/book", desk.shown),
    ):
        app.route(method, path, action)
    return app


def main(argv: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop."""
    chosen = serving.options("moci", 5, argv, keys="JSON file with the demo's keys", seeds="JSON file with the licences to begin with")
    path: Path = chosen.keys or chosen.var / "demo-keys.json"
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf8")) if path.exists() else {}
    key = os.environ.get("MOCI_KEY") or (
        PREFIX + hashlib.sha256(f"moci:{kept['SECRET_KEY']}".encode()).hexdigest() if "SECRET_KEY" in kept else ""
    )
    if not key:
        serving.refuse("The moci simulator needs MOCI_KEY, from the environment, or the demo's keys, from --keys.")
    seeds: Path = chosen.seeds or chosen.var / "demo-commercial.json"
    return serving.run(application(Desk(Book(chosen.book), key, seeds)), "moci", chosen.port)

"""The SMS gateway simulator over HTTP.

- `POST /messages` `{"to": "+965…", "text", "idempotency_key"}` answers 202 `{"id"}`; the same key answers the same id and is stored once;
  the same key with another message is 409.
- `GET /messages` `?to=` lists them as JSON, `GET /` as a page.
- `POST /control/mode` `{"mode": "ok|down|slow|fail30"}`: with fail30 three attempts of ten fail, one of them after the message was
  taken, as happens when an answer is lost.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from html import escape

from .. import serving
from ..serving import Refused, Request, Response, as_html, as_json
from .book import Book, KeyUsed

MODES = ("ok", "down", "slow", "fail30")
SLOW_SECONDS = 3
TEXT_LIMIT = 1000
KUWAIT = dt.timezone(dt.timedelta(hours=3))
# Of ten attempts in a row under fail30: refused at once, and taken without an answer.
REFUSED_ATTEMPTS, TAKEN_ATTEMPTS = (1, 7), (4,)
TEXTS = {
    "ar": ("الرسائل القصيرة المرسلة", "لا توجد رسائل بعد.", "الوقت", "إلى", "النص", "en", "English"),
    "en": ("Text messages sent", "No messages yet.", "Time", "To", "Text", "ar", "العربية"),
}


class Desk:
    """The routes over one book. `slow` is in seconds."""

    def __init__(self, book: Book, slow: float = SLOW_SECONDS) -> None:
        self.book, self.slow = book, slow

    def send(self, request: Request) -> Response:
        """Take a message."""
        mode = self.book.setting("mode", "ok")
        if mode == "down":
            raise Refused(503, "The service is down.")
        if mode == "slow":
            time.sleep(self.slow)
        data = request.json()
        to, text, key = (data.get(name, "") for name in ("to", "text", "idempotency_key"))
        if not isinstance(to, str) or not re.fullmatch(r"\+[0-9]{8,15}", to):
            raise Refused(400, "to is a number with + and country code.")
        if not isinstance(text, str) or not 0 < len(text) <= TEXT_LIMIT:
            raise Refused(400, f"text has 1 to {TEXT_LIMIT} characters.")
        if not isinstance(key, str) or not 0 < len(key) <= 200:
            raise Refused(400, "idempotency_key has 1 to 200 characters.")
        attempt = self.book.count_attempt() % 10 if mode == "fail30" else -1
        if attempt in REFUSED_ATTEMPTS:
            raise Refused(503, "The service failed.")
        try:
            number = self.book.save(to, text, key)
        except KeyUsed:
            raise Refused(409, "The key was used for another message.") from None
        if attempt in TAKEN_ATTEMPTS:
            return Response(drop=True)
        return as_json({"id": number}, 202)

    def messages(self, request: Request) -> Response:
        """The messages as JSON. A plus sign in an address that was not encoded arrives as a space."""
        to = request.query.get("to", "")
        return as_json({"messages": self.book.messages(f"+{to[1:]}" if to.startswith(" ") else to, 10_000)})

    def page(self, request: Request) -> Response:
        """The newest messages as a page."""
        language = request.language()
        title, none, when, to, text, other, name = TEXTS[language]
        rows = "".join(
            f'<tr><td><bdi dir="ltr">{dt.datetime.fromtimestamp(message["stored_at"], KUWAIT):%Y-%m-%d %H:%M:%S}</bdi></td>'
            f'<td><bdi dir="ltr">{escape(message["to"])}</bdi></td><td><bdi>{escape(message["text"])}</bdi></td></tr>'
            for message in self.book.messages()
        )
        head = "".join(f'<th scope="col">{heading}</th>' for heading in (when, to, text))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        direction = "ltr" if other == "en" else "rtl"
        nav = f'<nav><a href="/?lang={other}" lang="{other}" dir="{direction}" hreflang="{other}">{name}</a></nav>'
        return as_html(serving.page(language, title, nav + (table if rows else f"<p>{none}</p>"), wide=True))

    def mode(self, request: Request) -> Response:
        """Good and bad days."""
        mode = request.json().get("mode")
        if mode not in MODES:
            raise Refused(400, f"mode is one of {', '.join(MODES)}.")
        self.book.set_setting("mode", mode)
        return as_json({"mode": mode})

    def reset(self, request: Request) -> Response:
        """An empty book."""
        request.json()
        self.book.clear("messages")
        return as_json({})


def application(desk: Desk) -> serving.Application:
    """The routes of the simulator."""
    return serving.Application(
        ("GET", r"/style\.css", serving.style),
        ("GET", "/", desk.page),
        ("POST", "/messages", desk.send),
        ("GET", "/messages", desk.messages),
        ("POST", "/control/mode", desk.mode),
        ("POST", "/control/reset", desk.reset),
    )


def main(argv: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop."""
    arguments = serving.options("sms", 3, argv)
    return serving.run(application(Desk(Book(arguments.book))), "sms", arguments.port)

"""The signed cookie by which the doors know a browser again: a random id, and which members of staff came in with it before.

After OWASP, "Slow Down Online Guessing Attacks with Device Cookies". It opens nothing; it only says which limit a try counts against.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from municipality.accounts.civil_ids import keyed_hash

SALT = "accounts.device"
SECONDS = 180 * 24 * 3600
MOST_LOGINS = 8  # of a browser that several people use; the oldest is forgotten


@dataclass(frozen=True)
class Device:
    """A browser: `logins` are keyed hashes of the login names that came in with it, the latest first."""

    id: str
    logins: tuple[str, ...] = ()

    def knows(self, login: str) -> bool:
        """Whether this member of staff came in with this browser before."""
        return _mark(login) in self.logins


def _mark(login: str) -> str:
    return keyed_hash("known_device", login.casefold())[:22]


def _name() -> str:
    return "__Host-device" if settings.SESSION_COOKIE_SECURE else "device"


def of(request: HttpRequest) -> Device | None:
    """The browser as its cookie has it; none without a cookie of ours."""
    value = request.get_signed_cookie(_name(), default="", salt=SALT, max_age=SECONDS) or ""
    name, *logins = value.split(".")
    return Device(name, tuple(logins)) if name else None


def keep(request: HttpRequest, response: HttpResponseBase, *, login: str = "") -> None:
    """Give the browser its cookie where it has none; with `login`, note that this member of staff came in with it."""
    device = of(request)
    if device is not None and not login:
        return
    name, logins = (device.id, device.logins) if device else (secrets.token_urlsafe(16), ())
    if login:
        logins = (_mark(login), *(mark for mark in logins if mark != _mark(login)))[:MOST_LOGINS]
    value = ".".join([name, *logins])
    secure = settings.SESSION_COOKIE_SECURE
    response.set_signed_cookie(_name(), value, salt=SALT, max_age=SECONDS, httponly=True, samesite="Lax", secure=secure)

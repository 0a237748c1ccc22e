"""The signed cookie of a known browser: a random id, and which members of staff signed in with it before.

It only decides against which limit an attempt counts (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from municipality.accounts.civil_ids import keyed_hash

SALT = "accounts.device"
COOKIE_SECONDS = 180 * 24 * 3600
MAX_LOGINS = 8  # of one browser; the oldest is dropped


@dataclass(frozen=True)
class Device:
    """A known browser: `logins` are keyed hashes of the login names that signed in with it, the latest first."""

    id: str
    logins: tuple[str, ...] = ()

    def knows(self, login: str) -> bool:
        """Whether this member of staff signed in with this browser before."""
        return _login_hash(login) in self.logins


def _login_hash(login: str) -> str:
    return keyed_hash("known_device", login.casefold())[:22]


def _cookie_name() -> str:
    return "__Host-device" if settings.SESSION_COOKIE_SECURE else "device"


def read(request: HttpRequest) -> Device | None:
    """The browser by its cookie; None without a valid cookie."""
    value = request.get_signed_cookie(_cookie_name(), default="", salt=SALT, max_age=COOKIE_SECONDS) or ""
    name, *logins = value.split(".")
    return Device(name, tuple(logins)) if name else None


def remember(request: HttpRequest, response: HttpResponseBase, *, login: str = "") -> None:
    """Set the cookie if the browser has none; with `login`, add that this member of staff signed in with it."""
    device = read(request)
    if device is not None and not login:
        return
    name, logins = (device.id, device.logins) if device else (secrets.token_urlsafe(16), ())
    if login:
        logins = (_login_hash(login), *(known for known in logins if known != _login_hash(login)))[:MAX_LOGINS]
    value = ".".join([name, *logins])
    secure = settings.SESSION_COOKIE_SECURE
    response.set_signed_cookie(_cookie_name(), value, salt=SALT, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=secure)

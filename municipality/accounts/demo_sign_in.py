"""Sign-in shortcuts of the demo. They exist with PORTAL_DEMO=1 only, and only for a browser on this machine."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import requests
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.http import Http404, HttpRequest

from municipality.accounts import civil_ids
from municipality.accounts.models import SignInRequest, User

MAX_PEOPLE = 12
PUSH_WAIT_SECONDS = 5.0
_password_sources: list[Callable[[str], str]] = []


def register_passwords(source: Callable[[str], str]) -> None:
    """Register a function that returns the demo's password of a login name, or an empty text."""
    _password_sources.append(source)


def password_of(login: str) -> str:
    """The demo's password of a login name; empty if it is unknown."""
    return next((password for source in _password_sources if (password := source(login))), "")


@dataclass(frozen=True)
class StaffCode:
    """An officer of the demo with the present code and the password."""

    user: User
    code: str
    password: str


def is_available(request: HttpRequest) -> bool:
    """Whether the shortcuts exist for this request: demo settings, a loopback peer, no proxy between."""
    if not settings.DEMO or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def demo_only(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: 404 where the shortcuts do not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not is_available(request):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def people(request: HttpRequest) -> list[User]:
    """The first MAX_PEOPLE people of the demo; empty where the shortcuts do not exist."""
    if not is_available(request):
        return []
    return list(User.objects.people().filter(is_active=True, civil_id_digest__isnull=False).order_by("pk")[:MAX_PEOPLE])


def staff_codes(request: HttpRequest) -> list[StaffCode]:
    """The officers of the demo with their present codes; empty where the shortcuts do not exist."""
    if not is_available(request):
        return []
    step = int(time.time()) // mfa_settings.TOTP_PERIOD
    codes = []
    rows = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__is_staff=True, user__is_active=True)
    for row in rows.select_related("user").order_by("user_id"):
        user: Any = row.user
        code = totp.format_hotp_value(totp.hotp_value(decrypt(row.data["secret"]), step))
        codes.append(StaffCode(user, code, password_of(user.login)))
    return codes


def phone_url(row: SignInRequest, language: str) -> str:
    """The URL of the simulator's phone page, for a QR code with that request opened."""
    query = {"lang": language, **({"qr": row.qr} if row.qr else {})}
    return requests.Request("GET", f"{settings.MOBILE_ID_URL.rstrip('/')}/phone/", params=query).prepare().url or ""


def decide(row: SignInRequest, decision: str, person: User | None = None) -> bool:
    """Send the simulator the person's answer, `approve` or `decline`. True if it accepted it.

    A push can be answered once the worker has sent it; waits up to PUSH_WAIT_SECONDS for that.
    """
    until = time.monotonic() + PUSH_WAIT_SECONDS
    while row.civil_id_cipher and time.monotonic() < until:
        time.sleep(0.1)
        row.refresh_from_db()
    body = {"request_id": row.request_id, "decision": decision}
    if person is not None:
        body["person"] = civil_ids.decrypt(person.civil_id_cipher)
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.post(f"{settings.MOBILE_ID_URL.rstrip('/')}/control/decide", json=body, timeout=(2, 5)).ok
    except requests.RequestException:
        return False

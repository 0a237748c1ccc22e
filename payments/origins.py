"""The page on which a person began a payment, so that the result page leads back to it.

The session stores a registered name and a key, never an address: `payments.registry.ORIGINS` makes the address and checks that the
person may open it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils.http import urlencode

from payments.registry import ORIGINS, Origin

PARAMETER = "from"
SESSION_KEY = "payments.origins"
MAX_ORIGINS = 10  # of one session


def with_origin(url: str, origin: str) -> str:
    """`url` with the origin as its query; `origin` is `<name>:<key>` of a registered name, or empty."""
    return f"{url}?{urlencode({PARAMETER: origin})}" if origin else url


def remember(request: HttpRequest, subject: str) -> None:
    """Store the origin that the address names for the bills of a subject; an unknown one is ignored."""
    origin = request.GET.get(PARAMETER, "")
    if _resolve(request, origin) is None:
        return
    stored = {key: value for key, value in _stored(request).items() if key != subject}
    request.session[SESSION_KEY] = dict([*stored.items(), (subject, origin)][-MAX_ORIGINS:])


def origin_of(request: HttpRequest, subjects: Iterable[str]) -> Origin | None:
    """The stored origin of the first of these subjects that has one and that the person may open."""
    stored = _stored(request)
    for subject in subjects:
        if (origin := _resolve(request, stored.get(subject, ""))) is not None:
            return origin
    return None


def _stored(request: HttpRequest) -> dict[str, str]:
    stored = request.session.get(SESSION_KEY)
    return stored if isinstance(stored, dict) else {}


def _resolve(request: HttpRequest, origin: str) -> Origin | None:
    name, _colon, key = origin.partition(":")
    if name not in ORIGINS or not key or len(key) > 40 or not request.user.is_authenticated:
        return None
    return ORIGINS[name](request.user, key)

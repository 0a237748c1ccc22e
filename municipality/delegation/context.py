"""Context processor: on whose behalf a member of staff acts now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from municipality.accounts.requests import Visitor
from municipality.delegation import queries, registry


def assistance(request: HttpRequest) -> dict[str, Any]:
    """`assistance`: the open consent of a member of staff and its service, queried lazily; empty for others."""
    user = getattr(request, "user", None)
    return {"assistance": SimpleLazyObject(lambda: _assistance_of(user))}


def _assistance_of(user: Visitor | None) -> dict[str, Any]:
    if user is None or not user.is_authenticated or not user.is_staff:
        return {}
    consent = queries.consent_of(user)
    return {"consent": consent, "service": registry.SERVICES[consent.purpose].name} if consent else {}

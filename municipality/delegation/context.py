"""What every page shows of delegation: for whom a member of staff acts now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from municipality.accounts.models import User
from municipality.delegation import queries, registry


def assistance(request: HttpRequest) -> dict[str, Any]:
    """`assistance`: the consent in use and its service, asked only where staff open a page; nothing for people."""
    user: Any = getattr(request, "user", None)
    return {"assistance": SimpleLazyObject(lambda: _of(user))}


def _of(user: User) -> dict[str, Any]:
    if user is None or not user.is_authenticated or not user.is_staff:
        return {}
    consent = queries.consent_of(user)
    return {"consent": consent, "service": registry.SERVICES[consent.purpose].name} if consent else {}

"""Paths that the bank knows, outside the language prefix."""

from __future__ import annotations

from django.conf import settings

RESPONSE = "/pay/knet/response"
ERROR = "/pay/knet/error"
TASDEED = "/pay/tasdeed/response"
RECEIPT = "/pay/r/"
# Not the token of any attempt, which has 26 characters.
UNKNOWN = "unknown"


def absolute(path: str) -> str:
    """A path under the portal's public address (setting PORTAL_URL)."""
    return f"{settings.PORTAL_URL.rstrip('/')}{path}"


def receipt_path(token: str) -> str:
    """The receipt page of an attempt, by its opaque token."""
    return f"{RECEIPT}{token}"

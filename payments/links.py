"""Addresses that leave the portal: to the bank, and back in the acknowledgement. Fixed paths outside the language prefix."""

from __future__ import annotations

from django.conf import settings

RESPONSE = "/pay/knet/response"
ERROR = "/pay/knet/error"
TASDEED = "/pay/tasdeed/response"
RECEIPT = "/pay/r/"
# No attempt has this token: 26 characters of another alphabet are what a token has.
UNKNOWN = "unknown"


def absolute(path: str) -> str:
    """A path under the portal's public address (setting PORTAL_URL)."""
    return f"{settings.PORTAL_URL.rstrip('/')}{path}"


def receipt_path(token: str) -> str:
    """The receipt page of an attempt, by its opaque token."""
    return f"{RECEIPT}{token}"

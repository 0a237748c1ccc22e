"""The state of a shop (open, suspended, closed) and its tag."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from shops.models import Shop

STATES: dict[str, tuple[str, Any]] = {"open": ("ok", _("Open")), "suspended": ("warn", _("Suspended")), "closed": ("bad", _("Closed"))}


def state_of(shop: Shop) -> str:
    """ "open", "suspended" or "closed"."""
    return "closed" if shop.is_closed else "suspended" if shop.is_suspended else "open"

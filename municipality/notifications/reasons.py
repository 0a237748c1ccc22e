"""Why a message did not go out by a channel, in words for staff."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Any] = {
    "": "—",
    "no_address": _("The person has no confirmed address"),
    "limit": _("The number has had its share of messages"),
    "refused": _("The channel refused it for good"),
    "foreign_link": _("The text leads to a foreign address"),
    "exhausted": _("Every try failed"),
    "demo": _("Made up for the demo, sent to nobody"),
}

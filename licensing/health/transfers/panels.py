"""The transfers that a person asked for, above their requests: a request of the new holder is not theirs."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from licensing.health.transfers import queries
from licensing.models import LicenceTransfer
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual, day
from municipality.ui.texts import Text


def other_lists(user: User) -> list[tuple[Text, str]]:
    """One line for each that is under way; one query."""
    return [(_state(row), reverse("licensing:transfer", args=[row.shop.public_id])) for row in queries.asked_by(user)]


def _state(row: LicenceTransfer) -> Text:
    name = bilingual(row.shop, "name")
    if row.case is None:
        text = _("{}: the transfer of the licence waits for the answer of the new holder until {}")
        return format_html(text, name, day(clock.day_of(row.expires_at)))
    return format_html(_("{}: the transfer of the licence is with the Municipality"), name)

"""Signatures under boards in words: on the page where the boards are sent, on the case page and in the licence."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.models import BoardConsent, ConsentRole
from licensing.signage.consents import queries
from municipality.ui.templatetags.portal import bilingual, moment, term
from municipality.ui.texts import Text

SIGNED: dict[str, Promise | str] = {
    ConsentRole.LANDLORD: _("Agreed by the landlord"),
    ConsentRole.TRADEMARK_OWNER: _("Agreed by the owner of the trademark"),
}
ASK: dict[str, Promise | str] = {
    ConsentRole.LANDLORD: _("Ask the landlord for a signature"),
    ConsentRole.TRADEMARK_OWNER: _("Ask the owner of the trademark for a signature"),
}
PRINTED = {
    ConsentRole.LANDLORD: ("موافقة مالك العقار", "Agreed by landlord"),
    ConsentRole.TRADEMARK_OWNER: ("موافقة مالك العلامة", "Agreed by mark owner"),
}
# The kind of the tag of a state (`queries.state_of`), and its words.
STATES = {
    "open": ("warn", _("Not answered yet")),
    "agreed": ("ok", _("Agreed")),
    "expired": ("bad", _("Time ran out")),
    "changed": ("bad", _("For other boards than now")),
    "refused": ("bad", _("Refused")),
}


def signer_of(consent: BoardConsent) -> Text:
    """Name of the signer and time of the signature."""
    return format_html("{} · {}", term(bilingual(consent.signer, "name")), moment(consent.answered_at))


def rows_of(consents: list[BoardConsent], boards_digest: str) -> list[dict[str, Any]]:
    """For each role: what `licensing/boards/_consents.html` shows."""
    by_role = {consent.role: consent for consent in consents}
    rows = []
    for role in ConsentRole:
        consent = by_role.get(role)
        state = queries.state_of(consent, boards_digest) if consent is not None else ""
        tag, label = STATES.get(state, ("", ""))
        row = {"role": role.value, "name": role.label, "ask": ASK[role], "consent": consent, "state": state, "tag": tag, "label": label}
        rows.append(row | {"signer": signer_of(consent) if consent is not None and consent.answer else ""})
    return rows

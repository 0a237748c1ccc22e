"""Messages about health licences, one bilingual class each; the words are in templates/licensing/messages."""

from __future__ import annotations

from typing import Any

from municipality.notifications.registry import MessageKind


class _AboutCase(MessageKind):
    abstract = True

    @classmethod
    def path(cls, context: dict[str, Any]) -> str:
        return f"/cases/{context['case'].public_id}/"


class RenewalSubmitted(_AboutCase):
    kind = "licensing.renewal_submitted"


class RenewalPaid(_AboutCase):
    kind = "licensing.renewal_paid"


class RenewalIssued(_AboutCase):
    kind = "licensing.renewal_issued"


class RenewalLapsed(_AboutCase):
    kind = "licensing.renewal_lapsed"


class LicenceHeld(_AboutCase):
    kind = "licensing.licence_held"

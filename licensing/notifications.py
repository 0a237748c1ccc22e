"""Messages about health licences, one bilingual class each; the words are in templates/licensing/messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from municipality.notifications.registry import MessageKind

_DAY = dt.date(2027, 11, 24)


class _AboutCase(MessageKind):
    def path(self, context: Mapping[str, Any]) -> str:
        return f"/cases/{context['case'].public_id}/"


class RenewalSubmitted(_AboutCase):
    kind = "licensing.renewal_submitted"
    samples = {"until": _DAY}


class RenewalPaid(_AboutCase):
    kind = "licensing.renewal_paid"


class RenewalIssued(_AboutCase):
    kind = "licensing.renewal_issued"
    samples = {"licence.first_day": _DAY, "licence.last_day": _DAY}


class RenewalLapsed(_AboutCase):
    kind = "licensing.renewal_lapsed"


class LicenceHeld(_AboutCase):
    kind = "licensing.licence_held"


class PaymentTakenBack(_AboutCase):
    kind = "licensing.payment_taken_back"

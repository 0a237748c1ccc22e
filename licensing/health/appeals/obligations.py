"""What a person may do about a refusal: appeal until a day."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.health.appeals import queries
from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.ui.templatetags.portal import bilingual


def obligations(user: User) -> list[Obligation]:
    """One offer for each refused request that can still be appealed; one query."""
    return [
        Obligation(
            "appeal",
            case.key,
            Duty.OFFER,
            _("Last day to appeal against a refusal"),
            _("You may appeal against a refusal"),
            _("Appeal"),
            reverse("licensing:appeal", args=[case.public_id]),
            subject=case.rights_key,
            about=bilingual(case, "title"),
            reference=case.reference,
            until=until,
        )
        for case, until in queries.open_refusals(user)
    ]

"""What a person may do about an opinion: object until a day."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.ui.templatetags.portal import bilingual
from zoning.objections import queries


def obligations(user: User) -> list[Obligation]:
    """One offer for each opinion that can still be objected to."""
    return [
        Obligation(
            "object",
            opinion.case.key,
            Duty.OFFER,
            _("Last day to object to an opinion"),
            _("You may object to an opinion"),
            _("Object"),
            reverse("zoning:objection", args=[opinion.case.public_id]),
            about=bilingual(opinion.case, "title"),
            reference=opinion.case.reference,
            until=until,
        )
        for opinion, until in queries.open_opinions(user)
    ]

"""What a person may do about an opinion: object until a day."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.ui.templatetags.portal import bilingual
from zoning.objections import queries
from zoning.opinion.states import OpinionState


def obligations(user: User) -> list[Obligation]:
    """One offer for each opinion or refusal that can still be objected to."""
    return [
        Obligation(
            "object",
            case.key,
            Duty.OFFER,
            _("Last day to object to an opinion") if case.state != OpinionState.REFUSED else _("Last day to object to a refusal"),
            _("You may object to an opinion") if case.state != OpinionState.REFUSED else _("You may object to a refusal"),
            _("Object"),
            reverse("zoning:objection", args=[case.public_id]),
            about=bilingual(case, "title"),
            reference=case.reference,
            until=until,
        )
        for case, until in queries.open_cases(user)
    ]

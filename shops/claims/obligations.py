"""What the holder of a shop may do about a claim to it: dispute it, until a day."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.ui.templatetags.portal import bilingual
from shops.claims import panels


def obligations(user: User) -> list[Obligation]:
    """One offer for each claim that the user may dispute, as holder or delegate; one query."""
    if user.is_staff:
        return []
    return [
        Obligation(
            code="dispute",
            key=claim.case.key,
            duty=Duty.OFFER,
            title=_("The time to dispute a claim to a shop ends"),
            task=_("Somebody claims a shop of yours"),
            action=_("Dispute the claim"),
            url=reverse("shops:dispute", args=[claim.case.public_id]),
            subject=claim.shop.key,
            about=bilingual(claim.shop, "name"),
            until=claim.answer_by,
            is_asked=True,
        )
        for claim in panels.disputable_claims(user)
    ]

"""The transfers that wait for the answer of a person."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.health.transfers import queries
from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual


def obligations(user: User) -> list[Obligation]:
    """One for each; one query."""
    return [
        Obligation(
            code="answer",
            key=row.key,
            duty=Duty.OFFER,
            title=_("The time to answer about a licence ends"),
            task=_("Answer whether you take a shop over"),
            action=_("Read and answer"),
            url=reverse("licensing:answer_transfer", args=[row.public_id]),
            about=bilingual(row.shop, "name"),
            until=clock.day_of(row.expires_at),
            is_asked=True,
        )
        for row in queries.waiting(user)
    ]

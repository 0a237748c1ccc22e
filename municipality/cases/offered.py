"""Delegations that are offered to a person, among what a person may do until a day."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.delegation import queries as delegation
from municipality.ui.templatetags.portal import bilingual


def obligations(user: User) -> list[Obligation]:
    """One for each offer, until the last day to accept or decline it; one query, none for a person of a session without offers."""
    if user.is_staff or not getattr(user, "has_offers", True):
        return []
    return [
        Obligation(
            code="answer",
            key=row.key,
            duty=Duty.OFFER,
            title=_("The time to answer about a delegation ends"),
            task=_("Answer whether you act for somebody"),
            action=_("Read and answer"),
            url=reverse("delegation:one", args=[row.public_id]),
            about=bilingual(row.giver, "name"),
            until=row.answer_by,
            is_asked=True,
            stops_nothing=True,
        )
        for row in delegation.offered_to(user)
    ]

"""Requests that were begun and not sent, among what a person may do until a day."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.drafts.registry import DRAFT_KINDS
from municipality.drafts.unsent import unsent


def obligations(user: User) -> list[Obligation]:
    """One offer for each draft, until the day on which it is deleted; without those that their service names itself."""
    return [
        Obligation(
            code="continue",
            key=one.draft.key,
            duty=Duty.OFFER,
            title=_("A saved request is deleted"),
            task=_("Finish a request that you have not sent yet"),
            action=_("Continue the request"),
            url=one.url,
            subject=one.draft.subject,
            about=format_html("{}: {}", one.name, one.about),
            until=one.until,
            stops_nothing=True,
        )
        for one in unsent(user)
        if not DRAFT_KINDS[one.draft.service].has_obligation
    ]

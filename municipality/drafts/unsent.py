"""The requests that a person has begun and not sent: one list for the home page, "My requests" and the page of each service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from municipality.accounts.requests import Visitor
from municipality.drafts import queries
from municipality.drafts.models import Draft
from municipality.drafts.registry import DRAFT_KINDS, Abouts
from municipality.kernel import clock, request_cache


@dataclass(frozen=True)
class UnsentRequest:
    """A draft as lists show it, in the active language: what is asked for, about what, and the page that continues it."""

    draft: Draft
    name: str
    about: SafeString
    url: str

    @property
    def until(self) -> dt.date:
        """The day on which it is deleted, if nothing is changed in it."""
        return clock.day_of(self.draft.expires_at)


def unsent(user: Visitor, services: Collection[str] = ()) -> list[UnsentRequest]:
    """What the user may continue, the first to be deleted first; of some services if they are named.

    One statement for the drafts and one for each kind of subject that they are about; a page reads them once.
    """
    if not user.is_authenticated or (services and not any(service in DRAFT_KINDS for service in services)):
        return []
    found = request_cache.get_or_set(("drafts.unsent", user.pk), lambda: _read(user))
    return [one for one in found if not services or one.draft.service in services]


def _read(user: Visitor) -> list[UnsentRequest]:
    rows = [(draft, DRAFT_KINDS[draft.service]) for draft in queries.open_of(user) if draft.service in DRAFT_KINDS]
    rows = [(draft, kind) for draft, kind in rows if draft.person_id == user.pk or not kind.is_personal]
    groups: dict[Abouts, list[Draft]] = {}
    for draft, kind in rows:
        groups.setdefault(kind.abouts, []).append(draft)
    abouts = {key: about for read, drafts in groups.items() for key, about in read(drafts).items()}
    language = get_language() or "ar"
    column = 0 if language == "ar" else 1
    return [
        UnsentRequest(draft, kind.name[column], format_html("<bdi>{}</bdi>", abouts[draft.pk][column]), f"/{language}{kind.path(draft)}")
        for draft, kind in rows
        if draft.pk in abouts
    ]

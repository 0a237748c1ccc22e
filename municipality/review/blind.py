"""Blind review: the names of a case are hidden from its officer and from the second signature until the decision is saved.

A value is replaced before it reaches a template, so that neither a page nor its source contains it. File names are never shown: an
applicant may have named a file after a person. The pictures of the pages themselves are shown as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.review.models import QueueEntry
from municipality.review.registry import Item, Reviewable
from municipality.review.states import QueueEntryState

HIDDEN, OTHER = _("hidden until the decision"), _("another value, hidden until the decision")


class RevealReason(models.TextChoices):
    """Why a reviewer has to see the names before the decision."""

    DOCUMENT = "document", _("A name has to be compared with a document")
    CONFLICT = "conflict", _("I may know a person of this request")


def hides_names(service: Reviewable, entry: QueueEntry, role: str) -> bool:
    """Whether a reader in a role must not see the names of a case yet. An auditor decides nothing and reads everything."""
    if service.is_blind:
        return True
    return service.is_blind_until_decided and role != "auditor" and entry.state != QueueEntryState.LEFT


def without_names(items: Iterable[Item]) -> list[Item]:
    """The items with every personal value replaced; what changed is still told apart from what did not."""
    return [_hidden(item) if item.is_personal else item for item in items]


def _hidden(item: Item) -> Item:
    return replace(item, value=OTHER, before=HIDDEN) if item.before else replace(item, value=HIDDEN if item.value else "")

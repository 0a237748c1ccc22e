"""Questions about documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from municipality.accounts.requests import Visitor
from municipality.documents.facts import Facts
from municipality.documents.models import Document
from municipality.kernel.registry import Registry

# Documents of others that a person may open: each provider answers a query of primary keys, or None.
OPENED_TO: Registry[Callable[[Any], QuerySet[Any] | None]] = Registry()
# The facts of each kind of document, by the name of the kind; registered by the app that issues it.
KINDS: Registry[type[Facts]] = Registry()


def visible_to(user: Visitor) -> QuerySet[Document]:
    """The documents a person holds, and those of others that the apps above open to them; staff see none here."""
    if not user.is_authenticated or user.is_staff:
        return Document.objects.none()
    mine = Q(holder_key=user.key)
    for opened in OPENED_TO.values():
        keys = opened(user)
        mine = mine if keys is None else mine | Q(pk__in=keys)
    return Document.objects.filter(mine).exclude(state="draft")

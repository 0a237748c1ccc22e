"""Queries about documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.documents.facts import Facts
from municipality.documents.models import Document
from municipality.kernel.registry import Registry

# Documents of others that a person may open: providers return a queryset of primary keys, or None.
OPENED_TO: Registry[Callable[[User], QuerySet[Any] | None]] = Registry()
# The facts of each kind of document, by the name of the kind.
DOCUMENT_KINDS: Registry[type[Facts]] = Registry()


def visible_to(user: Visitor) -> QuerySet[Document]:
    """The documents of a person, and those of others that `OPENED_TO` gives; none for staff."""
    if not user.is_authenticated or user.is_staff:
        return Document.objects.none()
    condition = Q(holder_key=user.key)
    for provider in OPENED_TO.values():
        keys = provider(user)
        condition = condition if keys is None else condition | Q(pk__in=keys)
    return Document.objects.filter(condition).exclude(state="draft")

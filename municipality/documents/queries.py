"""Queries about documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from municipality.accounts.models import User
from municipality.accounts.queries import may_sign, organisations_signed_by
from municipality.accounts.requests import Visitor
from municipality.documents.facts import Facts
from municipality.documents.models import Document
from municipality.kernel.registry import Registry

_LICENCE = re.compile(r"(?:HLT-[A-Z]{2}-[0-9]{4}-[0-9]{6}-[A-Z0-9]|ADL-[A-Z]{2}-[0-9]{4}-[0-9]{6}-[A-Z0-9](?:[/-][0-9]{1,3})?)")

# Documents of others that a person may open: providers return a queryset of primary keys, or None.
OPENED_TO: Registry[Callable[[User], QuerySet[Any] | None]] = Registry()
# By the name of a service: the public page of what has a document with a number, empty where there is none.
NUMBER_PAGES: Registry[Callable[[str], str]] = Registry()
# The facts of each kind of document, by the name of the kind.
DOCUMENT_KINDS: Registry[type[Facts]] = Registry()


def visible_to(user: Visitor) -> QuerySet[Document]:
    """The documents of a person and of organisations that they sign for, and those of others that `OPENED_TO` gives; none for staff."""
    if not user.is_authenticated or user.is_staff:
        return Document.objects.none()
    condition = Q(holder_key=user.key)
    if may_sign(user):
        signed = organisations_signed_by(user).annotate(holder_key=Concat(Value("organisation:"), F("public_id")))
        condition |= Q(holder_key__in=signed.values("holder_key"))
    for provider in OPENED_TO.values():
        keys = provider(user)
        condition = condition if keys is None else condition | Q(pk__in=keys)
    return Document.objects.filter(condition).exclude(state="draft")


def live_state(document: Document) -> str:
    """What the check page and its interface say of a document today, as its kind tells: a value of `Document.live_state`."""
    kind = DOCUMENT_KINDS.get(document.kind)
    return document.live_state if kind is None else kind.live_state(document)


def page_of_number(number: str) -> str:
    """The public page of what has a document with a number as it is printed, or an empty text."""
    return next((url for page_of in NUMBER_PAGES.values() if (url := page_of(number))), "")


def is_licence_number(text: str) -> bool:
    """Whether a text has the form of the number of a licence of a shop or of its boards; nothing is looked up."""
    return _LICENCE.fullmatch(text) is not None

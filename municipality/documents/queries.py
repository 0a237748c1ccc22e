"""Questions about documents."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from municipality.documents.models import Document


def visible_to(user: Any) -> QuerySet[Document]:
    """The documents a person holds; staff see none here."""
    if not user.is_authenticated or user.is_staff:
        return Document.objects.none()
    return Document.objects.filter(holder_key=user.key).exclude(state="draft")

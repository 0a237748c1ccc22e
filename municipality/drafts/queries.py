"""Questions about kept requests."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from municipality.drafts.models import Draft


def visible_to(user: Any) -> QuerySet[Draft]:
    """The open requests that a person is filling in; staff see nobody's."""
    if not user.is_authenticated or user.is_staff:
        return Draft.objects.none()
    return Draft.objects.filter(person=user, closed_at__isnull=True)


def open_for(user: Any, service: str, subject: str) -> Draft | None:
    """The person's own open request of a service about a subject."""
    return visible_to(user).filter(service=service, subject=subject).first()

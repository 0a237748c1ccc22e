"""Questions about kept requests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from municipality.drafts.models import Draft
from municipality.uploads import queries as uploads


def visible_to(user: Any) -> QuerySet[Draft]:
    """The open requests that a person is filling in; staff see nobody's."""
    if not user.is_authenticated or user.is_staff:
        return Draft.objects.none()
    return Draft.objects.filter(person=user, closed_at__isnull=True)


def open_for(user: Any, service: str, subject: str) -> Draft | None:
    """The person's own open request of a service about a subject."""
    return visible_to(user).filter(service=service, subject=subject).first()


def files_left(*, before: dt.datetime | None = None) -> list[str]:
    """Subjects of requests that are over and still have files, last touched before an instant if one is given."""
    subjects = uploads.subjects_of("draft", before=before)
    ids = [subject.partition(":")[2] for subject in subjects]
    open_ones = set(Draft.objects.filter(public_id__in=ids, closed_at__isnull=True).values_list("public_id", flat=True))
    return [subject for subject, public_id in zip(subjects, ids, strict=True) if public_id not in open_ones]

"""Queries about visits and their evidence."""

from __future__ import annotations

from django.db.models import QuerySet

from municipality.fieldwork.models import Evidence, Visit


def visit_of(key: str) -> Visit | None:
    """The visit with a device's key."""
    return Visit.objects.filter(key=key).first()


def evidence_of(visit: Visit | int | None) -> QuerySet[Evidence]:
    """The evidence of a visit with its uploads, oldest first; empty for None."""
    return Evidence.objects.filter(visit=visit).select_related("upload").order_by("pk") if visit is not None else Evidence.objects.none()


def evidence_files(subject: str) -> set[int]:
    """Primary keys of the uploads of a subject that are evidence of a visit: they are never removed (`guards`)."""
    return set(Evidence.objects.filter(upload__subject=subject).values_list("upload", flat=True))

"""Queries about drafts."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.delegation import queries as delegation
from municipality.delegation.registry import Ownership
from municipality.drafts.models import Draft
from municipality.kernel import clock, request_cache
from municipality.uploads import queries as uploads


def visible_to(user: Visitor) -> QuerySet[Draft]:
    """A person's open drafts and those in which they act for another; for staff, the drafts of people whom they assist."""
    if not user.is_authenticated:
        return Draft.objects.none()
    own = Q(pk__in=[]) if user.is_staff else Q(person=user)
    of_others = delegation.granted_rows(user, owner="person", subject="subject", held="held_under", service="", column="service")
    mine = own if of_others is None else own | of_others
    return Draft.objects.filter(mine, closed_at__isnull=True, expires_at__gt=clock.now())


def ownership(draft: Draft, user: User) -> Ownership:
    """A draft belongs to its person."""
    return Ownership(draft.person_id == user.pk, [draft.person_id], [draft.rights_key], draft.service)


def open_for(user: User, service: str, subject: str, *, person: User | None = None) -> Draft | None:
    """The open draft of a service about a subject that the user continues as `person`, on whose behalf they act: without it, their own."""
    return visible_to(user).filter(person=person or user, service=service, subject=subject).select_related("person").first()


def open_of(user: Visitor) -> list[Draft]:
    """All drafts that the user may continue, the first to expire first; a page reads them once."""
    rows = visible_to(user).select_related("person").order_by("expires_at", "pk")
    return request_cache.get_or_set(("drafts.open", user.pk), lambda: list(rows))


def begun_subjects(user: User, service: str, subjects: list[str]) -> set[str]:
    """Those of the subjects about which the user may continue a draft of a service; no query without subjects."""
    return {draft.subject for draft in open_of(user) if draft.service == service} & set(subjects) if subjects else set()


def leftover_files(*, before: dt.datetime | None = None) -> list[str]:
    """Subject keys of closed drafts that still have files, last changed before an instant if one is given."""
    subjects = uploads.subjects_of("draft", before=before)
    ids = [subject.partition(":")[2] for subject in subjects]
    open_ids = set(Draft.objects.filter(public_id__in=ids, closed_at__isnull=True).values_list("public_id", flat=True))
    return [subject for subject, public_id in zip(subjects, ids, strict=True) if public_id not in open_ids]

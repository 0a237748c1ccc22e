"""Questions about kept requests."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.delegation import queries as delegation
from municipality.delegation.registry import Ownership
from municipality.drafts.models import Draft
from municipality.uploads import queries as uploads


def visible_to(user: Visitor) -> QuerySet[Draft]:
    """The open requests that a person is filling in, and those in which they act for another; staff see those of whom they assist."""
    if not user.is_authenticated:
        return Draft.objects.none()
    own = Q(pk__in=[]) if user.is_staff else Q(person=user)
    of_others = delegation.rows(user, owner="person", subject="subject", held="held_under", service="", column="service")
    return Draft.objects.filter(own if of_others is None else own | of_others, closed_at__isnull=True)


def ownership(draft: Draft, user: User) -> Ownership:
    """A request that is being filled in is its person's."""
    return Ownership(draft.person_id == user.pk, [draft.person_id], [draft.rights_key], draft.service)


def open_for(user: User, service: str, subject: str) -> Draft | None:
    """The open request of a service about a subject that the person fills in: their own, else one in which they act for another."""
    found = list(visible_to(user).filter(service=service, subject=subject).select_related("person").order_by("pk")[:20])
    return next((draft for draft in found if draft.person_id == user.pk), found[0] if found else None)


def open_about(user: User, service: str, subjects: list[str]) -> list[Draft]:
    """The open requests of a service about any of the subjects that `visible_to` shows."""
    return list(visible_to(user).filter(service=service, subject__in=subjects))


def files_left(*, before: dt.datetime | None = None) -> list[str]:
    """Subjects of requests that are over and still have files, last touched before an instant if one is given."""
    subjects = uploads.subjects_of("draft", before=before)
    ids = [subject.partition(":")[2] for subject in subjects]
    open_ones = set(Draft.objects.filter(public_id__in=ids, closed_at__isnull=True).values_list("public_id", flat=True))
    return [subject for subject, public_id in zip(subjects, ids, strict=True) if public_id not in open_ones]

"""Queries about assignments out of turn: the overrides that are published, and what no override explains."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from municipality.places.models import Branch
from municipality.review.models import Override, QueueEntryEvent
from municipality.review.queries import replies
from municipality.review.replay import assignments
from municipality.rulebook.queries import Reason


@dataclass(frozen=True)
class PublishedOverride:
    """An allowed override for the public page, without names of people."""

    number: int
    branch: Branch
    skill: str
    reason: Reason | None
    asked_at: dt.datetime
    allowed_at: dt.datetime
    assigned_at: dt.datetime | None
    overtaken: int  # waiting cases with a lower number when it was assigned


def published_overrides(limit: int = 500) -> list[PublishedOverride]:
    """The allowed overrides, newest first. Two queries, and those of the editions of their cases."""
    allowed = Override.objects.filter(allowed_at__isnull=False).select_related("place__branch", "place__case")
    rows = list(allowed.order_by("-allowed_at", "-pk")[:limit])
    events = QueueEntryEvent.objects.filter(subject__in=[row.place_id for row in rows], move="draw", data__has_key="override")
    assigned = {event.subject_id: event for event in events.order_by("-pk")}  # the first assignment of each entry
    reasons: dict[tuple[str, ...], dict[str, Reason]] = {}
    result = []
    for row in rows:
        entry, assignment = row.place, assigned.get(row.place_id)
        judged_by = (entry.case.service, *entry.case.editions)
        if judged_by not in reasons:
            reasons[judged_by] = replies(entry.case).reasons
        result.append(
            PublishedOverride(
                entry.pk,
                entry.branch,
                entry.skill,
                reasons[judged_by].get(row.code),
                row.asked_at,
                row.allowed_at or row.asked_at,
                assignment.at if assignment else None,
                assignment.data["overtook"] if assignment else 0,
            )
        )
    return result


@dataclass(frozen=True)
class Inversion:
    """An assignment that passed over a case which waited longer and which the officer could have decided."""

    event: int
    place: int
    officer_key: str
    overtook: int  # the lowest number that was passed over


def inversions() -> Iterator[Inversion]:
    """Assignments out of order without an allowed override, found by replaying the events of the queue (`replay`)."""
    for assignment in assignments():
        if assignment.overtaken and not assignment.overridden:
            yield Inversion(assignment.event, assignment.place, assignment.officer_key, assignment.overtaken[0])

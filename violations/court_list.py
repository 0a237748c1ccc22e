"""The day from which a violation is on the list for the court."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from municipality.kernel import clock
from violations.models import Violation, ViolationEvent
from violations.states import ViolationState

STATES = (ViolationState.OVERDUE, ViolationState.UNSETTLEABLE)


def list_day(row: Violation) -> dt.date | None:
    """The day after the last day to settle and to object. None before service.

    Not before the day on which it came into its state: carried over from paper, objection refused, plan of instalments fallen.
    """
    if row.object_until is None:
        return None
    day = max(day for day in (row.settle_until, row.object_until) if day is not None) + dt.timedelta(days=1)
    if row.state not in STATES:
        return day
    entered = row.entered_at if hasattr(row, "entered_at") else _entries(row.pk).values_list("at", flat=True).first()
    return day if entered is None else max(day, clock.day_of(entered))


def annotate_entered(rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Annotate `entered_at`, when each violation came into its state, for `list_day` of many rows."""
    return rows.annotate(entered_at=Subquery(_entries(OuterRef("pk")).values("at")[:1]))


def _entries(violation: Any) -> QuerySet[Any]:
    """The events that brought a violation from one state into another, the newest first; not the sweep, which may come late."""
    return ViolationEvent.objects.filter(subject=violation).exclude(from_state=F("to_state")).exclude(move="lapse").order_by("-pk")

"""How long officers took to decide, from joining the queue to the decision: working time, without the time with the applicant.

The one source of these figures: for the service cards, the public page of the queue, and the figures of supervisors and auditors.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from municipality.cases.catalogue import ProcessingTimes
from municipality.kernel import clock, worktime
from municipality.review.boards import DECIDED, midnight
from municipality.review.models import QueueEntryEvent
from municipality.rulebook import queries as rulebook

DAYS = 90  # calendar days of which decisions are counted
MIN_DECISIONS = 5  # fewer give no figure
LATE = 0.1  # of a working day: at least so much longer than promised took what is late
CLOCK_FIELDS = ("started_at", "paused_minutes", "promised_minutes", "promised_days", "due_at")  # of a clock, as for `study_time`


@dataclass(frozen=True)
class StudyTime:
    """The time of one decision in working days, as the promise counts them, and whether it came after the promised instant."""

    days: float
    is_late: bool


def study_time(calendar: worktime.Calendar, decided_at: dt.datetime, clock_fields: Sequence[Any]) -> StudyTime:
    """The time of a decision by the values of `CLOCK_FIELDS`."""
    started_at, paused, promised, days, due_at = clock_fields
    used = max(0, worktime.working_minutes_between(calendar, started_at, decided_at) - paused)
    taken = used * days / promised if promised else 0.0
    # Not by minutes: a weekend after the promised instant uses none. What is late took longer than the promised days.
    is_late = due_at is not None and decided_at > due_at
    return StudyTime(max(taken, days + LATE) if is_late and days else taken, is_late)


def half(times: Sequence[StudyTime]) -> float:
    """Within how many working days half of the decisions came. Raises IndexError for none."""
    return _rank(times, 5)


def ninety(times: Sequence[StudyTime]) -> float:
    """Within how many working days nine of ten decisions came. Raises IndexError for none."""
    return _rank(times, 9)


def whole_days(days: float) -> int:
    """Working days as the public reads them: rounded up, at least one."""
    return max(1, math.ceil(round(days, 1)))


def decisions(now: dt.datetime) -> QuerySet[QueueEntryEvent]:
    """The decisions of the last DAYS days that have a clock."""
    since = midnight(clock.day_of(now) - dt.timedelta(days=DAYS))
    return QueueEntryEvent.objects.filter(move="leave", reason__in=DECIDED, at__gte=since, subject__case__clock__isnull=False)


def clock_values(prefix: str) -> list[str]:
    """The names of `CLOCK_FIELDS` from a row that reaches the case of a clock by `prefix`."""
    return [f"{prefix}__clock__{name}" for name in CLOCK_FIELDS]


def times_of(service: str) -> ProcessingTimes | None:
    """How long the decisions about cases of a service took; None for fewer than MIN_DECISIONS. Two queries."""
    calendar = rulebook.calendar()
    rows = decisions(clock.now()).filter(subject__case__service=service).values_list("at", *clock_values("subject__case"))
    times = [study_time(calendar, at, clock_fields) for at, *clock_fields in rows]
    if len(times) < MIN_DECISIONS:
        return None
    late = round(100 * sum(time.is_late for time in times) / len(times))
    return ProcessingTimes(len(times), whole_days(half(times)), whole_days(ninety(times)), late)


def _rank(times: Sequence[StudyTime], tenths: int) -> float:
    return sorted(time.days for time in times)[(len(times) * tenths - 1) // 10]

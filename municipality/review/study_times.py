"""How long officers took to decide, from joining the queue to the decision: working time, without the time with the applicant.

The one source of these figures, for the public page of the queue and for the figures of supervisors and auditors.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from municipality.kernel import worktime

DAYS = 90  # calendar days of which decisions are counted
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
    # Not by minutes: a weekend after the promised instant uses none.
    return StudyTime(used * days / promised if promised else 0.0, due_at is not None and decided_at > due_at)


def half(times: Sequence[StudyTime]) -> float:
    """Within how many working days half of the decisions came. Raises IndexError for none."""
    return _rank(times, 5)


def ninety(times: Sequence[StudyTime]) -> float:
    """Within how many working days nine of ten decisions came. Raises IndexError for none."""
    return _rank(times, 9)


def _rank(times: Sequence[StudyTime], tenths: int) -> float:
    return sorted(time.days for time in times)[(len(times) * tenths - 1) // 10]

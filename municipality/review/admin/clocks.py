"""The clock of a case as one line: a word and a shape beside the colour."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock as time
from municipality.kernel import worktime
from municipality.review.models import Clock
from municipality.rulebook import queries as rulebook

SOON = 75  # per cent of the promise, from which on the line warns


@dataclass(frozen=True)
class ClockLine:
    """`kind` is ok, warn, bad or wait, as the tags of the house know them; `percent` of the promise that is used."""

    kind: str
    word: Any
    percent: int
    due_at: dt.datetime | None
    level: int
    is_paused: bool


def line(clock: Clock | None, calendar: worktime.Calendar | None = None) -> ClockLine | None:
    """How a clock stands now; None for a case without one. One query at most, for the calendar."""
    if clock is None:
        return None
    calendar = calendar or rulebook.calendar()
    until = clock.stopped_at or clock.paused_at or time.now()
    used = worktime.working_minutes_between(calendar, clock.started_at, until) - clock.paused_minutes
    percent = max(0, 100 * used // max(1, clock.promised_minutes))
    if clock.stopped_at is not None:
        kind, word = "wait", _("Study ended")
    elif percent >= 100:
        kind, word = "bad", _("Late")
    elif clock.paused_at is not None:
        kind, word = "wait", _("Stopped: the applicant is waited for")
    elif percent >= SOON:
        kind, word = "warn", _("Due soon")
    else:
        kind, word = "ok", _("In time")
    return ClockLine(kind, word, percent, clock.due_at, clock.level, clock.paused_at is not None)

"""The clock of a case as one line of a page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock, worktime
from municipality.review.boards import SOON_DAYS, soon_until
from municipality.review.models import Clock
from municipality.review.timeline import LEVELS
from municipality.rulebook import queries as rulebook
from municipality.ui.plurals import counted, within
from municipality.ui.texts import Text


@dataclass(frozen=True)
class ClockLine:
    """The state of a clock. `kind` is that of a tag (ok, warn, bad, wait), `percent` the used share of the promise."""

    kind: str
    word: Text
    percent: int
    due_at: dt.datetime | None
    level: int
    is_paused: bool

    @property
    def escalated(self) -> str:
        return level_text(self.level)


def level_text(level: int) -> str:
    """How far a request was escalated: `Escalated to the auditors of the Municipality as well (level 2 of 3)`; empty for level 0."""
    if not level:
        return ""
    return gettext("%(escalated)s (level %(level)s of %(levels)s)") % {"escalated": LEVELS[level], "level": level, "levels": len(LEVELS)}


def late_text(due_at: dt.datetime, calendar: worktime.Calendar) -> str:
    """`Late by 3 working days`."""
    days = worktime.working_days_between(calendar, clock.day_of(due_at), clock.today())
    return gettext("Late by %(days)s") % {"days": counted(days, "working_day")} if days else gettext("Late by less than a working day")


def due_text(due_at: dt.datetime, calendar: worktime.Calendar) -> str:
    """`Due within 2 working days`."""
    days = worktime.working_days_between(calendar, clock.today(), clock.day_of(due_at))
    return gettext("Due %(within)s") % {"within": within(days, "working_day")} if days else gettext("Due today")


def line(row: Clock | None, calendar: worktime.Calendar | None = None) -> ClockLine | None:
    """The state of a clock now; None for a case without one."""
    return clock_line(row, calendar) if row is not None else None


def clock_line(row: Clock, calendar: worktime.Calendar | None = None) -> ClockLine:
    """The state of a clock now: the same tag on every page."""
    calendar = calendar or rulebook.shown_calendar()
    until = row.stopped_at or row.paused_at or clock.now()
    used = worktime.working_minutes_between(calendar, row.started_at, until) - row.paused_minutes
    percent = max(0, 100 * used // max(1, row.promised_minutes))
    word: Text
    if row.stopped_at is not None:
        kind, word = "wait", _("Study ended")
    elif row.paused_at is not None or row.due_at is None:
        kind, word = "wait", _("Paused: waiting for the applicant")
    elif row.due_at < clock.now():
        kind, word = "bad", late_text(row.due_at, calendar)
    else:
        kind, word = "warn" if row.due_at < soon_until(SOON_DAYS[0]) else "ok", due_text(row.due_at, calendar)
    return ClockLine(kind, word, percent, row.due_at, row.level, row.paused_at is not None)

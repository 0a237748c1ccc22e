"""The clock of a case as one line of a page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock, worktime
from municipality.review.models import Clock
from municipality.review.timeline import LEVELS
from municipality.rulebook import queries as rulebook
from municipality.ui.texts import Text

SOON = 75  # per cent of the promise from which the line warns


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
    """How far a request was escalated: `Escalated to the head of the branch (level 2 of 3)`; empty for level 0."""
    if not level:
        return ""
    return gettext("%(escalated)s (level %(level)s of %(levels)s)") % {"escalated": LEVELS[level], "level": level, "levels": len(LEVELS)}


def late_word(percent: int) -> Text:
    """`Late`, and from twice the promised time on how many times it was used, whole times; `percent` is the used share."""
    times = percent // 100
    if times < 2:
        return _("Late")
    return ngettext("Late: %(times)s time the promised time", "Late: %(times)s times the promised time", times) % {"times": times}


def line(row: Clock | None, calendar: worktime.Calendar | None = None) -> ClockLine | None:
    """The state of a clock now; None for a case without one."""
    if row is None:
        return None
    calendar = calendar or rulebook.calendar()
    until = row.stopped_at or row.paused_at or clock.now()
    used = worktime.working_minutes_between(calendar, row.started_at, until) - row.paused_minutes
    percent = max(0, 100 * used // max(1, row.promised_minutes))
    word: Text
    if row.stopped_at is not None:
        kind, word = "wait", _("Study ended")
    elif percent >= 100:
        kind, word = "bad", late_word(percent)
    elif row.paused_at is not None:
        kind, word = "wait", _("Paused: waiting for the applicant")
    elif percent >= SOON:
        kind, word = "warn", _("Due soon")
    else:
        kind, word = "ok", _("In time")
    return ClockLine(kind, word, percent, row.due_at, row.level, row.paused_at is not None)

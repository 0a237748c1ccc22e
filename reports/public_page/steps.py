"""The history of a report and its promise, as everybody reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual, day, moment
from municipality.ui.texts import Text
from reports.models import HandOver, Report, ReportEvent
from reports.promises import MISSED
from reports.public_page.chain import ICONS, lasting
from reports.results import ToldResult
from reports.states import REPORT_WORKFLOW, ReportState

WHOLE_DAYS = dt.timedelta(days=4)  # from which the time left is said in days

_RESULTS = ("close", "countersign")  # moves with a result in words


@dataclass(frozen=True)
class Promise:
    """What was promised and what became of it: `state` and `label` are a tag, `share` the part of the time that passed, in per cent."""

    state: str
    label: Text
    due_at: dt.datetime
    is_running: bool
    share: int
    has_clock: bool = False  # while the time left is said in hours, a script counts them down

    @property
    def tone(self) -> str:
        """The shape of its mark on a map: late, ok, or an open one."""
        return "ok" if not self.is_running else "late" if self.state == "bad" else "wait"


def promise(report: Report) -> Promise:
    """The promise of a report now. It runs while a report is open, also with another body."""
    now = clock.now()
    until = report.closed_at or now
    rest, whole = report.due_at - until, report.due_at - report.received_at
    share = min(100, max(0, round(100 * (until - report.received_at) / whole))) if whole > dt.timedelta() else 100
    time = {"time": lasting(rest)}
    if report.closed_at is not None:
        label = _("Kept, early by: %(time)s") % time if rest >= dt.timedelta() else _("Late by: %(time)s") % time
        return Promise("ok" if rest >= dt.timedelta() else "bad", label, report.due_at, is_running=False, share=share)
    if report.state == ReportState.MERGED:
        return Promise("wait", _("Joined with another report"), report.due_at, is_running=False, share=share)
    if rest < dt.timedelta():
        return Promise("bad", _("Overdue by: %(time)s") % time, report.due_at, is_running=True, share=100)
    left = _("Time left: %(time)s") % {"time": lasting(rest, days_from=WHOLE_DAYS)}
    return Promise("wait", left, report.due_at, is_running=True, share=share, has_clock=rest < WHOLE_DAYS)


def steps(
    report: Report, events: Sequence[ReportEvent], results: Sequence[ToldResult], hand_overs: Sequence[HandOver]
) -> list[dict[str, Any]]:
    """The steps in their order: labels of moves, the text of a result, the body of a hand-over. No reasons, no names."""
    found: list[dict[str, Any]] = [{"kind": "done", "icon": "camera", "title": _("Received"), "at": report.received_at, "code": "received"}]
    for event in events:
        title = REPORT_WORKFLOW.moves[event.move].label
        step = {"kind": "done", "icon": ICONS.get(event.move, "clock"), "title": title, "at": event.at, "code": event.move}
        if event.move in _RESULTS:
            result = _last_before(results, event.at, "closed_at")
            step["note"] = bilingual(result, "text") if result is not None else ""
        elif event.move == "hand_over" and (hand_over := _last_before(hand_overs, event.at, "made_at")) is not None:
            until = _("answers by")
            step["note"] = format_html("{} · {} {}", bilingual(hand_over, "name"), until, day(hand_over.back_on))
        elif MISSED in event.data:
            missed = _("The earlier result came later than promised:")
            step["note"] = format_html("{} {}", missed, moment(dt.datetime.fromisoformat(event.data[MISSED])))
        found.append(step)
    if report.is_open:
        found[-1]["kind"] = "now"
        late = report.is_overdue
        title = _("A result was promised by this time; the promise is overdue") if late else _("A result is promised by this time")
        found.append({"kind": "bad" if late else "next", "title": title, "at": report.due_at})
    return found


def _last_before(rows: Sequence[Any], at: dt.datetime, field: str) -> Any:
    """The last of the rows that was written until a step."""
    return next((row for row in reversed(rows) if getattr(row, field) <= at), None)

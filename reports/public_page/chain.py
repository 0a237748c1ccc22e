"""What a report led to, from its receipt to the end of a violation, without names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from licensing.inspections.states import InspectionState
from municipality.kernel.workflow import WORKFLOWS
from municipality.ui import plurals
from municipality.ui.texts import Text
from reports.models import Closure, Consequence, PhotoKind, Report, ReportEvent, ReportPhoto
from violations import publication
from violations.models import Violation, ViolationEvent
from violations.rules import CONTESTED, FINAL, GONE, PAID
from violations.states import VIOLATION

_PAYMENTS = ("settle", "pay_court")
# Moves of a violation that everybody reads, with their icons.
MOVES = {
    "warn": "warning",
    "accept_correction": "check",
    "order": "violation",
    "charge": "violation",
    "object": "document",
    "plan": "receipt",
    "refer": "bank",
    "judge": "bank",
    "acquit": "check",
    "settle": "receipt",
    "pay_court": "receipt",
    "waive": "check",
    "uphold_objection": "check",
    "annul": "check",
    "annul_by_writer": "check",
}
TWO_DAYS = dt.timedelta(days=2)


@dataclass(frozen=True)
class ChainLink:
    """One consequence: what, when, and a sentence about it."""

    icon: str
    title: Text
    at: dt.datetime | None
    text: Text = ""


def lasting(time: dt.timedelta) -> str:
    """`14 hours and 45 minutes`, `3 days`: a length of time, in whole days from two days on."""
    minutes = int(abs(time).total_seconds() // 60)
    return plurals.counted(minutes // 1440, "day") if abs(time) >= TWO_DAYS else plurals.span(minutes)


def chain(
    report: Report,
    events: Sequence[ReportEvent],
    consequences: Sequence[Consequence],
    acts: Sequence[ViolationEvent],
    photos: Sequence[ReportPhoto],
    closures: Sequence[Closure],
    people: int,
) -> list[ChainLink]:
    """Received, drawn, visited, warning, violation and what became of it, then the result; each only once it happened."""
    found = [ChainLink("camera", _("Report received"), report.received_at, _people(people))]
    drawn = [event.at for event in events if event.move == "assign"]
    if drawn:
        found.append(ChainLink("user", _("Inspector drawn by lot"), drawn[0], _("No name is shown, and nobody picks.")))
    visited = _visited_at(consequences, photos, closures)
    if visited is not None:
        after = _("After %(time)s") % {"time": lasting(visited - report.received_at)}
        found.append(ChainLink("pin", _("Visit"), visited, after))
    violations = [one.violation for one in consequences if one.violation is not None]
    found += _violation_links(report, violations, acts)
    if report.closed_at is not None:
        found.append(ChainLink("check", _("Report closed"), report.closed_at))
    return sorted(found, key=lambda link: (link.at is None, link.at))


def _people(people: int) -> str:
    return ngettext("%(count)d person reported it", "%(count)d people reported it", people) % {"count": people}


def _visited_at(consequences: Sequence[Consequence], photos: Sequence[ReportPhoto], closures: Sequence[Closure]) -> dt.datetime | None:
    """The first time at which an inspector was there: the end of an inspection, or a photo of the result."""
    inspections = [one.inspection for one in consequences if one.inspection is not None]
    times = [one.ended_at for one in inspections if one.state in (InspectionState.PASSED, InspectionState.FAILED)]
    times += [photo.captured_at or photo.received_at for photo in photos if photo.kind == PhotoKind.AFTER]
    times += [closure.closed_at for closure in closures if closure.is_on_the_spot]
    return min((time for time in times if time is not None), default=None)


def _violation_links(report: Report, violations: Sequence[Violation], acts: Sequence[ViolationEvent]) -> list[ChainLink]:
    """The steps of violations. The page of a shop leads to its reports, so that of a report at a shop tells only what that page does."""
    moves = WORKFLOWS[VIOLATION].moves
    statuses = publication.statuses(violations) if report.shop_id is not None else {}
    found: list[ChainLink] = []
    for violation in violations:
        status = statuses.get(violation.pk, FINAL)
        if status in (FINAL, CONTESTED):
            own = [act for act in acts if act.subject_id == violation.pk and (violation.state == PAID or act.move not in _PAYMENTS)]
            found += [ChainLink(MOVES[act.move], moves[act.move].label, act.at) for act in own]
        elif status == GONE and violation.last_event is not None:
            found.append(ChainLink("check", _("A violation was annulled"), violation.last_event.at))
        else:
            named = _("Measures against a shop are named here once they are final, or once an objection to them is open.")
            found.append(ChainLink("wait", _("A measure was taken"), violation.received_at, named))
    return found

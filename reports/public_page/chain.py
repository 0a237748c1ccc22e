"""What happened with a report and what it led to, from its receipt to the end of a violation, without names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from licensing.inspections.states import InspectionState
from municipality.kernel.workflow import WORKFLOWS
from municipality.ui import plurals
from municipality.ui.texts import Text
from reports.models import Closure, Consequence, PhotoKind, Report, ReportPhoto
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
    "appeal_fined": "bank",
    "appeal_paid": "bank",
    "appeal_acquitted": "check",
    "settle": "receipt",
    "pay_court": "receipt",
    "waive": "check",
    "uphold_objection": "check",
    "annul": "check",
    "annul_by_writer": "check",
}
# Moves of a report with an icon of their own.
ICONS = {
    "assign": "user",
    "draw_again": "user",
    "ask": "mail",
    "answer": "mail",
    "hand_over": "send",
    "close": "check",
    "countersign": "check",
}
COMING = ("next", "bad")  # kinds of the step that is still to come
TWO_DAYS = dt.timedelta(days=2)


@dataclass(frozen=True)
class ChainLink:
    """One step or consequence: what, when, and a sentence about it. `code` is its move, or "received", "visit", "measure"."""

    icon: str
    title: Text
    at: dt.datetime | None
    text: Text = ""
    code: str = "measure"


def lasting(time: dt.timedelta, *, days_from: dt.timedelta = TWO_DAYS) -> str:
    """`14 hours and 45 minutes`, `3 days`: a length of time, in whole days from two days on, or from another length."""
    minutes = int(abs(time).total_seconds() // 60)
    return plurals.counted(minutes // 1440, "day") if abs(time) >= days_from else plurals.span(minutes)


def chain(
    report: Report,
    steps: Sequence[Mapping[str, Any]],
    consequences: Sequence[Consequence],
    acts: Sequence[ViolationEvent],
    photos: Sequence[ReportPhoto],
    closures: Sequence[Closure],
    people: int,
) -> list[ChainLink]:
    """The `steps` that happened, the first one with the number of `people` who reported it; visit, violations and what became of them."""
    happened = [step for step in steps if step["kind"] not in COMING]
    found = [ChainLink(step["icon"], step["title"], step["at"], step.get("note", ""), step["code"]) for step in happened]
    found[0] = replace(found[0], text=_people(people))
    visited = _visited_at(report, consequences, photos, closures)
    if visited is not None:
        after = _("After %(time)s") % {"time": lasting(visited - report.received_at)}
        found.append(ChainLink("pin", _("Visit"), visited, after, "visit"))
    violations = [one.violation for one in consequences if one.violation is not None]
    found += _violation_links(report, violations, acts)
    return sorted(found, key=lambda link: (link.at is None, link.at))


def _people(people: int) -> str:
    return ngettext("%(count)d person reported it", "%(count)d people reported it", people) % {"count": people}


def _visited_at(
    report: Report, consequences: Sequence[Consequence], photos: Sequence[ReportPhoto], closures: Sequence[Closure]
) -> dt.datetime | None:
    """The first time since the receipt at which an inspector was there: the end of an inspection, or a photo of the result."""
    inspections = [one.inspection for one in consequences if one.inspection is not None]
    times = [one.ended_at for one in inspections if one.state in (InspectionState.PASSED, InspectionState.FAILED)]
    times += [photo.captured_at or photo.received_at for photo in photos if photo.kind == PhotoKind.AFTER]
    times += [closure.closed_at for closure in closures if closure.is_on_the_spot]
    return min((time for time in times if time is not None and time >= report.received_at), default=None)


def _violation_links(report: Report, violations: Sequence[Violation], acts: Sequence[ViolationEvent]) -> list[ChainLink]:
    """The steps of violations. The page of a shop leads to its reports, so that of a report at a shop tells only what that page does."""
    moves = WORKFLOWS[VIOLATION].moves
    statuses = publication.statuses(violations) if report.shop_id is not None else {}
    found: list[ChainLink] = []
    for violation in violations:
        status = statuses.get(violation.pk, FINAL)
        if status in (FINAL, CONTESTED):
            own = [act for act in acts if act.subject_id == violation.pk and (violation.state == PAID or act.move not in _PAYMENTS)]
            found += [ChainLink(MOVES[act.move], moves[act.move].label, act.at, code=act.move) for act in own]
        elif status == GONE and violation.last_event is not None:
            found.append(ChainLink("check", _("A violation was annulled"), violation.last_event.at, code=violation.last_event.move))
        else:
            named = _("Measures against a shop are named here once they are final, or once an objection to them is open.")
            found.append(ChainLink("wait", _("A measure was taken"), violation.received_at, named))
    return found

"""The steps of a case whose deadline moved, with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.translation import gettext

from municipality.cases.models import Case, CaseEvent
from municipality.cases.timeline import AddedStep
from municipality.incidents.models import MovedDeadline
from municipality.incidents.queries import moved_about
from municipality.incidents.registry import DEADLINES
from municipality.kernel import clock
from municipality.ui.dates import day_html, moment_html
from municipality.ui.texts import Text


def added_steps(case: Case, events: Sequence[CaseEvent]) -> list[AddedStep]:
    """The deadlines of a case that moved, and those that its service keeps, of its subject, in whose added time it was opened."""
    opened_on = clock.day_of(case.opened_at)

    def concerns(row: MovedDeadline) -> bool:
        if row.subject == case.key:
            return True
        is_kept = row.subject == case.subject and case.service in DEADLINES[row.kind].services
        return is_kept and row.before < opened_on <= row.after

    return [AddedStep(row.at, reason(row), "system") for row in moved_about([case.key, case.subject], opened_on) if concerns(row)]


def moved_deadlines(subject: str) -> list[Text]:
    """Why the deadlines of a subject moved, a sentence each, the first first."""
    return [reason(row) for row in moved_about([subject])]


def reason(row: MovedDeadline) -> Text:
    """Which deadline moved and why, in two sentences."""
    sentence = gettext("{deadline}: the last day moved from {before} to {after}. From {start} to {end} this did not work: {part}.")
    incident = row.incident
    days = {"before": day_html(row.before), "after": day_html(row.after)}
    period = {"start": moment_html(incident.started_at), "end": moment_html(incident.ended_at or row.at)}
    return format_html(sentence, deadline=DEADLINES[row.kind].label, part=incident.get_part_display(), **days, **period)

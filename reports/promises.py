"""How severe a report is, and by when something is promised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock, worktime
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import ReportClock, ReportSeverity
from municipality.rulebook.queries import DayRules
from municipality.rulebook.report_categories import ReportCategory
from reports.models import Report, ReportEvent

MISSED = "missed"  # in the data of an event: the promised time that passed before the result
OPENING = ("reopen", "answer_late", "part_reopened")  # moves that open a closed report again
SEVERITIES = [severity.value for severity in ReportSeverity]  # from the lowest


def severity_of(category: ReportCategory, answers: Mapping[str, str]) -> str:
    """The severity of a category, raised by the answers to its questions. Raises Refused("emergency"), where nothing is received."""
    found = category.severity
    for question in category.questions:
        if question.raises_on and answers.get(question.code) == question.raises_on:
            found = max(found, question.raises_to, key=SEVERITIES.index)
    if found == ReportSeverity.EMERGENCY:
        raise Refused("emergency", _("This is an emergency. Call 112 now. Nothing was sent."))
    return found


def hours(category: ReportCategory, severity: str, limits: Mapping[str, int]) -> float:
    """The promised hours, on the clock of the category: its own in the per cent of the severity, within `least_hours` and `most_hours`."""
    return min(max(category.hours * limits[f"{severity}_percent"] / 100, limits["least_hours"]), limits["most_hours"])


def due_at(
    category: ReportCategory, severity: str, since: dt.datetime, limits: Mapping[str, int], day: DayRules | None = None
) -> dt.datetime:
    """The promised time (`hours`), by the limits of `limits.reports` and the calendar of `day`, where the caller has read one."""
    time = dt.timedelta(hours=hours(category, severity, limits))
    if category.clock == ReportClock.ALWAYS:
        return since + time
    return worktime.add_working_time(day.calendar() if day is not None else rulebook.calendar(), since, time)


def opened_at(report: Report) -> dt.datetime:
    """When it, or the report that it is part of, was received or last opened again."""
    again = ReportEvent.objects.filter(subject__in=[report.pk, report.parent_id or 0], move__in=OPENING)
    last = again.order_by("pk").last()
    return last.at if last is not None else report.received_at


def recategorised(report: Report, category: ReportCategory, since: dt.datetime, limits: Mapping[str, int]) -> tuple[str, dt.datetime]:
    """The severity and the promised time of a report with another category: from `opened_at` on, and never later than what stands.

    Raises Refused("emergency").
    """
    severity = severity_of(category, report.answers)
    return severity, min(report.due_at, due_at(category, severity, since, limits))


def missed(report: Report) -> dict[str, str]:
    """For the event that opens a closed report again: by when a result was promised, where it came later. Empty where it did not.

    The time that is promised next takes the place of `due_at`; pages and figures know by this that one was missed.
    """
    is_late = report.closed_at is not None and report.closed_at > report.due_at
    return {MISSED: report.due_at.isoformat()} if is_late else {}


def promised_again(report: Report, limits: Mapping[str, int]) -> dt.datetime:
    """The promised time of a report that is opened again, from now on."""
    return due_at(ReportCategory(**report.category_facts), report.severity, clock.now(), limits)

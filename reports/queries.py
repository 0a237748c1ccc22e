"""The rules of reports in force, and the reports that everybody may see."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet

from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook import report_categories
from municipality.rulebook.queries import DayRules, RulebookEdition
from municipality.rulebook.report_categories import ReportRules
from reports.models import Closure, Report, SolvedAnswer
from reports.states import ReportState

LIMITS, REPLIES = "limits.reports", "replies.reports"


def rules(on: dt.date | None = None) -> ReportRules:
    """Categories and bodies in force on a day, today by default. Raises Refused("no_edition")."""
    return _rules_of(rulebook.edition(report_categories.SUBJECT, on or clock.today()))


def limits(on: dt.date | None = None) -> dict[str, int]:
    """The limits of reports in force on a day, by code. Raises Refused("no_edition")."""
    return _limits_of(rulebook.edition(LIMITS, on or clock.today()))


@dataclass(frozen=True)
class InForce:
    """Categories and bodies, the limits of reports by code, and what else is in force on the same day."""

    rules: ReportRules
    limits: dict[str, int]
    day: DayRules


def in_force() -> InForce:
    """All of today, in one statement: a transaction reads them anew each time. Raises Refused("no_edition")."""
    day = rulebook.day_rules(clock.today())
    return InForce(_rules_of(day.edition(report_categories.SUBJECT)), _limits_of(day.edition(LIMITS)), day)


def _rules_of(edition: RulebookEdition) -> ReportRules:
    assert edition.reports is not None  # noqa: S101 - every edition of this subject has them
    return edition.reports


def _limits_of(edition: RulebookEdition) -> dict[str, int]:
    return {code: limit.value for code, limit in edition.limits.items()}


def joined(report: Report) -> list[Report]:
    """The reports that were joined with a report, also through another one."""
    found: list[Report] = []
    front = [report.pk]
    while front:
        rows = sorted(Report.objects.filter(merged_into__in=front), key=lambda row: row.pk)  # without ORDER BY: the index is taken
        found += rows
        front = [row.pk for row in rows]
    return found


def end_of(report: Report) -> Report:
    """The report in which the joins of a report end; itself where it was joined with none."""
    while report.merged_into is not None:
        report = report.merged_into
    return report


def promise_of(report: Report) -> Report | None:
    """The older report whose promise a report has: the one that it was joined with, or one that was joined with it; None for its own.

    Its time may lie before this report was sent. Only of reports that go on and are not divided, whose parts have promises of their own.
    """
    end = end_of(report)
    if not end.is_open or end.state == ReportState.SPLIT:
        return None
    if end != report:
        return end
    older = [row for row in joined(report) if row.due_at == report.due_at and row.received_at < report.received_at]
    return min(older, key=lambda row: row.received_at, default=None)


def unsolved(report: Report) -> QuerySet[Closure]:
    """The results that solved nothing, as the reporter said: its own, and those of what was joined with it (`_of_problem`).

    For a report that was divided these are also the results of its parts, and of the reports that those were joined with, from before the
    last "no". A part has its own, and those of the report that it is part of.
    """
    problem = _of_problem(report)
    found = Q(report__in=problem, answers__is_solved=False)
    said = SolvedAnswer.objects.filter(closure__report__in=problem, closure__report__parts__isnull=False, is_solved=False)
    last = dict(said.values_list("closure__report").annotate(Max("at")))
    for part in Report.objects.filter(parent__in=last).select_related("merged_into"):
        end = end_of(part)
        found |= Q(report=end, closed_at__lte=last[part.parent_id]) | Q(report__in=joined(end), answers__is_solved=False)
    return Closure.objects.filter(found, sent_back_at__isnull=True)


def _of_problem(report: Report) -> set[int]:
    """The keys of a report, of what it is part of, and of all that was joined with one of these, with what that is part of."""
    found: set[int] = set()
    front = {report.pk} | {report.parent_id or report.pk}
    while front:
        found |= front
        rows = Report.objects.filter(merged_into__in=front).values_list("pk", "parent")
        front = {pk for row in rows for pk in row if pk is not None} - found
    return found


def public_reports() -> QuerySet[Report]:
    """Reports that are not hidden."""
    return Report.objects.filter(hidden_at__isnull=True)

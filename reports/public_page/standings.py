"""Reports by their standing in public: open, overdue or closed. Those joined with another count once, as that one, and those that were
divided once, as the whole."""

from __future__ import annotations

import datetime as dt

from django.db.models import Case, Q, QuerySet, Value, When

from municipality.kernel import clock
from reports import queries
from reports.models import Report, Standing
from reports.states import ReportState

DAYS = 90  # what the map shows


def of(now: dt.datetime) -> Case:
    """The standing of a report at a time, for an annotation."""
    late = When(due_at__lt=now, then=Value(Standing.OVERDUE))
    return Case(When(state=ReportState.CLOSED, then=Value(Standing.CLOSED)), late, default=Value(Standing.OPEN))


def counted(rows: QuerySet[Report] | None = None) -> QuerySet[Report]:
    """The public reports that are counted: not hidden, not joined with another, and no part of one that was divided."""
    return (queries.public_reports() if rows is None else rows).filter(parent__isnull=True).exclude(state=ReportState.MERGED)


def recent(now: dt.datetime | None = None) -> QuerySet[Report]:
    """Those of the last DAYS days."""
    return counted().filter(received_at__gte=(now or clock.now()) - dt.timedelta(days=DAYS))


def with_standing(rows: QuerySet[Report], standing: str) -> QuerySet[Report]:
    """Only those of one standing now; all of them for none."""
    if not standing:
        return rows
    if standing == Standing.CLOSED:
        return rows.filter(state=ReportState.CLOSED)
    is_late = Q(due_at__lt=clock.now())
    return rows.exclude(state=ReportState.CLOSED).filter(is_late if standing == Standing.OVERDUE else ~is_late)


def standing_of(report: Report) -> str:
    if report.state == ReportState.CLOSED:
        return Standing.CLOSED
    return Standing.OVERDUE if report.is_overdue else Standing.OPEN

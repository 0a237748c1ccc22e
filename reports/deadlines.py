"""The last days of a reporter, to answer a question and to say that a result solved nothing; both move after an incident.

Neither is stored as moved: who computes them asks here. Nobody is told that one moved, since that message would name the reporter beside
the report; their page says the day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.incidents import queries as incidents
from municipality.incidents.registry import Deadline, Deadlines
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from reports import queries
from reports.models import Closure, Question
from reports.results import NO_ANSWER
from reports.states import ReportState

QUESTION, SOLVED = "reports.question", "reports.solved"


def answer_until(question: Question) -> dt.date:
    """The last day to answer a question, for pages."""
    return incidents.as_moved(QUESTION, {question.pk: question.due_on})[question.pk]


def overdue_questions() -> QuerySet[Question]:
    """Open questions whose last day is over, as they are moved now."""
    today = clock.today()
    rows = Question.objects.filter(answered_at__isnull=True, ended_at__isnull=True, due_on__lt=today)
    return rows.exclude(pk__in=incidents.moved_into(QUESTION, today))


def solved_until(closures: dict[int, dt.datetime]) -> dict[int, dt.date]:
    """The last day to say whether each result solved it, for pages; by the primary key of the result, with when its report was closed."""
    days = dt.timedelta(days=queries.limits()["solved_days"])
    return incidents.as_moved(SOLVED, {pk: clock.day_of(closed_at) + days for pk, closed_at in closures.items()})


def _questions(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    rows = Question.objects.filter(answered_at__isnull=True, ended_at__isnull=True, report__state=ReportState.ASKED)
    rows = rows.filter(Q(due_on__range=(first, last)) | Q(pk__in=incidents.moved_into(QUESTION, first, last)))
    found = list(rows.select_related("report").order_by("pk"))
    days = incidents.as_moved_now(QUESTION, {row.pk: row.due_on for row in found})
    return (Deadline(row.pk, days[row.pk], row.report.subject_key, row.report.number) for row in found if first <= days[row.pk] <= last)


def _results(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    """Results that somebody may still judge, as `reporters.solved` lets them be judged."""
    try:
        days = dt.timedelta(days=queries.limits()["solved_days"])
    except Refused:  # before the first edition
        return iter(())
    span = (clock.start_of(first - days), clock.start_of(last - days + dt.timedelta(days=1)))
    closed = Q(report__closed_at__gte=span[0], report__closed_at__lt=span[1])
    rows = Closure.objects.filter(closed | Q(pk__in=incidents.moved_into(SOLVED, first, last)), report__state=ReportState.CLOSED)
    own = Q(report__parent__isnull=True, answers__isnull=True) & ~Q(code=NO_ANSWER)
    rows = rows.filter(own | Q(report__joined__isnull=False), sent_back_at__isnull=True).exclude(answers__is_solved=False)
    found = list(rows.select_related("report").order_by("pk").distinct())
    stated = {row.pk: clock.day_of(row.report.closed_at) + days for row in found if row.report.closed_at is not None}
    moved = incidents.as_moved_now(SOLVED, stated)
    return (Deadline(row.pk, moved[row.pk], row.report.subject_key, row.report.number) for row in found if first <= moved[row.pk] <= last)


def _stays(thing: int, day: dt.date) -> bool:
    """Nothing is stored but the moved deadline itself."""
    return True


KINDS = {
    QUESTION: Deadlines(_("To answer a question about a report"), _questions, _stays, lambda moved: []),
    SOLVED: Deadlines(_("To say whether a report is solved"), _results, _stays, lambda moved: []),
}

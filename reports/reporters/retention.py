"""Who reported is forgotten some time after the report is closed and what it led to is over; with it ends their access to the report."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import system
from reports import queries
from reports.models import Ban, Consequence, Report
from reports.models.reporter import Reporter
from reports.states import ReportState
from violations.states import OPEN, ViolationState

HOLDING = tuple(state for state in OPEN if state != ViolationState.JUDGED)  # to collect what a court set, nobody asks who reported
SYSTEM = system("reports")
MAX_ROWS = 2000  # of one run; the next one takes the others


def forget() -> int:
    """Delete the reporters of reports that were closed `keep_reporter_days` ago, joined ones with the report that they joined.

    Those whose report something still open needs are kept until it is over (`_needed`). The log names the report only.
    Hashes of "me too" stay, so that nobody counts twice. Returns how many.
    """
    before = clock.now() - dt.timedelta(days=queries.limits()["keep_reporter_days"])
    closed, merged = ReportState.CLOSED, ReportState.MERGED
    over = Q(report__state=closed, report__closed_at__lt=before)
    over |= Q(report__state=merged, report__merged_into__state=closed, report__merged_into__closed_at__lt=before)
    needed = _needed()
    over |= Q(pk__in=_through_others(before, needed))

    def forget_one(pk: int) -> bool:
        # The row of who reported never changes, so its report is locked.
        list(Report.objects.select_for_update(of=("self",)).filter(pk__in=Reporter.objects.filter(pk=pk).values("report")))
        row = Reporter.objects.select_related("report").filter(over, pk=pk).first()
        if row is None:
            return False
        row.delete()
        record("report.reporter_deleted", subject=row.report.subject_key, actor=SYSTEM)
        return True

    keys = list(Reporter.objects.filter(over).exclude(report__in=needed).order_by("pk").values_list("pk", flat=True)[:MAX_ROWS])
    return sweeps.for_each("reports.forget_reporters", keys, forget_one)


def _needed() -> set[int]:
    """The reports that led to a violation which is not decided yet, or whose ban has an unanswered appeal.

    With the wholes of these, and with those that were joined with any of them.
    """
    consequences = Consequence.objects.filter(violation__state__in=HOLDING).values_list("report", flat=True)
    appeals = Ban.objects.filter(appealed_at__isnull=False, decided_at__isnull=True).values_list("report", flat=True)
    found: set[int] = set()
    new = {*consequences, *appeals}
    while new:
        found |= new
        related = Report.objects.filter(Q(parts__in=new) | Q(merged_into__in=new))
        new = set(related.values_list("pk", flat=True)) - found
    return found


def _through_others(before: dt.datetime, needed: set[int]) -> list[int]:
    """Reporters whose report was joined with one that was joined itself, where the last of these was closed before a time."""
    rows = Reporter.objects.filter(report__merged_into__state=ReportState.MERGED).exclude(report__in=needed).order_by("pk")
    rows = rows.select_related("report")
    ends = [(row.pk, queries.end_of(row.report)) for row in rows]
    return [pk for pk, end in ends if end.state == ReportState.CLOSED and end.closed_at is not None and end.closed_at < before][:MAX_ROWS]

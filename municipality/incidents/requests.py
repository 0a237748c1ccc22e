"""The time to pay of requests, which a job closes: the due time of the job is the deadline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.incidents.models import MovedDeadline
from municipality.incidents.registry import Deadline, Deadlines
from municipality.jobs import queries as jobs
from municipality.jobs import services
from municipality.kernel import clock
from municipality.ui.texts import Text


def closed_by(job_kind: str, label: Text, *, state: str) -> Deadlines:
    """The deadlines of requests that a job of a kind closes if they are still in a state: that of its arguments, or `state`."""

    def due(first: dt.date, last: dt.date) -> Iterator[Deadline]:
        rows = list(jobs.waiting(job_kind, clock.start_of(first), clock.start_of(last + dt.timedelta(days=1))))
        cases = Case.objects.in_bulk([row.args["case_id"] for row in rows])
        for row in rows:
            case = cases[row.args["case_id"]]
            if case.is_open and case.state == row.args.get("state", state):
                yield Deadline(row.pk, clock.day_of(row.due_at), case.key, case.reference)

    return Deadlines(label, due, services.postpone, applicant)


def applicant(moved: MovedDeadline) -> Sequence[User]:
    """Who asked, where the subject of a moved deadline is a request."""
    return [Case.objects.select_related("applicant").get(public_id=moved.subject.partition(":")[2]).applicant]

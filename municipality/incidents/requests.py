"""The time to pay of requests, or to take another step, after which a job closes them: the due time of the job is the deadline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.incidents.models import MovedDeadline
from municipality.incidents.registry import DEADLINES, Deadline, Deadlines
from municipality.jobs import queries as jobs
from municipality.jobs import services
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.ui.templatetags.portal import day
from municipality.ui.texts import Text

PAY = _("The last day to pay is {}. After it the request closes, and nothing is due.")


def closed_by(job_kind: str, label: Text, *, state: str) -> Deadlines:
    """The deadlines of requests that a job of a kind closes if they are still in a state: that of its arguments, or `state`."""

    def due(first: dt.date, last: dt.date) -> Iterator[Deadline]:
        rows = list(jobs.waiting(job_kind, clock.start_of(first), clock.start_of(last + dt.timedelta(days=1))))
        cases = Case.objects.in_bulk([row.args["case_id"] for row in rows])
        for row in rows:
            case = cases[row.args["case_id"]]
            if case.is_open and case.state == row.args.get("state", state):
                yield Deadline(row.pk, clock.day_of(row.due_at), case.key, case.reference)

    return Deadlines(label, due, services.postpone, applicant, job_kind=job_kind, state=state)


def applicant(moved: MovedDeadline) -> Sequence[User]:
    """Whose request it is, where the subject of a moved deadline is one: who asked, or who signs for the organisation by now."""
    case = Case.objects.select_related("applicant").get(public_id=moved.subject.partition(":")[2])
    return cases.recipients(case.key, case.applicant)


def last_days(states: Mapping[str, str]) -> dict[str, dt.date]:
    """The days after which jobs close open requests, as they were moved, by the public id of the case; one query.

    `states` holds the state of each request by its public id; those that nothing closes in their state are left out.
    """
    kinds = {kind.job_kind: kind.state for kind in DEADLINES.values() if kind.job_kind}
    keys = [*states, *(f"{public_id}:{state}" for public_id, state in states.items())]
    found = {}
    for job in jobs.to_come(kinds, keys) if states else ():
        public_id = job.key.partition(":")[0]
        if job.args.get("state", kinds[job.kind]) == states[public_id]:
            found[public_id] = clock.day_of(job.due_at)
    return found


def keep_open(case: Case, days: int, actor: Actor) -> None:
    """Let a job close a request in its state so many days from today at the earliest, also where its day is over and it only waits.

    In the caller's transaction. Raises Refused("busy") while a worker runs that job.
    """
    kinds = [kind.job_kind for kind in DEADLINES.values() if kind.job_kind and kind.state == case.state]
    keys = [case.public_id, f"{case.public_id}:{case.state}"]
    until = clock.today() + dt.timedelta(days=days)
    row = Job.objects.filter(kind__in=kinds, key__in=keys, state__in=services.NOT_ENDED).first()
    if row is None or clock.day_of(row.due_at) >= until:
        return
    try:
        services.postpone(row.pk, until)
    except RuntimeError as error:
        raise Refused("busy", _("The request is being worked on at this moment. Please try again in a minute.")) from error
    record("deadline.kept", subject=case.key, actor=actor, data={"kind": row.kind, "until": until.isoformat()})


def last_day(case: Case) -> dt.date | None:
    """The day after which a job closes a request; None where nothing does."""
    return last_days({case.public_id: case.state}).get(case.public_id) if case.is_open else None


def with_last_day(text: Text, case: Case, sentence: Text = PAY) -> Text:
    """A text followed by `last_day` of a request in a sentence with a `{}`, where it has one."""
    until = last_day(case)
    return format_html("{} {}", text, format_html(str(sentence), day(until))) if until is not None else text

"""What payments leave behind: entries of the audit log and jobs."""

from __future__ import annotations

import datetime as dt

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel.actors import system
from tests.payments.conftest import START

BY = system("tests")


def acts(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("pk"))


def one(action: str) -> AuditEvent:
    (found,) = acts(action)
    return found


def jobs(kind: str) -> list[tuple[str, dt.timedelta]]:
    """Key and seconds from the start, in the order of promising."""
    return [(job.key, job.due_at - START) for job in Job.objects.filter(kind=kind).order_by("pk")]


def seconds(amount: float) -> dt.timedelta:
    return dt.timedelta(seconds=amount)

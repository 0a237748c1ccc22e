"""Invariants of the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.jobs.models import Job, JobState
from municipality.kernel import clock


def findings() -> Iterator[str]:
    """Jobs due for more than two minutes, expired leases, dead jobs."""
    now = clock.now()
    late = now - dt.timedelta(seconds=120)
    for job in Job.objects.filter(state=JobState.QUEUED, due_at__lt=late)[:50]:
        yield f"job {job.pk} {job.kind} has been due since {job.due_at:%H:%M:%S}"
    for job in Job.objects.filter(state=JobState.RUNNING, lease_until__lt=late)[:50]:
        yield f"job {job.pk} {job.kind} is claimed by a worker that is gone"
    for job in Job.objects.filter(state=JobState.DEAD)[:50]:
        yield f"job {job.pk} {job.kind} is dead: {job.last_error.strip().splitlines()[-1][:120] if job.last_error else ''}"

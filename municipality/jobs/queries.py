"""Questions to the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q

from municipality.jobs.models import Heartbeat, Job, JobState
from municipality.kernel import clock


def waiting_since() -> dt.datetime | None:
    """When the oldest job that nobody carries out fell due; jobs on hold wait for something else and do not count."""
    now = clock.now()
    idle = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    return Job.objects.filter(idle, due_at__lte=now).order_by("due_at").values_list("due_at", flat=True).first()


def ended_well(parts: Sequence[str]) -> dict[str, dt.datetime]:
    """When each of some periodic works last ended well (`services.note_end`), of those that ever did; one query."""
    return dict(Heartbeat.objects.filter(part__in=parts).values_list("part", "at"))


def is_promised(kind: str, key: str) -> bool:
    """Whether this job is still to be carried out: not done, and not given up."""
    return Job.objects.filter(kind=kind, key=key).exclude(state__in=[JobState.DONE, JobState.DEAD]).exists()

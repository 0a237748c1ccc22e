"""Queries on the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q

from municipality.jobs.models import Heartbeat, Job, JobState
from municipality.kernel import clock


def oldest_due_at() -> dt.datetime | None:
    """The due time of the oldest due job that no worker runs; jobs on hold do not count. None if there is none."""
    now = clock.now()
    idle = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    return Job.objects.filter(idle, due_at__lte=now).order_by("due_at").values_list("due_at", flat=True).first()


def last_ends(parts: Sequence[str]) -> dict[str, dt.datetime]:
    """When periodic work last succeeded (`services.record_end`), by part; parts that never did are left out."""
    return dict(Heartbeat.objects.filter(part__in=parts).values_list("part", "at"))


def is_pending(kind: str, key: str) -> bool:
    """Whether there is such a job that is neither done nor dead."""
    return Job.objects.filter(kind=kind, key=key).exclude(state__in=[JobState.DONE, JobState.DEAD]).exists()

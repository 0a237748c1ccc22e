"""Queries on the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet

from municipality.jobs import services
from municipality.jobs.models import Heartbeat, Job, JobState
from municipality.kernel import clock


def oldest_due_at(queue: str = "") -> dt.datetime | None:
    """The due time of the oldest due job (of a queue, if given) that no worker runs; jobs on hold do not count. None if there is none."""
    now = clock.now()
    idle = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    if queue:
        idle &= Q(queue=queue)
    return Job.objects.filter(idle, due_at__lte=now).order_by("due_at").values_list("due_at", flat=True).first()


def last_ends(parts: Sequence[str]) -> dict[str, dt.datetime]:
    """When periodic work last succeeded (`services.record_end`), by part; parts that never did are left out."""
    return dict(Heartbeat.objects.filter(part__in=parts).values_list("part", "at"))


def is_pending(kind: str, key: str) -> bool:
    """Whether there is such a job that is neither done nor dead."""
    return Job.objects.filter(kind=kind, key=key).exclude(state__in=[JobState.DONE, JobState.DEAD]).exists()


@dataclass(frozen=True)
class Retried:
    """The arguments of a job that waits for another try, and when it last failed."""

    args: dict[str, Any]
    failed_at: dt.datetime


def retried(kind: str, limit: int = 50) -> list[Retried]:
    """Jobs of a kind that failed before and wait for another try, the last due first."""
    rows = Job.objects.filter(kind=kind, state=JobState.QUEUED, tries__gt=0).order_by("-due_at", "-pk")
    return [Retried(row.args, row.due_at - services.delay(row.tries)) for row in rows[:limit]]


def to_come(kinds: Collection[str], keys: Collection[str | OuterRef]) -> QuerySet[Job]:
    """Jobs of some kinds with these keys (or a key of an outer query) that are not begun and not due yet.

    One that is held keeps its due time, which is over.
    """
    return Job.objects.filter(kind__in=kinds, key__in=keys, state__in=[JobState.QUEUED, JobState.ON_HOLD], due_at__gte=clock.now())


def is_on_hold(queue: str) -> bool:
    """Whether jobs of a queue wait because a capability is missing."""
    return Job.objects.filter(queue=queue, state=JobState.ON_HOLD).exists()


def waiting(kind: str, first: dt.datetime, before: dt.datetime) -> QuerySet[Job]:
    """Jobs of a kind that have not ended and are due from `first` on and before `before`; one on hold runs whenever it asks again."""
    return Job.objects.filter(kind=kind, state__in=services.NOT_ENDED, due_at__gte=first, due_at__lt=before).order_by("pk")

"""Invariants of messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.notifications.models import Delivery, DeliveryState


def findings() -> Iterator[str]:
    """Each waiting delivery has a job that will send it."""
    late = clock.now() - dt.timedelta(minutes=30)
    open_jobs = Job.objects.filter(kind="notifications.deliver", state__in=[JobState.QUEUED, JobState.RUNNING, JobState.ON_HOLD])
    with_job = {job.args.get("delivery_id") for job in open_jobs}
    for delivery in Delivery.objects.filter(state=DeliveryState.WAITING, message__created_at__lt=late)[:200]:
        if delivery.pk not in with_job:
            yield f"delivery {delivery.pk} waits and no job carries it"

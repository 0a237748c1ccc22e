"""What must hold of messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.notifications.models import Delivery, DeliveryState


def findings() -> Iterator[str]:
    """A delivery that waits has a job that will carry it; a dead one carries nothing."""
    late = clock.now() - dt.timedelta(minutes=30)
    open_jobs = Job.objects.filter(kind="notifications.deliver", state__in=[JobState.QUEUED, JobState.RUNNING, JobState.ON_HOLD])
    carried = {job.args.get("delivery_id") for job in open_jobs}
    for delivery in Delivery.objects.filter(state=DeliveryState.WAITING, message__created_at__lt=late)[:200]:
        if delivery.pk not in carried:
            yield f"delivery {delivery.pk} waits and no job carries it"

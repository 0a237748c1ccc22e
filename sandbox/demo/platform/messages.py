"""Messages and letters of the demo's past."""

from __future__ import annotations

import datetime as dt

from django.db.models import F, Value
from django.db.models.functions import Concat

from municipality.jobs.models import Job, JobState
from municipality.notifications.models import Delivery, DeliveryState, Letter
from sandbox.demo.loading import Loading
from sandbox.demo.seeds import seeded


def mark_sent(loading: Loading) -> None:
    """Mark past messages and letters as sent at their time, without sending them."""
    before = Delivery.objects.filter(reason="demo").count()  # a seed of its own for each step
    rng = seeded(f"deliveries of the past {before}")
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING, message__created_at__lte=loading.anchor).select_related("message")
    deliveries = sorted(waiting, key=lambda d: (d.message.created_at, d.message.kind, d.message.title_en, d.channel))
    ids = {delivery.pk for delivery in deliveries}
    job_ids = [j.pk for j in Job.objects.filter(kind="notifications.deliver", state=JobState.QUEUED) if j.args.get("delivery_id") in ids]
    Job.objects.filter(pk__in=job_ids).update(state=JobState.DONE, finished_at=loading.anchor)
    for delivery in deliveries:
        delivery.state, delivery.reason = DeliveryState.SENT, "demo"
        delivery.sent_at = delivery.message.created_at + dt.timedelta(seconds=rng.randint(2, 9))
        delivery.provider_id = f"demo-{rng.getrandbits(48):012x}"
    Delivery.objects.bulk_update(deliveries, ["state", "reason", "sent_at", "provider_id"], batch_size=500)
    letters = Letter.objects.filter(state=DeliveryState.WAITING, created_at__lte=loading.anchor)
    numbers = set(letters.values_list("pk", flat=True))
    jobs = Job.objects.filter(kind="notifications.letter", state=JobState.QUEUED)
    Job.objects.filter(pk__in=[j.pk for j in jobs if j.args.get("letter_id") in numbers]).update(
        state=JobState.DONE, finished_at=loading.anchor
    )
    letters.update(
        state=DeliveryState.SENT, address=Concat("code", Value("@example.com")), sent_at=F("created_at") + dt.timedelta(seconds=5)
    )

"""Messages and letters of the demo's past."""

from __future__ import annotations

import datetime as dt

from django.db.models import DateTimeField, ExpressionWrapper, F, OuterRef, Subquery, Value
from django.db.models.functions import Concat

from municipality.jobs.models import Job, JobState
from municipality.notifications.models import Delivery, DeliveryState, Letter, Message
from sandbox.demo.loading import Loading


def mark_sent(loading: Loading) -> None:
    """Mark past messages and letters as sent at their time, without sending them."""
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING, message__created_at__lte=loading.anchor)
    ids = set(waiting.values_list("pk", flat=True))
    job_ids = [j.pk for j in Job.objects.filter(kind="notifications.deliver", state=JobState.QUEUED) if j.args.get("delivery_id") in ids]
    Job.objects.filter(pk__in=job_ids).update(state=JobState.DONE, finished_at=loading.anchor)
    created_at = Subquery(Message.objects.filter(pk=OuterRef("message")).values("created_at"))
    waiting.update(
        state=DeliveryState.SENT,
        reason="demo",
        sent_at=ExpressionWrapper(created_at + dt.timedelta(seconds=5), DateTimeField()),
        provider_id="demo",
    )
    letters = Letter.objects.filter(state=DeliveryState.WAITING, created_at__lte=loading.anchor)
    numbers = set(letters.values_list("pk", flat=True))
    jobs = Job.objects.filter(kind="notifications.letter", state=JobState.QUEUED)
    Job.objects.filter(pk__in=[j.pk for j in jobs if j.args.get("letter_id") in numbers]).update(
        state=JobState.DONE, finished_at=loading.anchor
    )
    letters.update(
        state=DeliveryState.SENT, address=Concat("code", Value("@example.com")), sent_at=F("created_at") + dt.timedelta(seconds=5)
    )

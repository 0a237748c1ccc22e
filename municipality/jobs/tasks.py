"""The Celery tasks: they empty the outbox and keep its clock."""

from __future__ import annotations

from contextlib import suppress

from celery import shared_task
from celery.signals import worker_ready
from django.db import IntegrityError

from municipality.celery import app
from municipality.jobs import services
from municipality.jobs.models import Heartbeat
from municipality.jobs.registry import every
from municipality.kernel import clock

# A page rings after its commit: with the broker away it must not wait for it (kombu's own default tries for six seconds).
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}
app.conf.beat_schedule = {"tick": {"task": "jobs.tick", "schedule": 1.0, "options": {"queue": "urgent", "expires": 10}}}


@shared_task(name="jobs.run")
def run(job_id: int) -> None:
    """Carry out one outbox row."""
    services.run(job_id)


@shared_task(name="jobs.tick")
def tick() -> None:
    """Once a second: number the record, promise periodic work, ring for what waits."""
    from municipality.audit.services import sequence

    Heartbeat.objects.update_or_create(part="tick", defaults={"at": clock.now()})
    with suppress(IntegrityError):  # another worker numbered the same acts; its numbers stand
        sequence()
    services.promise_periodic()
    services.sweep()


def _ring(job_id: int, queue: str) -> None:
    run.apply_async(args=[job_id], queue=queue, retry=False, expires=3600)


services.ring = _ring


@worker_ready.connect
def note_worker(**_: object) -> None:
    """A worker that has started empties what waited for it."""
    tick.apply_async(queue="urgent", retry=False)


@every("jobs.forget_slots", seconds=3600)
def forget_slots() -> None:
    services.forget_slots()

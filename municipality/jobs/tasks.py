"""The Celery tasks, which run the jobs of the outbox."""

from __future__ import annotations

import logging
from contextlib import suppress

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import IntegrityError

from municipality.celery import app
from municipality.jobs import clocks, heartbeats, registry, services
from municipality.jobs.registry import every

log = logging.getLogger(__name__)
# A page dispatches after its commit and must not wait while the broker is down (kombu's default retries for six seconds).
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}


@shared_task(name="jobs.run")
def run(job_id: int) -> None:
    """Run one job."""
    services.run(job_id)


@shared_task(name="jobs.tick")
def tick() -> None:
    """Once a second: number the audit log, enqueue periodic jobs, dispatch due jobs. Does nothing while this clock is wrong."""
    from municipality.audit.services import sequence

    if not clocks.agrees():
        return
    heartbeats.record(heartbeats.WORKER)
    with suppress(IntegrityError):  # another worker numbered the same acts; its numbers stand
        sequence()
    services.enqueue_periodic()
    services.sweep()


def _dispatch(job_id: int, queue: str, kind: str) -> None:
    declared = registry.JOB_KINDS.get(kind)
    limits = {"soft_time_limit": declared.time_limit, "time_limit": declared.time_limit + registry.END_AFTER} if declared else {}
    run.apply_async(args=[job_id], queue=queue, retry=False, expires=3600, **limits)


services.dispatch = _dispatch


_pulse: list[heartbeats.Pulse] = []  # of this process, if it is a worker's


@worker_shutting_down.connect
def note_worker_leaves(**_: object) -> None:
    """Stop the heartbeat of a worker that shuts down."""
    while _pulse:
        _pulse.pop().stop()


@worker_ready.connect
def note_worker(**_: object) -> None:
    """Start the heartbeat of a worker, and let it dispatch what is due."""
    _pulse.append(heartbeats.Pulse(heartbeats.WORKER))
    _pulse[-1].start()
    tick.apply_async(queue="urgent", retry=False)


every("jobs.forget_slots", seconds=3600)(services.forget_slots)


@every("audit.verify", seconds=600, time_limit=100)
def verify_audit_log() -> None:
    """Verify the audit log, the whole chain once a day, part by part; auditors read the result. Faults are logged as errors as well."""
    from municipality.audit.queries import verify_part

    if faults := verify_part():
        log.error("the chain of the audit log has %s faults, the first at %s", len(faults), faults[0].number)

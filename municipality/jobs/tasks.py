"""The Celery tasks: they empty the outbox and keep its clock."""

from __future__ import annotations

from contextlib import suppress

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import IntegrityError

from municipality.celery import app
from municipality.jobs import clocks, heartbeats, registry, services
from municipality.jobs.registry import every

# A page dispatches after its commit: with the broker down it must not wait for it (kombu's own default tries for six seconds).
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}


@shared_task(name="jobs.run")
def run(job_id: int) -> None:
    """Carry out one outbox row."""
    services.run(job_id)


@shared_task(name="jobs.tick")
def tick() -> None:
    """Once a second: number the audit log, enqueue periodic jobs, dispatch what is due. Does nothing while this clock is wrong."""
    from municipality.audit.services import sequence

    if not clocks.agrees():
        return
    heartbeats.note(heartbeats.WORKER)
    with suppress(IntegrityError):  # another worker numbered the same acts; its numbers stand
        sequence()
    services.enqueue_periodic()
    services.sweep()


def _dispatch(job_id: int, queue: str, kind: str) -> None:
    declared = registry.KINDS.get(kind)
    most = {"soft_time_limit": declared.time_limit, "time_limit": declared.time_limit + registry.END_AFTER} if declared else {}
    run.apply_async(args=[job_id], queue=queue, retry=False, expires=3600, **most)


services.dispatch = _dispatch


_pulse: list[heartbeats.Pulse] = []  # of this process, if it is a worker's


@worker_shutting_down.connect
def note_worker_leaves(**_: object) -> None:
    """A worker that takes nothing more shows no life either."""
    while _pulse:
        _pulse.pop().stop()


@worker_ready.connect
def note_worker(**_: object) -> None:
    """A worker that has started shows its life and empties what waited for it."""
    _pulse.append(heartbeats.Pulse(heartbeats.WORKER))
    _pulse[-1].start()
    tick.apply_async(queue="urgent", retry=False)


@every("jobs.forget_slots", seconds=3600)
def forget_slots() -> None:
    services.forget_slots()

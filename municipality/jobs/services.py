"""Enqueue jobs, run each once, and retry failures."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import close_old_connections, connection, transaction
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When

from municipality.jobs import clocks, heartbeats, registry, sweeps
from municipality.jobs.errors import OnHold, PermanentFailure
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.kernel.failpoints import failpoint

log = logging.getLogger(__name__)

NOT_ENDED = (JobState.QUEUED, JobState.ON_HOLD, JobState.RUNNING)
LEASE = dt.timedelta(seconds=30)
REDISPATCH_AFTER = dt.timedelta(seconds=20)
FIRST_DELAY = dt.timedelta(seconds=5)
QUIET_SECONDS = 3.0
MAX_TRIES = 8
MAX_LOST_WORKERS = 3
dispatch: Callable[[int, str, str], None] | None = None  # set by tasks.py: sends a due job to the broker


def enqueue(kind: str, *, key: str, due_at: dt.datetime | None = None, queue: str = "", **ids: Any) -> int:
    """Enqueue a job in the caller's transaction; the same (kind, key) again is the same job. Returns its primary key.

    `queue` replaces that of the kind, such as "bulk" for one of many jobs that single ones must not wait for. Raises RuntimeError
    outside a transaction, KeyError for an undeclared kind, ValueError for an unknown queue.
    """
    return enqueue_all(kind, {key: ids}, due_at=due_at, queue=queue)[0]


def enqueue_all(
    kind: str, args_by_key: Mapping[str, Mapping[str, Any]], *, due_at: dt.datetime | None = None, queue: str = ""
) -> list[int]:
    """Enqueue several jobs of one kind, as `enqueue` does one; `args_by_key` holds the arguments of each job by its key.

    One statement; a second one reads jobs that exist already. Returns the primary keys of the jobs in the order of `args_by_key`.
    Raises what `enqueue` raises.
    """
    declared = registry.JOB_KINDS[kind]
    if queue and queue not in registry.QUEUES:
        raise ValueError(f"no such queue: {queue}")
    _check_transaction()
    if not args_by_key:
        return []
    now, queue = clock.now(), queue or declared.queue
    due = {"due_at": due_at or now, "created_at": now, "queue": queue}
    numbers = _insert_new([Job(kind=kind, key=key, args=dict(ids), **due) for key, ids in args_by_key.items()])
    if declared.at_once and (due_at is None or due_at <= now):
        for number in numbers.values():
            transaction.on_commit(partial(_dispatch, number, queue, kind))
    missing = [key for key in args_by_key if (kind, key) not in numbers]
    if missing:  # at READ COMMITTED a statement of its own sees a job that another transaction committed during the first one
        known = Job.objects.filter(kind=kind, key__in=missing).values_list("key", "pk")
        numbers |= {(kind, key): number for key, number in known}
    return [numbers[kind, key] for key in args_by_key]


def enqueue_for_next_tick(jobs: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Enqueue jobs of several kinds by one statement, each as its kind, its key and its arguments; the next tick dispatches them.

    For work nobody waits for. Raises what `enqueue` raises.
    """
    _check_transaction()
    now = clock.now()
    due = {"due_at": now, "created_at": now}
    rows = [Job(kind=kind, key=key, args=dict(ids), queue=registry.JOB_KINDS[kind].queue, **due) for kind, key, ids in jobs]
    if rows:
        _insert_new(rows)


def _check_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("a job is enqueued inside the transaction of the change that needs it")


def _insert_new(rows: Sequence[Job]) -> dict[tuple[str, str], int]:
    """Insert jobs by one statement, except those whose (kind, key) exists. Returns the primary keys of the new rows by (kind, key).

    Waits for another transaction that has inserted the same (kind, key) and has not ended. Raises IntegrityError for any other violation.
    SQL, since `bulk_create(ignore_conflicts=True)` does not return which rows are new, and on SQLite ignores violated checks too.
    """
    fields = [field for field in Job._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    params = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO jobs_job ({columns}) VALUES {values} ON CONFLICT (kind, key) DO NOTHING RETURNING id, kind, key",  # noqa: S608 - names of columns
            params,
        )
        return {(kind, key): number for number, kind, key in cursor.fetchall()}


_broker = {"away_until": 0.0}  # of this process, in seconds of the monotonic clock


def _dispatch(job_id: int, queue: str, kind: str) -> None:
    """Send the job to the broker. If that fails, the sweep finds the row, and this process sends nothing for QUIET_SECONDS."""
    failpoint("jobs.dispatching")
    if dispatch is None or time.monotonic() < _broker["away_until"]:
        return
    try:
        dispatch(job_id, queue, kind)
    except Exception as error:  # noqa: BLE001 - any error of the broker; the row is there
        _broker["away_until"] = time.monotonic() + QUIET_SECONDS
        log.warning("job %s was not dispatched: %s", job_id, type(error).__name__)


def _due(now: dt.datetime) -> Q:
    is_held = Q(state=JobState.ON_HOLD, lease_until__gt=now)  # it keeps its due time, which may be the deadline of a person
    return Q(state__in=[JobState.QUEUED, JobState.ON_HOLD], due_at__lte=now) & ~is_held


def _orphaned(now: dt.datetime) -> Q:
    """Running without a worker: the lease has expired, or is longer than any lease, taken while a clock was ahead."""
    return Q(state=JobState.RUNNING) & (Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * LEASE))


def claim(job_id: int, owner: str) -> Job | None:
    """Claim a due job by a single UPDATE. Returns None if it is not due, done, or claimed by another worker."""
    now = clock.now()
    due, orphaned = _due(now), _orphaned(now)
    job = Job.objects.filter(due | orphaned, pk=job_id).first()
    if job is None:
        return None
    was_orphaned = job.state == JobState.RUNNING
    orphans = Job.objects.filter(orphaned, pk=job_id, lease_owner=job.lease_owner)
    if was_orphaned and job.lost_workers + 1 >= MAX_LOST_WORKERS:
        mark_dead(orphans, job, "the worker died under this job three times")
        return None
    claimed = Job.objects.filter(due | orphaned, pk=job_id, lease_owner=job.lease_owner).update(
        state=JobState.RUNNING,
        lease_owner=owner,
        lease_until=now + LEASE,
        lost_workers=F("lost_workers") + (1 if was_orphaned else 0),
    )
    return Job.objects.get(pk=job_id) if claimed == 1 else None


def mark_dead(rows: QuerySet[Job], job: Job, reason: str, **changes: Any) -> None:
    """Mark a job as dead and call its kind's `given_up`. `rows` selects the job only while it still belongs to the caller."""
    kind = registry.JOB_KINDS.get(job.kind)
    with transaction.atomic():
        if not rows.update(
            state=JobState.DEAD, last_error=reason[-4000:], finished_at=clock.now(), lease_owner="", lease_until=None, **changes
        ):
            return
        log.error("job %s %s is dead", job.pk, job.kind)
        if kind and kind.given_up:
            try:
                with transaction.atomic():
                    kind.given_up(**job.args)
            except Exception:  # the job is dead all the same; invariants find what still waits for it
                log.exception("job %s %s: giving it up failed", job.pk, job.kind)


def run(job_id: int) -> bool:
    """Claim and run one job, without a transaction around the handler. True if it ran here.

    Nothing is claimed while this machine's clock differs from the database's. A handler that exceeds the time limit of its kind is
    interrupted by Celery (in a process worker; a thread runs on) and tried again as after any failure; one that cannot be interrupted
    loses its lease, and its result is ignored.
    """
    if not clocks.agrees():
        return False
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    job = claim(job_id, owner)
    if job is None:
        return False
    claimed = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease_owner=owner)
    stop = threading.Event()
    # In a transaction (tests, demo) one thread holds the connection, and the lease needs no renewal.
    kind = registry.JOB_KINDS.get(job.kind)
    time_limit = kind.time_limit if kind else 0
    renewal = None if connection.in_atomic_block else threading.Thread(target=_renew, args=(job.pk, owner, stop, time_limit), daemon=True)
    if renewal:
        renewal.start()
    try:
        failpoint(f"{job.kind}.claimed")
        handler = registry.JOB_KINDS[job.kind].handler
        with sweeps.collect_failures():
            handler(**job.args)
        failpoint(f"{job.kind}.carried_out")
    except OnHold as missing:
        until = clock.now() + dt.timedelta(seconds=missing.seconds)
        claimed.update(state=JobState.ON_HOLD, last_error=str(missing), lease_owner="", lease_until=until)
    except PermanentFailure as end:
        mark_dead(claimed, job, str(end))
    except SoftTimeLimitExceeded:
        _try_again(claimed, job, f"{traceback.format_exc()}\nThe limit of {job.kind} is {time_limit} seconds")
    except Exception:  # noqa: BLE001 - every failure becomes a visible row and a later try
        _try_again(claimed, job, traceback.format_exc())
    else:
        claimed.update(state=JobState.DONE, tries=F("tries") + 1, finished_at=clock.now(), last_error="", lease_owner="", lease_until=None)
    finally:
        stop.set()
        if renewal:
            renewal.join()
    return True


def _try_again(claimed: QuerySet[Job], job: Job, trace: str) -> None:
    """Make the job due again: after 5 s, then twice as long each time. After MAX_TRIES failures (about ten minutes) it is dead."""
    tries = job.tries + 1
    if tries >= MAX_TRIES:
        mark_dead(claimed, job, trace, tries=tries)
        return
    claimed.update(
        state=JobState.QUEUED, tries=tries, due_at=clock.now() + delay(tries), last_error=trace[-4000:], lease_owner="", lease_until=None
    )
    log.warning("job %s %s failed, try %s: %s", job.pk, job.kind, tries, trace.strip().splitlines()[-1][:200])


def delay(tries: int) -> dt.timedelta:
    """How long a job waits after a number of failures."""
    return FIRST_DELAY * 2 ** (tries - 1)


def _renew(job_id: int, owner: str, stop: threading.Event, time_limit: int) -> None:
    """Renew the lease while the handler runs, at most for `time_limit` and END_AFTER seconds, or until it is lost."""
    until = time.monotonic() + time_limit + registry.END_AFTER
    try:
        while not stop.wait(LEASE.total_seconds() / 3) and time.monotonic() < until:
            close_old_connections()
            if not Job.objects.filter(pk=job_id, lease_owner=owner, state=JobState.RUNNING).update(lease_until=clock.now() + LEASE):
                return
    finally:
        connection.close()


def retry(job_id: int) -> bool:
    """Let a job that is dead or on hold run again. False if it is in another state."""
    with transaction.atomic():
        due_at = Case(When(state=JobState.DEAD, then=Value(clock.now(), DateTimeField())), default=F("due_at"))
        moved = Job.objects.filter(pk=job_id, state__in=[JobState.DEAD, JobState.ON_HOLD]).update(
            state=JobState.QUEUED, due_at=due_at, tries=0, lost_workers=0, finished_at=None, lease_until=None
        )
        if moved:
            queue, kind = Job.objects.values_list("queue", "kind").get(pk=job_id)
            transaction.on_commit(partial(_dispatch, job_id, queue, kind))
    return bool(moved)


def retry_dead(kind: str, *, after: dt.timedelta, within: dt.timedelta, limit: int = 200) -> int:
    """Retry jobs of a kind that used up their tries at least `after` ago and were created less than `within` ago. Returns how many.

    For work that must survive a long outage of another system. Jobs that are dead for another reason stay dead.
    """
    now = clock.now()
    rows = Job.objects.filter(kind=kind, state=JobState.DEAD, tries__gte=MAX_TRIES)
    rows = rows.filter(finished_at__lte=now - after, created_at__gt=now - within).order_by("finished_at", "pk")
    return sum(retry(pk) for pk in rows.values_list("pk", flat=True)[:limit])


def due(limit: int = 200) -> list[tuple[int, str]]:
    """Primary keys and queues of due or orphaned jobs, the longest due first."""
    now = clock.now()
    rows = Job.objects.filter(_due(now) | _orphaned(now))
    return list(rows.order_by("due_at", "pk").values_list("pk", "queue")[:limit])


def sweep(limit: int = 500) -> int:
    """Dispatch again every due job that the broker may have lost, or whose `dispatched_at` is in the future. Returns how many."""
    now = clock.now()
    stale = Q(dispatched_at__isnull=True) | Q(dispatched_at__lt=now - REDISPATCH_AFTER) | Q(dispatched_at__gt=now + REDISPATCH_AFTER)
    rows = Job.objects.filter(stale, _due(now) | _orphaned(now))
    jobs = list(rows.order_by("due_at", "pk").values_list("pk", "queue", "kind")[:limit])
    Job.objects.filter(pk__in=[pk for pk, _, _ in jobs]).update(dispatched_at=now)
    for pk, queue, kind in jobs:
        _dispatch(pk, queue, kind)
    return len(jobs)


def postpone(job_id: int, day: dt.date) -> bool:
    """Let a job that has not ended become due on a later day, at its hour of the day. Whether there was one.

    Raises RuntimeError while a worker runs it: it may be one on hold that just asks again, or end now.
    """
    row = Job.objects.select_for_update().filter(pk=job_id, state__in=NOT_ENDED).first()
    if row is None:
        return False
    if row.state == JobState.RUNNING:
        raise RuntimeError(f"job {row.pk} is running; it cannot be postponed now")
    row.due_at += day - clock.day_of(row.due_at)
    row.state, row.lease_until = JobState.QUEUED, None
    row.save(update_fields=["due_at", "state", "lease_until"])
    return True


def enqueue_periodic() -> int:
    """Enqueue the present slot of each schedule, unless another beat has. Returns how many are new."""
    now = clock.now()
    enqueued = 0
    for schedule in registry.SCHEDULES.values():
        slot = int(now.timestamp()) // schedule.seconds
        with transaction.atomic():
            if not Job.objects.filter(kind=schedule.name, key=f"slot:{slot}").exists():
                enqueue(schedule.name, key=f"slot:{slot}")
                enqueued += 1
    return enqueued


def forget_slots(older_than: dt.timedelta = dt.timedelta(hours=6)) -> int:
    """Delete periodic jobs that finished before `older_than`, except those of a slot that may not be over. Returns how many."""
    deleted = 0
    for schedule in registry.SCHEDULES.values():
        min_age = max(older_than, dt.timedelta(seconds=2 * schedule.seconds))
        rows = Job.objects.filter(kind=schedule.name, state=JobState.DONE, finished_at__lt=clock.now() - min_age)
        deleted += rows.delete()[0]
    return deleted


def record_end(part: str) -> None:
    """Record that periodic work on which pages depend has succeeded now; called at the end of its handler."""
    heartbeats.record(part)

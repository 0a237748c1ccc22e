"""A worker without its guards, for the controls: `celery -A tools.chaos.careless worker`. A file in CARELESS_FOLDER opens each gap.

- `no_lock`: rows are read without a lock, a transition looks, waits and writes.
- `believing`: the notification's word is taken for the bank's answer.
- `early_end`: a job counts as done once it is taken, as with a broker that forgets a message when it hands it over.
- `new_keys`: each try of a message has a key of its own.
- `no_sweep`: nobody looks for jobs whose message was lost.
- `endless`: workers lost under a job are not counted.
- `loose_slots`: a periodic job is looked for and then enqueued, without a unique key.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from celery.signals import worker_init
from django.db import transaction
from django.db.models import QuerySet

from municipality.celery import app

__all__ = ["app"]


def is_open(gap: str) -> bool:
    """Whether the test has opened the gap."""
    return (Path(os.environ["CARELESS_FOLDER"]) / gap).exists()


def instead(owner: Any, name: str, gap: str) -> Callable[[Callable[..., Any]], None]:
    """Replace a function by one that also gets the original, as long as the gap is open."""
    original = getattr(owner, name)

    def put(careless: Callable[..., Any]) -> None:
        def chosen(*args: Any, **kwargs: Any) -> Any:
            return careless(original, *args, **kwargs) if is_open(gap) else original(*args, **kwargs)

        setattr(owner, name, chosen)

    return put


@worker_init.connect(weak=False)
def leave_out(**_: object) -> None:
    """Take the guards out, in the parent process, before its children are made."""
    from municipality.jobs import registry, services
    from municipality.jobs.models import Job, JobState
    from municipality.kernel import clock, ids
    from municipality.kernel.workflow import WORKFLOWS
    from municipality.notifications import sms
    from payments.models import GatewayMessage
    from payments.providers.knet import codec, gateway, messages
    from payments.providers.knet.settings import terminal
    from payments.providers.port import BankReply
    from payments.rules import InquiryAnswer
    from payments.services import settlement

    @instead(QuerySet, "select_for_update", "no_lock")
    def unlocked(_original: Any, rows: QuerySet[Any], *_args: Any, **_kwargs: Any) -> QuerySet[Any]:
        return rows.all()

    @instead(settlement, "transition", "no_lock")
    def loose_transition(_original: Any, row: Any, move: str, *, actor: Any, reason: str = "", data: Any = None, **changes: Any) -> None:
        time.sleep(0.4)
        row.state = WORKFLOWS[row.workflow_name].move(move, row.state).target
        type(row)._base_manager.filter(pk=row.pk).update(state=row.state, **changes)

    @instead(gateway.Knet, "inquire", "believing")
    def believed(original: Any, knet: Any, *, trackid: str, fils: int) -> BankReply:
        told = GatewayMessage.objects.filter(attempt__trackid=trackid, kind="notification").last()
        reply: BankReply = original(knet, trackid=trackid, fils=fils)
        if told is None:
            return reply
        trandata = told.raw.partition("trandata=")[2].partition("&")[0] or told.raw
        claim = messages.read_result(codec.decrypt(terminal().key, trandata))
        return BankReply(
            InquiryAnswer(claim.result, claim.trackid, claim.payment_id, fils=fils), reply.request, reply.response, reply.decoded
        )

    @instead(services, "claim", "early_end")
    def ended(original: Any, job_id: int, owner: str) -> Any:
        job = original(job_id, owner)
        if job is not None:
            Job.objects.filter(pk=job.pk).update(state=JobState.DONE, lease_owner="", lease_until=None)
        return job

    @instead(sms, "gateway", "new_keys")
    def new_key(original: Any) -> Any:
        gateway = original()
        return SimpleNamespace(send=lambda to, text, _key: gateway.send(to, text, ids.public_id()))

    @instead(services, "sweep", "no_sweep")
    def no_sweep(_original: Any, limit: int = 500) -> int:
        return 0

    @instead(services, "mark_dead", "endless")
    def endless(original: Any, rows: Any, job: Any, why: str, **changes: Any) -> None:
        if "the worker died" in why:
            rows.update(lost_workers=job.lost_workers + 1, state=JobState.QUEUED, lease_owner="", lease_until=None, dispatched_at=None)
        else:
            original(rows, job, why, **changes)

    @instead(services, "enqueue_periodic", "loose_slots")
    def loose_slots(_original: Any) -> int:
        now = clock.now()
        for schedule in registry.SCHEDULES.values():
            key = f"slot:{int(now.timestamp()) // schedule.seconds}"
            if not Job.objects.filter(kind=schedule.name, key=key).exists():
                time.sleep(0.5)
                with transaction.atomic():
                    Job.objects.create(kind=schedule.name, key=key, queue="bulk", due_at=now, created_at=now)
        return 0

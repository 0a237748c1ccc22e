"""Jobs begun in the process that enqueued them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from municipality.jobs import in_process, registry
from municipality.jobs.models import Job
from municipality.jobs.services import enqueue, run

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor == 'sqlite'", reason="a memory database has one connection"),
]


@pytest.fixture
def done() -> Iterator[list[int]]:
    found: list[int] = []
    registry.job("testing.here")(lambda number: found.append(number))
    yield found
    registry.JOB_KINDS.pop("testing.here")


def wait_for(job_id: int, seconds: float = 60) -> Job:
    until = time.monotonic() + seconds
    while (row := Job.objects.get(pk=job_id)).state != "done" and time.monotonic() < until:
        time.sleep(0.05)
    return row


def test_a_job_is_carried_out_once_and_after_the_commit_without_a_worker(done: list[int]) -> None:
    with transaction.atomic():
        job_id = enqueue("testing.here", key="1", number=1)
        in_process.run_after_commit(job_id)
        time.sleep(0.2)
        assert done == []
    racing = [threading.Thread(target=_run, args=(job_id,)) for _ in range(4)]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    assert (wait_for(job_id).state, done) == ("done", [1])


def _run(job_id: int) -> None:
    try:
        run(job_id)
    finally:
        connection.close()


def test_what_is_rolled_back_is_not_begun(done: list[int]) -> None:
    with transaction.atomic():
        in_process.run_after_commit(enqueue("testing.here", key="2", number=2))
        transaction.set_rollback(True)
    with transaction.atomic():
        job_id = enqueue("testing.here", key="3", number=3)
        in_process.run_after_commit(job_id)
    wait_for(job_id)
    assert done == [3] and not Job.objects.filter(key="2").exists()


def test_a_promise_alone_waits_for_a_worker(done: list[int]) -> None:
    """The control: nothing but `run_after_commit` begins it."""
    with transaction.atomic():
        job_id = enqueue("testing.here", key="4", number=4)
    assert (wait_for(job_id, 1).state, done) == ("queued", [])

"""Running a job in the process that enqueued it, for work that a person waits for.

A worker may take the same row first; each row is claimed once (`services.claim`). So the job runs even while the broker or the
workers are down, and is not lost if this process dies.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import connections, transaction

from municipality.jobs.services import run

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="job")


def run_after_commit(job_id: int) -> None:
    """Start the job in a thread of this process after the caller's transaction commits, without waiting for its end."""
    transaction.on_commit(partial(_threads.submit, _run, job_id))


def _run(job_id: int) -> None:
    try:
        run(job_id)
    finally:
        connections.close_all()

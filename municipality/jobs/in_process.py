"""Carrying out a promised job in the process that promised it, for what a person waits for.

A worker that is quicker takes the same row, and each row is taken once (`services.claim`); so such work is done also while the broker
or the workers are away, and is not lost when this process dies.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import connections, transaction

from municipality.jobs.services import run

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="job")


def run_after_commit(job_id: int) -> None:
    """Begin the job in a thread of this process once the caller's transaction is committed; nobody waits for its end."""
    transaction.on_commit(partial(_threads.submit, _run, job_id))


def _run(job_id: int) -> None:
    try:
        run(job_id)
    finally:
        connections.close_all()

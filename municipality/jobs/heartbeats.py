"""Heartbeats of worker and beat, each written by its own process, so that either can be reported missing.

Written without the model, since the beat process loads no app (municipality/beat.py).
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from celery.beat import PersistentScheduler
from django.db import DatabaseError, connection

from municipality.jobs import clocks
from municipality.kernel import clock

log = logging.getLogger(__name__)

WORKER, BEAT = "worker", "beat"
WRONG_CLOCK = {WORKER: "worker.clock", BEAT: "beat.clock"}  # recorded instead by a part whose clock differs from the database's
SECONDS = 5.0


def record(part: str) -> None:
    """Record that a part is alive now. Raises DatabaseError."""
    sql = "INSERT INTO jobs_heartbeat (part, at) VALUES (%s, %s) ON CONFLICT (part) DO UPDATE SET at = excluded.at"
    with connection.cursor() as cursor:
        cursor.execute(sql, [part, connection.ops.adapt_datetimefield_value(clock.now())])


def record_with_own_connection(part: str) -> bool:
    """`record` for a thread or process without other queries: closes the connection afterwards, and logs database errors.

    False if the clock of this process differs from the database's; then `WRONG_CLOCK[part]` is recorded.
    """
    agrees = True
    try:
        agrees = clocks.agrees()
        record(part if agrees else WRONG_CLOCK[part])
    except DatabaseError as error:
        log.warning("the heartbeat of %s is not recorded: %s", part, type(error).__name__)
    finally:
        connection.close()
    return agrees


class Pulse(threading.Thread):
    """A thread that records a part every SECONDS seconds until `stop` or the end of its process."""

    def __init__(self, part: str, seconds: float = SECONDS) -> None:
        super().__init__(name=f"pulse of {part}", daemon=True)
        self.part, self.seconds = part, seconds
        self._stopped = threading.Event()

    def run(self) -> None:
        record_with_own_connection(self.part)
        while not self._stopped.wait(self.seconds):
            record_with_own_connection(self.part)

    def stop(self) -> None:
        """End within the present write."""
        self._stopped.set()


class Scheduler(PersistentScheduler):
    """Celery's scheduler, which records a heartbeat with its ticks, and sends nothing while its clock differs from the database's."""

    _recorded_at = float("-inf")
    _clock_agrees = True

    def tick(self, *args: object, **options: object) -> float:
        """Send what is due. Returns the seconds until the next tick."""
        if time.monotonic() - self._recorded_at >= SECONDS:
            self._recorded_at = time.monotonic()
            self._clock_agrees = record_with_own_connection(BEAT)
        if not self._clock_agrees or abs(clock.skew()) > clocks.MAX_SKEW:
            return 1.0
        self._reset_future_runs()
        wait: float = super().tick(*args, **options)
        return wait

    def _reset_future_runs(self) -> None:
        """Reset last runs that lie in the future, written (also to a file) while the clock was ahead: Celery would wait until then."""
        entries: list[Any] = [*self.schedule.values(), *(event.entry for event in self._heap or [])]
        for entry in entries:
            if entry.last_run_at and entry.last_run_at > entry.default_now() + clocks.MAX_SKEW:
                entry.last_run_at = entry.default_now()

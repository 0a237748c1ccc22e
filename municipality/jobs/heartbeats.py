"""Signs of life, each part's written by its own process: a dead clock beside a living worker is told apart, and the other way round.

Written without the model, since the clock loads no app (municipality/beat.py).
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
WRONG_CLOCK = {WORKER: "worker.clock", BEAT: "beat.clock"}  # noted instead, by a part whose clock is not the database's
SECONDS = 5.0


def note(part: str) -> None:
    """Write that a part is alive now. Raises DatabaseError."""
    sql = "INSERT INTO jobs_heartbeat (part, at) VALUES (%s, %s) ON CONFLICT (part) DO UPDATE SET at = excluded.at"
    with connection.cursor() as cursor:
        cursor.execute(sql, [part, connection.ops.adapt_datetimefield_value(clock.now())])


def note_from_outside(part: str) -> bool:
    """`note` for a thread or process that does nothing else in the database: it keeps no connection and survives a silent one.

    False if the clock of this process is not the database's; the part is then noted as one that takes no work.
    """
    right = True
    try:
        right = clocks.agrees()
        note(part if right else WRONG_CLOCK[part])
    except DatabaseError as error:
        log.warning("the sign of life of %s is not written: %s", part, type(error).__name__)
    finally:
        connection.close()
    return right


class Pulse(threading.Thread):
    """Notes a part every five seconds until `stop` or the end of its process."""

    def __init__(self, part: str, seconds: float = SECONDS) -> None:
        super().__init__(name=f"pulse of {part}", daemon=True)
        self.part, self.seconds = part, seconds
        self._over = threading.Event()

    def run(self) -> None:
        note_from_outside(self.part)
        while not self._over.wait(self.seconds):
            note_from_outside(self.part)

    def stop(self) -> None:
        """End within the present write."""
        self._over.set()


class Scheduler(PersistentScheduler):
    """Celery's clock, which notes its own life with its ticks: no worker and no broker need to answer for that.

    While its time is not the database's it rings nothing.
    """

    _noted = float("-inf")
    _right = True

    def tick(self, *args: object, **options: object) -> float:
        """Ring what is due; seconds until the next look."""
        if time.monotonic() - self._noted >= SECONDS:
            self._noted = time.monotonic()
            self._right = note_from_outside(BEAT)
        if not self._right or abs(clock.skew()) > clocks.MAX_SKEW:
            return 1.0
        self._forget_the_future()
        wait: float = super().tick(*args, **options)
        return wait

    def _forget_the_future(self) -> None:
        """Celery keeps when it last rang, in a file too: rung by a clock that was ahead, it would wait until then."""
        entries: list[Any] = [*self.schedule.values(), *(event.entry for event in self._heap or [])]
        for entry in entries:
            if entry.last_run_at and entry.last_run_at > entry.default_now() + clocks.MAX_SKEW:
                entry.last_run_at = entry.default_now()

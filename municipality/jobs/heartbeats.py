"""Signs of life, each part's written by its own process: a dead clock beside a living worker is told apart, and the other way round.

Written without the model, since the clock loads no app (municipality/beat.py).
"""

from __future__ import annotations

import logging
import threading
import time

from celery.beat import PersistentScheduler
from django.db import DatabaseError, connection

from municipality.kernel import clock

log = logging.getLogger(__name__)

WORKER, BEAT = "worker", "beat"
SECONDS = 5.0


def note(part: str) -> None:
    """Write that a part is alive now. Raises DatabaseError."""
    sql = "INSERT INTO jobs_heartbeat (part, at) VALUES (%s, %s) ON CONFLICT (part) DO UPDATE SET at = excluded.at"
    with connection.cursor() as cursor:
        cursor.execute(sql, [part, connection.ops.adapt_datetimefield_value(clock.now())])


def note_from_outside(part: str) -> None:
    """`note` for a thread or process that does nothing else in the database: it keeps no connection and survives a silent one."""
    try:
        note(part)
    except DatabaseError as error:
        log.warning("the sign of life of %s is not written: %s", part, type(error).__name__)
    finally:
        connection.close()


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
    """Celery's clock, which notes its own life with its ticks: no worker and no broker need to answer for that."""

    _noted = float("-inf")

    def tick(self, *args: object, **options: object) -> float:
        """Ring what is due; seconds until the next look."""
        if time.monotonic() - self._noted >= SECONDS:
            self._noted = time.monotonic()
            note_from_outside(BEAT)
        wait: float = super().tick(*args, **options)
        return wait

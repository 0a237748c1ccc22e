"""Loading the demo: steps in order, each once and in one transaction; dates are relative to a stored anchor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import TypeVar

from django.db import connection, transaction

from municipality.jobs import services as jobs
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from sandbox.demo.models import Anchor

T = TypeVar("T")
BATCH = 2000  # rows in one statement at most; keeps memory and SQLite's parameter count low
FILLED = 100  # rows, from which a table counts as filled
ANCHOR = "anchor"


@dataclass(frozen=True)
class Scale:
    """Size of the demo."""

    shops: int
    shops_per_organisation: int
    shops_per_person: int
    signed: int  # past renewals that go through the services, with a sealed PDF
    violations: int = 0  # of the last year
    studied: int = 0  # renewals with changes for the officers' queue

    @property
    def name(self) -> str:
        return f"{self.shops} shops"


FULL = Scale(shops=3000, shops_per_organisation=60, shops_per_person=16, signed=30, studied=42, violations=400)
SMALL = Scale(shops=300, shops_per_organisation=12, shops_per_person=3, signed=4, studied=8, violations=40)


@dataclass(frozen=True)
class Loading:
    """The context of a step."""

    anchor: dt.datetime
    scale: Scale
    echo: Callable[[str], None]

    @property
    def today(self) -> dt.date:
        return clock.day_of(self.anchor)

    def day(self, offset: int) -> dt.date:
        """The day `offset` days after the anchor's."""
        return self.today + dt.timedelta(days=offset)

    def instant(self, day: dt.date, rng: Random) -> dt.datetime:
        """A moment in office hours (08:00 to 14:00 in Kuwait) of a day, never after the anchor."""
        start = dt.datetime.combine(day, dt.time(8), tzinfo=clock.KUWAIT)
        return min(start + dt.timedelta(seconds=rng.randrange(6 * 3600)), self.anchor).astimezone(dt.UTC)


Step = Callable[[Loading], str]  # loads, and returns a line to print


def batches(rows: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def anchor(at: dt.datetime | None = None) -> dt.datetime:
    """The stored anchor; stored as `at` or now at the first call. UTC, whole seconds."""
    instant = (at or clock.now()).astimezone(dt.UTC).replace(microsecond=0)
    row, _ = Anchor.objects.get_or_create(key=ANCHOR, defaults={"at": instant})
    return row.at


def load(steps: Mapping[str, Step], *, scale: Scale, echo: Callable[[str], None], at: dt.datetime | None = None) -> int:
    """Run the steps that did not run yet, in order. Returns how many."""
    done = set(Anchor.objects.filter(key__startswith="step:").values_list("key", flat=True))
    pending = [name for name in steps if f"step:{name}" not in done]
    if not pending:
        return 0
    loading = Loading(anchor(at), scale, echo)
    with _without_dispatch():
        for name in pending:
            started = monotonic()
            rulebook.preload_editions()
            with transaction.atomic():
                line = steps[name](loading)
                _count_rows()
                Anchor.objects.create(key=f"step:{name}", at=clock.now())
            echo(f"{line} ({monotonic() - started:.1f} s)")
    return len(pending)


def _count_rows() -> None:
    """Tell PostgreSQL's planner of the tables that this transaction filled.

    Autovacuum looks once a minute, and never into a transaction. Until then the planner takes full tables for nearly empty ones.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT relid::regclass::text FROM pg_stat_xact_user_tables WHERE n_tup_ins >= %s", [FILLED])
            if filled := sorted(row[0] for row in cursor.fetchall()):
                cursor.execute(f"ANALYZE {', '.join(filled)}")


@contextmanager
def _without_dispatch() -> Iterator[None]:
    """Do not dispatch hundreds of past jobs; the sweep dispatches what is still due."""
    dispatch, jobs.dispatch = jobs.dispatch, None
    try:
        yield
    finally:
        jobs.dispatch = dispatch

"""Loading the demo: steps in order, each once, each in one transaction, all dates counted from one stored instant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import TypeVar

from django.db import transaction

from municipality.jobs import services as jobs
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from sandbox.demo.models import Anchor

T = TypeVar("T")
BATCH = 2000  # rows in one statement at most; keeps memory and SQLite's parameter count low
ANCHOR = "anchor"


@dataclass(frozen=True)
class Scale:
    """How much is made up."""

    shops: int
    shops_per_organisation: int
    shops_per_person: int
    signed: int  # past renewals that go through the whole portal, PDF and seal included
    minutes: int = 0  # violations that inspectors saw in the last year
    studied: int = 0  # renewals with changes that stand in the officers' queue or passed through it

    @property
    def name(self) -> str:
        return f"{self.shops} shops"


FULL = Scale(shops=3000, shops_per_organisation=60, shops_per_person=16, signed=30, studied=42, minutes=600)
SMALL = Scale(shops=300, shops_per_organisation=12, shops_per_person=3, signed=4, studied=8, minutes=40)


@dataclass(frozen=True)
class Loading:
    """What every step is given."""

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


Step = Callable[[Loading], str]  # loads, and returns one line for the person who waits


def batches(rows: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def anchor(at: dt.datetime | None = None) -> dt.datetime:
    """The stored instant; stored now (or as `at`) at the first call. Aware, UTC, whole seconds."""
    wanted = (at or clock.now()).astimezone(dt.UTC).replace(microsecond=0)
    kept, _ = Anchor.objects.get_or_create(key=ANCHOR, defaults={"at": wanted})
    return kept.at


def load(steps: Mapping[str, Step], *, scale: Scale, echo: Callable[[str], None], at: dt.datetime | None = None) -> int:
    """Run the steps, in order by their names, that were not run yet. Returns how many; an interrupted load goes on where it stopped."""
    done = set(Anchor.objects.filter(key__startswith="step:").values_list("key", flat=True))
    todo = [name for name in steps if f"step:{name}" not in done]
    if not todo:
        return 0
    loading = Loading(anchor(at), scale, echo)
    with _without_doorbell():
        for name in todo:
            began = monotonic()
            rulebook.preload_editions()
            with transaction.atomic():
                line = steps[name](loading)
                Anchor.objects.create(key=f"step:{name}", at=clock.now())
            echo(f"{line} ({monotonic() - began:.1f} s)")
    return len(todo)


@contextmanager
def _without_doorbell() -> Iterator[None]:
    """Hundreds of past jobs would wake the worker for nothing; the sweep finds what is still due."""
    bell, jobs.dispatch = jobs.dispatch, None
    try:
        yield
    finally:
        jobs.dispatch = bell

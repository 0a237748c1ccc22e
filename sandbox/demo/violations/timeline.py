"""The timeline of the demo's past."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable
from itertools import count

from municipality.kernel import clock
from sandbox.demo.loading import Loading
from violations.services import blocks, terms


class Timeline:
    """Actions in order of time."""

    def __init__(self, loading: Loading) -> None:
        self.loading = loading
        self._heap: list[tuple[dt.datetime, int, Callable[[], object]]] = []
        self._order = count()
        self._nights: set[dt.date] = set()

    def at(self, moment: dt.datetime, action: Callable[[], object]) -> None:
        """Add an action at an instant; one after the anchor is ignored."""
        if moment < self.loading.anchor:
            heapq.heappush(self._heap, (moment, next(self._order), action))

    def night(self, day: dt.date) -> None:
        """Add `lapse` at the start of a day, once."""
        if day not in self._nights:
            self._nights.add(day)
            self.at(clock.start_of(day), lapse)

    def run(self) -> None:
        while self._heap:
            moment, _order, action = heapq.heappop(self._heap)
            with clock.at(moment):
                action()


def lapse() -> None:
    """The sweep of a night."""
    terms.lapse_due()
    terms.void_missed()
    blocks.place_due()

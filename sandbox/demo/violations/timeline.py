"""What happens in the demo's past, in order of time."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable
from itertools import count

from municipality.kernel import clock
from sandbox.demo.loading import Loading
from violations.services import blocks, terms


class Timeline:
    """What is still to happen, in order of time."""

    def __init__(self, loading: Loading) -> None:
        self.loading = loading
        self._line: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        self._turn = count()
        self._nights: set[dt.date] = set()

    def at(self, moment: dt.datetime, act: Callable[[], None]) -> None:
        """Let something happen at an instant; what lies after the anchor has not happened yet."""
        if moment < self.loading.anchor:
            heapq.heappush(self._line, (moment, next(self._turn), act))

    def night(self, day: dt.date) -> None:
        """What the days bring happens once in a night, whoever waits for it."""
        if day not in self._nights:
            self._nights.add(day)
            self.at(clock.start_of(day), lapse)

    def run(self) -> None:
        while self._line:
            moment, _turn, act = heapq.heappop(self._line)
            with clock.at(moment):
                act()


def lapse() -> None:
    """What the end of a period brings."""
    terms.lapse_due()
    terms.void_missed()
    blocks.place_due()

"""Figures of the reports that were received in the last months, by area, branch and category."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, F, Q
from redis.exceptions import RedisError

from municipality.kernel import clock
from municipality.kernel.ttl_cache import ttl_cache
from municipality.places.models import Area, Branch
from reports import queries
from reports.promises import MISSED, OPENING
from reports.public_page import standings
from reports.states import ReportState
from violations.figures import hidden, nearest

log = logging.getLogger(__name__)

SPLITS = ("area", "branch", "category")
KEY, KEPT_SECONDS = "reports.figures", 3600
COUNTS = ("received", "closed", "in_time", "overdue", "reopened")


@dataclass(frozen=True)
class ReportFigures:
    """Counts of one area, branch or category (`name`: a row with names, or a dict), or of all. `hours`: the median to a result.

    `shown` are the counts as everybody reads them: None where a small one is hidden.
    """

    key: Any
    name: Any
    received: int
    closed: int
    in_time: int
    overdue: int
    reopened: int
    hours: float | None
    is_hidden: tuple[bool, ...] = (False,) * len(COUNTS)

    @property
    def shown(self) -> list[int | None]:
        return [None if is_small else getattr(self, name) for name, is_small in zip(COUNTS, self.is_hidden, strict=True)]

    @property
    def waiting(self) -> int:
        """Open ones whose promise has not passed."""
        return self.received - self.closed - self.overdue

    @property
    def in_time_percent(self) -> int | None:
        """Share of the closed ones; None where it would tell a hidden count."""
        closed, in_time = self.shown[1:3]
        return round(100 * in_time / closed) if closed and in_time is not None else None


@dataclass(frozen=True)
class Figures:
    total: ReportFigures
    lines: dict[str, list[ReportFigures]]  # by split
    counted_at: dt.datetime


def figures() -> Figures:
    """All figures, from the cache; counted anew after PUBLIC_QUEUE_SECONDS where the job has not done it.

    Without the cache each process counts them, as seldom.
    """
    try:
        found = cache.get_or_set(KEY, count, settings.PUBLIC_QUEUE_SECONDS)
    except (RedisError, OSError):
        log.warning("the figures of reports are not shared: the cache is away")
        return _counted_here()
    assert isinstance(found, Figures)  # noqa: S101 - what `count` returns
    return found


def refresh() -> None:
    """Count the figures into the cache; the job does it, since it takes seconds with a million reports."""
    if not settings.PUBLIC_QUEUE_SECONDS:
        return
    found = count()
    try:
        cache.set(KEY, found, KEPT_SECONDS)
    except (RedisError, OSError):
        log.warning("the figures of reports are not kept: the cache is away")


def count() -> Figures:
    """The figures now. Three queries of reports; the total is the sum of any split."""
    now = clock.now()
    names: dict[str, Any] = {"area": Area.objects.in_bulk(), "branch": Branch.objects.in_bulk(), "category": queries.rules().categories}
    groups = _groups(now)
    lines = {}
    for place, split in enumerate(SPLITS):
        rows: dict[Any, _Sums] = defaultdict(_Sums)
        for key, found in groups.items():
            rows[key[place]].add(found)
        lines[split] = _lines(rows, names[split])
    total = _Sums()
    for found in groups.values():
        total.add(found)
    sums: dict[str, Any] = total.counts
    return Figures(ReportFigures(None, None, hours=_median(total.minutes), **sums), lines, now)


@ttl_cache(lambda: settings.PUBLIC_QUEUE_SECONDS)
def _counted_here() -> Figures:
    return count()


@dataclass
class _Sums:
    """Counts by name, and the minutes to a result of those that are closed."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    minutes: list[float] = field(default_factory=list)

    def add(self, other: _Sums) -> None:
        for name in COUNTS:
            self.counts[name] += other.counts[name]
        self.minutes += other.minutes


def _groups(now: dt.datetime) -> dict[tuple[Any, ...], _Sums]:
    """Area, branch and category → their sums."""
    rows = standings.recent(now).order_by()
    is_closed = Q(state=ReportState.CLOSED)
    sums = {
        "received": Count("pk"),
        "closed": Count("pk", filter=is_closed),
        "in_time": Count("pk", filter=is_closed & Q(closed_at__lte=F("due_at"))),
        "overdue": Count("pk", filter=~is_closed & Q(due_at__lt=now)),
    }
    groups: dict[tuple[Any, ...], _Sums] = defaultdict(_Sums)
    for row in rows.values(*SPLITS).annotate(**sums):
        groups[tuple(row.pop(split) for split in SPLITS)].counts |= row
    for *key, again in rows.filter(events__move="reopen").values_list(*SPLITS).annotate(again=Count("pk", distinct=True)):
        groups[tuple(key)].counts["reopened"] = again
    late = rows.filter(is_closed, closed_at__lte=F("due_at"), events__move__in=OPENING, events__data__has_key=MISSED)
    for *key, missed in late.values_list(*SPLITS).annotate(missed=Count("pk", distinct=True)):
        groups[tuple(key)].counts["in_time"] -= missed
    spans = rows.filter(is_closed).values_list(*SPLITS, "received_at", "closed_at")
    for *key, received, closed in spans.iterator(chunk_size=5000):
        groups[tuple(key)].minutes.append((closed - received).total_seconds() / 60)
    return groups


def _lines(rows: dict[Any, _Sums], names: Any) -> list[ReportFigures]:
    """Lines, the largest first; small counts of a column are hidden, and a median of few."""
    ordered = sorted(rows.items(), key=lambda item: (-item[1].counts["received"], str(item[0])))
    columns = [hidden(sums.counts[name] for _key, sums in ordered) for name in COUNTS]
    lines = []
    for index, (key, sums) in enumerate(ordered):
        is_hidden = tuple(column[index] for column in columns)
        hours = None if is_hidden[COUNTS.index("closed")] else _median(sums.minutes)
        lines.append(ReportFigures(key, names.get(key), hours=hours, is_hidden=is_hidden, **sums.counts))
    return lines


def _median(minutes: Sequence[float]) -> float | None:
    """The median in hours, to a tenth."""
    return round(nearest(sorted(minutes), 50) / 60, 1) if minutes else None

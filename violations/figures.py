"""Figures of the violation reports of a period for supervisors, counted from their events."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from violations.models import Violation, ViolationEvent
from violations.states import ViolationState

V = ViolationState
SMALL = 5  # smaller counts are hidden in exports

# Figure → its events. Each figure counts violations.
FIGURES: dict[str, Q] = {
    "recorded": Q(move__in=("warn", "order", "charge")),
    "warned": Q(move="warn"),
    "corrected": Q(move="accept_correction"),
    "minutes": Q(move__in=("order", "charge")),
    "served": Q(move__in=("serve", "serve_charge")),
    "ordered": Q(move="order"),
    # A settlement that the bank took back does not count; one after the period came from "overdue".
    "settled": Q(move="settle", from_state__in=(V.ORDERED, V.INSTALMENTS), subject__state=V.PAID),
    "objected": Q(move="object"),
    "overturned": Q(move="uphold_objection"),
    "undefended": Q(move="object", subject__objection__is_undefended=True),
    "annulled": Q(move__in=("annul", "annul_by_writer")),
    "waived": Q(move="waive"),
    "reduced": Q(move="reduce"),
    "referred": Q(move="refer"),
    "judged": Q(move__in=("judge", "acquit")),
    "acquitted": Q(move="acquit") | Q(move="appeal_acquitted", from_state__in=(V.JUDGED, V.PAID)),
}
# Figure → the figure that it is a share of.
SHARES = {"corrected": "warned", "settled": "ordered", "overturned": "objected", "undefended": "objected"}
# What the figures may be split by: the column of the violation.
SPLITS = {"team": "inspector__team_id", "offence": "offence", "area": "area_id"}
# Span → moves that begin and end it. The first beginning and the first end after it count.
SPANS = {
    "service": (frozenset({"order", "charge"}), frozenset({"serve", "serve_charge"})),
    "settling": (frozenset({"serve"}), frozenset({"settle"})),
    "answer": (frozenset({"object"}), frozenset({"uphold_objection", "back_to_settlement", "back_to_overdue", "back_to_charge"})),
}
_OF_SPANS = sorted(frozenset().union(*(begin | end for begin, end in SPANS.values())))


@dataclass(frozen=True)
class Span:
    """Durations in days: number, median and 90th percentile (nearest rank)."""

    count: int
    median: float
    ninety: float


@dataclass
class FigureLine:
    """The figures of one team, offence or area, or the total."""

    key: str | int | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    spans: dict[str, Span | None] = field(default_factory=lambda: dict.fromkeys(SPANS))

    def share(self, name: str) -> int | None:
        """Share in whole per cent; None where the base is zero."""
        base = self.counts[SHARES[name]]
        return round(100 * self.counts[name] / base) if base else None


def with_figure(rows: QuerySet[Violation], name: str) -> QuerySet[Violation]:
    """The violations behind a figure. Raises KeyError for an unknown name."""
    return written_by_inspectors(rows).filter(Exists(ViolationEvent.objects.filter(FIGURES[name], subject=OuterRef("pk"))))


def written_by_inspectors(rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Without legacy fines, which no team wrote."""
    return rows.filter(paper__isnull=True)


def in_period(rows: QuerySet[Violation], first: dt.datetime, end: dt.datetime) -> QuerySet[Violation]:
    """Seen in [first, end)."""
    return rows.filter(seen_at__gte=first, seen_at__lt=end)


def lines(rows: QuerySet[Violation], split: str) -> tuple[FigureLine, list[FigureLine]]:
    """The total, and a line for each team, offence or area, largest first. Three queries. Raises KeyError for an unknown split."""
    column = f"subject__{SPLITS[split]}"
    events = ViolationEvent.objects.filter(subject__in=written_by_inspectors(rows).order_by().values("pk"))
    counted = {name: Count("subject", distinct=True, filter=condition) for name, condition in FIGURES.items()}
    by_key = {}
    for counts in events.order_by().values(column).annotate(**counted):
        key = counts.pop(column)
        by_key[key] = FigureLine(key, counts)
    total = FigureLine()
    for line in by_key.values():
        for name, number in line.counts.items():
            total.counts[name] += number
    days_by_key = _span_days(events, column)
    for key, line in by_key.items():
        line.spans = {name: _span(days) for name, days in days_by_key[key].items()}
    total.spans = {name: _span([day for days_by_span in days_by_key.values() for day in days_by_span[name]]) for name in SPANS}
    return total, sorted(by_key.values(), key=lambda line: (-line.counts["recorded"], str(line.key)))


def _span_days(events: QuerySet[ViolationEvent], column: str) -> dict[Any, dict[str, list[float]]]:
    """Key → span → duration in days of each violation."""
    result: dict[Any, dict[str, list[float]]] = defaultdict(lambda: {name: [] for name in SPANS})
    subject, begun, done = None, dict[str, dt.datetime](), set[str]()
    steps = events.filter(move__in=_OF_SPANS).order_by("subject_id", "pk").values_list("subject_id", column, "move", "at")
    for subject_id, key, move, at in steps.iterator(chunk_size=5000):
        if subject_id != subject:
            subject, begun, done = subject_id, {}, set()
        for name, (begin, end) in SPANS.items():
            if move in begin:
                begun.setdefault(name, at)
            elif move in end and name in begun and name not in done:
                done.add(name)
                result[key][name].append((at - begun[name]).total_seconds() / 86400)
    return result


def _span(days: Sequence[float]) -> Span | None:
    if not days:
        return None
    ordered = sorted(days)
    return Span(len(ordered), nearest(ordered, 50), nearest(ordered, 90))


def nearest(ordered: Sequence[float], percent: int) -> float:
    """The percentile of sorted values by the nearest rank. Raises IndexError for none."""
    return ordered[max(-(-percent * len(ordered) // 100) - 1, 0)]


def hidden(counts: Iterable[int]) -> list[bool]:
    """Which counts of a column an export hides: 1 to 4; a lone hidden one is joined by the next larger, else the total would tell it."""
    values = list(counts)
    is_hidden = [0 < value < SMALL for value in values]
    if sum(is_hidden) == 1:
        others = [(value, index) for index, value in enumerate(values) if value and not is_hidden[index]]
        if others:
            is_hidden[min(others)[1]] = True
    return is_hidden

"""What became of the minutes of a period, counted from the ledger of their events; for supervisors. Nothing is kept beside the ledger."""

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
SMALL = 5  # smaller counts are hidden in what leaves the house

# Figure → which events say so. Each counts violations, not events.
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
    "annulled": Q(move="annul"),
    "waived": Q(move="waive"),
    "reduced": Q(move="reduce"),
    "referred": Q(move="refer"),
    "judged": Q(move__in=("judge", "acquit")),
    "acquitted": Q(move="acquit"),
}
# Share → of what it is the share.
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
    """How long something took, in days: half of the cases and nine of ten, by the nearest rank."""

    many: int
    median: float
    ninety: float


@dataclass
class FigureLine:
    """The figures of one team, offence or area, or of all together."""

    key: Any = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    spans: dict[str, Span | None] = field(default_factory=lambda: dict.fromkeys(SPANS))

    def share(self, name: str) -> int | None:
        """Whole per cent; None where there is nothing to be a share of."""
        whole = self.counts[SHARES[name]]
        return round(100 * self.counts[name] / whole) if whole else None


def with_figure(rows: QuerySet[Violation], name: str) -> QuerySet[Violation]:
    """The violations behind a figure. Raises KeyError for an unknown name."""
    return written(rows).filter(Exists(ViolationEvent.objects.filter(FIGURES[name], subject=OuterRef("pk"))))


def written(rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """The minutes of inspectors: what was carried over from paper was neither warned of nor served here, and tells nothing of a team."""
    return rows.filter(paper__isnull=True)


def seen(rows: QuerySet[Violation], first: dt.datetime, end: dt.datetime) -> QuerySet[Violation]:
    """What was seen from an instant to before another."""
    return rows.filter(seen_at__gte=first, seen_at__lt=end)


def lines(rows: QuerySet[Violation], split: str) -> tuple[FigureLine, list[FigureLine]]:
    """All together, and one line a team, offence or area, most first. Three queries. Raises KeyError for an unknown split."""
    column = f"subject__{SPLITS[split]}"
    events = ViolationEvent.objects.filter(subject__in=written(rows).order_by().values("pk"))
    counted = {name: Count("subject", distinct=True, filter=which) for name, which in FIGURES.items()}
    found = {}
    for one in events.order_by().values(column).annotate(**counted):
        key = one.pop(column)
        found[key] = FigureLine(key, one)
    total = FigureLine()
    for line in found.values():
        for name, many in line.counts.items():
            total.counts[name] += many
    took = _took(events, column)
    for key, line in found.items():
        line.spans = {name: _span(days) for name, days in took[key].items()}
    total.spans = {name: _span([day for per in took.values() for day in per[name]]) for name in SPANS}
    return total, sorted(found.values(), key=lambda line: (-line.counts["recorded"], str(line.key)))


def _took(events: QuerySet[ViolationEvent], column: str) -> dict[Any, dict[str, list[float]]]:
    """Key → span → days, each violation once."""
    found: dict[Any, dict[str, list[float]]] = defaultdict(lambda: {name: [] for name in SPANS})
    subject, began, done = None, dict[str, dt.datetime](), set[str]()
    steps = events.filter(move__in=_OF_SPANS).order_by("subject_id", "pk").values_list("subject_id", column, "move", "at")
    for one, key, move, at in steps.iterator(chunk_size=5000):
        if one != subject:
            subject, began, done = one, {}, set()
        for name, (begin, end) in SPANS.items():
            if move in begin:
                began.setdefault(name, at)
            elif move in end and name in began and name not in done:
                done.add(name)
                found[key][name].append((at - began[name]).total_seconds() / 86400)
    return found


def _span(days: Sequence[float]) -> Span | None:
    if not days:
        return None
    ordered = sorted(days)
    return Span(len(ordered), nearest(ordered, 50), nearest(ordered, 90))


def nearest(ordered: Sequence[float], percent: int) -> float:
    """The percentile of sorted values by the nearest rank. Raises IndexError for none."""
    return ordered[max(-(-percent * len(ordered) // 100) - 1, 0)]


def hidden(counts: Iterable[int]) -> list[bool]:
    """Which counts of a column are hidden in an export: 1 to 4, and the next larger one where only one would be, else the sum tells it."""
    values = list(counts)
    out = [0 < value < SMALL for value in values]
    if sum(out) == 1:
        rest = [(value, place) for place, value in enumerate(values) if value and not out[place]]
        if rest:
            out[min(rest)[1]] = True
    return out

"""Judging the search: how often the shop that was meant, or one of the same name, comes first or among the first five."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shops.models import Shop
from shops.search.queries import SearchQuery, search_shops
from shops.search.text import key_of
from tests.shops.search.mutations import Query

HERE = Path(__file__).parent
FIRST, SECOND, TRADES = HERE / "judged.csv", HERE / "judged_second.csv", HERE / "judged_trades.csv"
AT_ONE, AT_FIVE = 0.92, 0.98
TRADES_AT_FIVE = 0.95


def read(path: Path = FIRST) -> list[Query]:
    """The committed queries."""
    with path.open(encoding="utf8", newline="") as lines:
        return [Query(row["kind"], row["text"], int(row["number"])) for row in csv.DictReader(lines)]


@dataclass
class Tally:
    """Hits of one class, and what was missed: query, place it came at, what came first."""

    asked: int = 0
    first: int = 0
    five: int = 0
    missed: list[str] = field(default_factory=list)


def judge(queries: Iterable[Query], shops: Sequence[int]) -> dict[str, Tally]:
    """Ask every query; `shops` are the primary keys of the judged register in its order."""
    tallies: dict[str, Tally] = {}
    for query in queries:
        meant = Shop.objects.get(pk=shops[query.number])
        hits = [hit.shop_id for hit in search_shops(SearchQuery(text=query.text, size=5)).hits]
        rows = Shop.objects.in_bulk(hits)
        places = [n for n, pk in enumerate(hits) if pk == meant.pk or _same(rows[pk], meant)]
        tally = tallies.setdefault(query.kind, Tally())
        tally.asked += 1
        tally.first += 0 in places
        tally.five += bool(places)
        if 0 not in places:
            first = rows[hits[0]].name_ar if hits else "nothing"
            tally.missed.append(f"{query.text} → {meant.name_ar} / {meant.name_en}: {places[:1] or 'not found'}, first {first}")
    return tallies


@dataclass(frozen=True)
class TradeQuery:
    """What is typed for a trade, the activities that are meant, and the area where one is named."""

    kind: str
    text: str
    activities: frozenset[str]
    area: str


def read_trades() -> list[TradeQuery]:
    """The committed queries for trades."""
    with TRADES.open(encoding="utf8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [TradeQuery(row["kind"], row["text"], frozenset(row["activities"].split()), row["area"]) for row in rows]


def judge_trades(queries: Iterable[TradeQuery]) -> dict[str, Tally]:
    """Ask every query; a shop answers that has one of the activities and stands in the area."""
    tallies: dict[str, Tally] = {}
    for query in queries:
        hits = [hit.shop_id for hit in search_shops(SearchQuery(text=query.text, size=5)).hits]
        rows = Shop.objects.select_related("area").in_bulk(hits)
        fits = [rows[pk].activity_id in query.activities and query.area in ("", rows[pk].area.name_ar) for pk in hits]
        tally = tallies.setdefault(query.kind, Tally())
        tally.asked += 1
        tally.first += fits[:1] == [True]
        tally.five += any(fits)
        if fits != [True] * 5:
            found = [f"{rows[pk].name_ar} / {rows[pk].name_en} ({rows[pk].activity_id}, {rows[pk].area.name_ar})" for pk in hits]
            tally.missed.append(f"{query.text}: {list(map(int, fits))} {found}")
    return tallies


def _same(one: Shop, other: Shop) -> bool:
    same_english = bool(one.name_en) and key_of(one.name_en) == key_of(other.name_en)
    return key_of(one.name_ar) == key_of(other.name_ar) or same_english


def rates(tallies: dict[str, Tally]) -> tuple[float, float]:
    """hit@1 and hit@5 over all classes."""
    asked = sum(tally.asked for tally in tallies.values())
    return sum(t.first for t in tallies.values()) / asked, sum(t.five for t in tallies.values()) / asked


def lines(tallies: dict[str, Tally]) -> list[str]:
    """A table by class."""
    rows = [f"{'class':<28}{'asked':>6}{'hit@1':>8}{'hit@5':>8}"]
    rows += [f"{kind:<28}{t.asked:>6}{t.first / t.asked:>8.3f}{t.five / t.asked:>8.3f}" for kind, t in tallies.items()]
    one, five = rates(tallies)
    return [*rows, f"{'all':<28}{sum(t.asked for t in tallies.values()):>6}{one:>8.3f}{five:>8.3f}"]

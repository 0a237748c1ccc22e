"""Searching shops: from text and filters to a page of results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from municipality.kernel import arabic, clock
from municipality.rulebook import queries as rulebook
from shops.hours.status import open_now_filters
from shops.models import LicenceState
from shops.register import name_lists
from shops.search import trades, vocabulary
from shops.search.box import Box, cell_words
from shops.search.cursors import ResultPosition, position_of, token_of
from shops.search.engines import BEGINNINGS, ENOUGH, WINDOW, Candidate, Engine, Where, engine
from shops.search.index import cell, cell_word
from shops.search.ranking import build_ranking_query, distance, score
from shops.search.text import QueryText, read
from shops.search.vocabulary import Group

PAGE = 20
ELSEWHERE = "elsewhere"  # as a licence: another authority licenses the activity today
NEAR_CELLS = 2  # cells in each direction: some 2 to 3 km


@dataclass(frozen=True)
class SearchQuery:
    """A search. Empty filters do not filter; `near` is latitude and longitude (WGS 84), `box` a rectangle of the map.

    A `licence` state finds only shops that the Municipality licenses, ELSEWHERE the others. `is_open` excludes closed and suspended
    shops, `open_now` also those not open now by their stated hours.
    """

    text: str = ""
    governorate: str = ""
    area: int | None = None
    activity: str = ""
    licence: str = ""
    is_open: bool = False
    open_now: bool = False
    near: tuple[float, float] | None = None
    box: Box | None = None
    after: str = ""
    size: int = PAGE

    @property
    def is_empty(self) -> bool:
        filters = (self.governorate, self.area, self.activity, self.licence, self.is_open, self.open_now, self.near, self.box)
        return not (self.text.strip() or any(filters))

    @property
    def print(self) -> str:
        """What a cursor is bound to: everything but the page."""
        near = "" if self.near is None else f"{self.near[0]:.5f},{self.near[1]:.5f}"
        parts = (
            " ".join(self.text.split()),
            self.governorate,
            self.area or "",
            self.activity,
            self.licence,
            self.is_open,
            self.open_now,
            near,
            self.box or "",
        )
        return "\x1f".join(map(str, parts))


@dataclass(frozen=True)
class Hit:
    """One result. The licence and its last day are those of the index."""

    shop_id: int
    score: float
    distance_km: float | None
    licence: str = ""
    licence_end: dt.date | None = None


@dataclass
class SearchResult:
    """A page of results. `total` is exact unless `is_more`: then it is a lower bound.

    `meant` is the corrected text if a word is not in the register; `matched` are the folded words to mark.
    """

    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    is_more: bool = False
    after: str = ""
    meant: str = ""
    left_out: tuple[str, ...] = ()
    matched: frozenset[str] = frozenset()


def search_shops(query: SearchQuery) -> SearchResult:
    """Find shops. Raises cursors.BadCursor for an invalid `after`, engines.SearchBusy after a second."""
    after = position_of(query.after, query.print) if query.after else None
    if query.is_empty:
        return SearchResult()
    text = read(query.text)
    search = _Search(query, text, engine(), clock.today())
    if not search.can_be_met:
        return SearchResult()
    return search.page(search.find(), after)


class _Search:
    """One search."""

    def __init__(self, query: SearchQuery, typed: QueryText, used: Engine, today: dt.date) -> None:
        self.query, self.typed, self.engine, self.today = query, typed, used, today
        self.where = _where(query, today)
        self.meant, self.is_more = "", False
        self.left_out: tuple[str, ...] = ()
        self.groups: list[Group] = []
        self.required_filters, self.can_be_met = self._filters()

    def _filters(self) -> tuple[list[tuple[list[int], int]], bool]:
        """Sets of filter words with their counts, and whether all sets have a shop."""
        word_sets = [[word] for word in _filter_words(self.query)]
        if self.query.near is not None:
            north, east = cell(*self.query.near)
            offsets = range(-NEAR_CELLS, NEAR_CELLS + 1)
            word_sets.append([cell_word(north + a, east + b) for a in offsets for b in offsets])
        if self.query.licence:
            word_sets += _licence_sets(self.query.licence, self.today)
        if self.query.open_now:
            word_sets.append(open_now_filters())
        if self.query.box is not None and (words := cell_words(self.query.box)):
            word_sets.append(words)
        pks = vocabulary.filters([word for words in word_sets for word in words])
        sets = [[pks[word] for word in words if word in pks] for words in word_sets]
        return [([pk for pk, _ in filter_set], sum(count for _, count in filter_set)) for filter_set in sets], all(sets)

    def find(self) -> list[tuple[float, Candidate]]:
        """All ranked candidates, best first."""
        numbered = self._numbered()
        if not self.typed.words:
            return self._rank(self._find_matching([]))
        self.groups = vocabulary.groups(self.typed.words, trades.in_force().meant(self.typed.words))
        if unknown := [n for n, group in enumerate(self.groups) if not (group.matches or group.is_trade)]:
            vocabulary.widen(self.groups, unknown)
        found = self._find_by_groups()
        if not found and not numbered and not self.typed.is_only_number:
            vocabulary.widen(self.groups, range(len(self.groups)))
            found = self._find_by_groups() or self._find_without_one()
        self._set_meant(found)
        numbered_pks = {candidate.shop_id for _, candidate in numbered}
        return numbered + [pair for pair in found if pair[1].shop_id not in numbered_pks]

    def _numbered(self) -> list[tuple[float, Candidate]]:
        """Shops with the number, in the order of the numbers; before all others."""
        if not self.typed.number:
            return []
        rows = list(
            {candidate.shop_id: candidate for candidate in self.engine.find_numbered(self.typed.number, self.where, WINDOW)}.values()
        )
        passing = [candidate for candidate in rows if self._passes_filters(candidate)]
        return [(round(10 - n / 1000, 4), candidate) for n, candidate in enumerate(passing)]

    def _find_by_groups(self) -> list[tuple[float, Candidate]]:
        """Shops whose names begin with the text, that have a word of each group, or that have an activity for it. Shops of a trade
        are searched separately, since they are too many to share the limit with names.
        """
        self.is_more = False
        found = self.engine.find_beginning(self.typed.key, self.where) if self.typed.key else []
        required = [group for group in self.groups if not group.is_optional]
        if all(group.matches for group in required):
            found += self._find_matching(self.groups)
        trade_groups = [group for group in required if group.trades] or [group for group in self.groups if group.trades]
        if trade_groups and all(group.can_be_met for group in required):
            if len(found) < ENOUGH or not all(group.is_common for group in trade_groups):
                found += self._find_matching(self.groups, by_trade=True)
            else:
                self.is_more = True
        return self._rank(found)

    def _find_matching(self, groups: Sequence[Group], *, by_trade: bool = False) -> list[Candidate]:
        sets = [_set(group, by_trade) for group in groups if not group.is_optional]
        if groups and not sets:  # only optional words
            sets = [_set(group, by_trade) for group in groups if group.matches or (by_trade and group.trades)]
        sets += self.required_filters
        if not sets:
            if groups or not self.where.sql:  # nothing that could be searched for
                return []
            found = self.engine.find_beginning("", self.where, BEGINNINGS + 1)  # by both names; each stops there
            self.is_more = len(found) > 2 * BEGINNINGS
            # All but one, so that there are more than those whatever both orders have in common.
            return [one for one in found if one.shop_id != found[-1].shop_id] if self.is_more else found
        sets.sort(key=lambda pair: pair[1])
        found, is_more = self.engine.find_matching([words for words, _ in sets], [count for _, count in sets], self.where, WINDOW)
        self.is_more = is_more or (by_trade and self.is_more)
        return found

    def _find_without_one(self) -> list[tuple[float, Candidate]]:
        """Leave out words that no shop has together with the others: unknown ones first, then one of the most common ones."""
        known = [n for n, group in enumerate(self.groups) if group.can_be_met and not group.is_optional]
        unknown = [n for n, group in enumerate(self.groups) if not group.can_be_met]
        tries: list[tuple[int, ...]] = [tuple(unknown)] if unknown and known else []
        if len(known) > 1:
            by_count = sorted(known, key=lambda n: -self.groups[n].count)
            tries += [(*unknown, n) for n in by_count[:3]]
        all_groups = self.groups
        for omitted in tries:
            self.groups = [group for n, group in enumerate(all_groups) if n not in omitted]
            if found := self._find_by_groups():
                self.left_out = tuple(all_groups[n].typed for n in omitted)
                return found
        self.groups = all_groups
        return []

    def _passes_filters(self, candidate: Candidate) -> bool:
        if not self.required_filters:
            return True
        words = set(candidate.words.replace("|", " ").split())
        return all(any(str(pk) in words for pk in pks) for pks, _ in self.required_filters)

    def _rank(self, candidates: Iterable[Candidate]) -> list[tuple[float, Candidate]]:
        compared = build_ranking_query(self.typed.key, self.groups, self.today, self.query.near)
        found: dict[int, tuple[float, Candidate]] = {}
        for candidate in candidates:
            if candidate.shop_id not in found and self._passes_filters(candidate):
                value = score(compared, candidate)
                if value is not None:
                    found[candidate.shop_id] = (value, candidate)
        return sorted(found.values(), key=lambda pair: (-pair[0], pair[1].shop_id))

    def _set_meant(self, found: Sequence[tuple[float, Candidate]]) -> None:
        """Set `meant`: the text with each unknown word replaced by that of the best result; empty if all words are known."""
        if not found:
            return
        best = set(found[0][1].words.replace("|", " ").split())
        words, changed = [], False
        for group in self.groups:
            matches = [m for m in group.matches.values() if str(m.id) in best]
            is_trade = any(str(pk) in best for pk in group.trades)
            if matches and not is_trade and not any(m.how in ("same", "joined", "beginning", "sound") for m in matches):
                match = max(matches, key=lambda m: m.weight)
                article = group.typed.removesuffix(arabic.bare(group.typed))
                words.append(match.word if match.word.startswith(article) else article + match.word)
                changed = True
            else:
                words.append(group.typed)
        self.meant = " ".join(words) if changed else ""

    def page(self, found: Sequence[tuple[float, Candidate]], after: ResultPosition | None) -> SearchResult:
        """The page after a position."""
        following = [pair for pair in found if after is None or (-pair[0], pair[1].shop_id) > (-after.score, after.shop_id)]
        page_pairs = following[: self.query.size]
        last = page_pairs[-1] if page_pairs and len(following) > len(page_pairs) else None
        near = self.query.near
        return SearchResult(
            hits=[Hit(c.shop_id, value, distance(near, c) if near else None, c.licence, c.licence_end) for value, c in page_pairs],
            total=len(found),
            is_more=self.is_more,
            after=token_of(ResultPosition(last[0], last[1].shop_id), self.query.print) if last else "",
            meant=self.meant,
            left_out=self.left_out,
            matched=frozenset(match.word for group in self.groups for match in group.matches.values()),
        )


def _set(group: Group, by_trade: bool) -> tuple[list[int], int]:
    """The words of a group, optionally with its activities, and about how many shops have one of them."""
    matches = {**group.matches, **(group.trades if by_trade else {})}
    return list(matches), sum(match.count for match in matches.values())


def _filter_words(query: SearchQuery) -> list[str]:
    words = []
    if query.area:
        words.append(f"a:{query.area}")
    if query.governorate:
        words.append(f"g:{query.governorate}")
    if query.activity:
        words.append(f"t:{query.activity}")
    return words


def _licence_sets(licence: str, today: dt.date) -> list[list[str]]:
    """Sets of filter words of a licence filter. By activity, so that the index needs no change when another authority takes over."""
    activities = name_lists.cached_lists()[1]
    elsewhere = rulebook.licensed_elsewhere(activities, today)
    if licence == ELSEWHERE:
        return [[f"t:{code}" for code in elsewhere]]
    state = [f"l:{licence}"]
    return [state, [f"t:{code}" for code in activities if code not in elsewhere]] if elsewhere else [state]


def _where(query: SearchQuery, today: dt.date) -> Where:
    sql = ""
    values: list[dt.date | float] = []
    if query.is_open or query.open_now:
        sql += " AND (e.closed_on IS NULL OR e.closed_on > %s) AND (e.suspended_on IS NULL OR e.suspended_on > %s)"
        values += [today, today]
    if query.licence == LicenceState.ACTIVE:  # the index has an ended licence within the hour
        sql += " AND e.licence_end >= %s"
        values.append(today)
    if query.box is not None:
        sql += " AND e.latitude BETWEEN %s AND %s AND e.longitude BETWEEN %s AND %s"
        values += [query.box.south, query.box.north, query.box.west, query.box.east]
    return Where(sql, tuple(values))

"""Asking for shops: from what was typed and chosen to a page of results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from municipality.kernel import arabic, clock
from shops.hours.status import open_now_filters
from shops.models import LicenceState
from shops.search import trades, vocabulary
from shops.search.box import Box, words_of
from shops.search.cursors import Position, place_of, token_of
from shops.search.engines import ENOUGH, WINDOW, Candidate, Engine, Where, engine
from shops.search.index import cell, cell_word
from shops.search.ranking import distance, question, score
from shops.search.text import QueryText, read
from shops.search.vocabulary import Group

PAGE = 20
NEAR_CELLS = 2  # cells of the map in each direction: some 2 to 3 km


@dataclass(frozen=True)
class SearchQuery:
    """What a person asks. Empty filters hold nothing back; `near` is latitude and longitude (WGS 84), `box` a part of the map.

    `is_open` holds back what is closed for good or suspended, `open_now` also what is not open at this moment by the hours it states.
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
        """What a cursor belongs to: everything but the page."""
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
    """One shop found. `away` is in kilometres; licence and its last day are the index's."""

    shop_id: int
    score: float
    away: float | None
    licence: str = ""
    licence_end: dt.date | None = None


@dataclass
class SearchResult:
    """A page of hits. `total` is exact unless `is_more`, which says that at least so many fit.

    `meant` is what was searched for where a typed word is not in the register; `matched` are the folded words to mark.
    """

    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    is_more: bool = False
    after: str = ""
    meant: str = ""
    left_out: tuple[str, ...] = ()
    matched: frozenset[str] = frozenset()


def ask(asked: SearchQuery) -> SearchResult:
    """Find shops. Raises cursors.BadCursor for an `after` that is not ours or of another question, engines.Busy after a second."""
    after = place_of(asked.after, asked.print) if asked.after else None
    if asked.is_empty:
        return SearchResult()
    typed = read(asked.text)
    search = _Search(asked, typed, engine(), clock.today())
    if not search.can_be_met:
        return SearchResult()
    return search.page(search.find(), after)


class _Search:
    """One question while it is being answered."""

    def __init__(self, asked: SearchQuery, typed: QueryText, by: Engine, today: dt.date) -> None:
        self.asked, self.typed, self.by, self.today = asked, typed, by, today
        self.where = _where(asked, today)
        self.meant, self.is_more = "", False
        self.left_out: tuple[str, ...] = ()
        self.groups: list[Group] = []
        self.required_filters, self.can_be_met = self._filters()

    def _filters(self) -> tuple[list[tuple[list[int], int]], bool]:
        """Sets of filter words with their counts, and whether any shop can meet all."""
        wanted = [[word] for word in _filter_words(self.asked)]
        if self.asked.near is not None:
            north, east = cell(*self.asked.near)
            around = range(-NEAR_CELLS, NEAR_CELLS + 1)
            wanted.append([cell_word(north + a, east + b) for a in around for b in around])
        if self.asked.open_now:
            wanted.append(open_now_filters())
        if self.asked.box is not None and (words := words_of(self.asked.box)):
            wanted.append(words)
        known = vocabulary.filters([word for words in wanted for word in words])
        sets = [[known[word] for word in words if word in known] for words in wanted]
        return [([pk for pk, _ in found], sum(count for _, count in found)) for found in sets], all(sets)

    def find(self) -> list[tuple[float, Candidate]]:
        """All that is compared, best first."""
        numbered = self._numbered()
        if not self.typed.words:
            return self._ranked(self._meeting([]))
        self.groups = vocabulary.groups(self.typed.words, trades.in_force().meant(self.typed.words))
        if unknown := [n for n, group in enumerate(self.groups) if not (group.matches or group.is_trade)]:
            vocabulary.widen(self.groups, unknown)
        found = self._round()
        if not found and not numbered:
            vocabulary.widen(self.groups, range(len(self.groups)))
            found = self._round()
        if not found and not numbered:
            found = self._without_one()
        self._say_what_was_meant(found)
        seen = {one.shop_id for _, one in numbered}
        return numbered + [pair for pair in found if pair[1].shop_id not in seen]

    def _numbered(self) -> list[tuple[float, Candidate]]:
        """By number: before all others, in the order of the numbers."""
        if not self.typed.number:
            return []
        rows = list({one.shop_id: one for one in self.by.numbered(self.typed.number, self.where, WINDOW)}.values())
        kept = [one for one in rows if self._passes(one)]
        return [(round(10 - n / 1000, 4), one) for n, one in enumerate(kept)]

    def _round(self) -> list[tuple[float, Candidate]]:
        """Shops whose names begin as typed, that have a word of each group, and that have an activity for it: those of a trade are so
        many that they are looked for by themselves, and never take the room of a name.
        """
        self.is_more = False
        found = self.by.beginning(self.typed.key, self.where) if self.typed.key else []
        required = [group for group in self.groups if not group.is_optional]
        if all(group.matches for group in required):
            found += self._meeting(self.groups)
        of_trade = [group for group in required if group.trades] or [group for group in self.groups if group.trades]
        if of_trade and all(group.can_be_met for group in required):
            if len(found) < ENOUGH or not all(group.is_common for group in of_trade):
                found += self._meeting(self.groups, by_trade=True)
            else:
                self.is_more = True
        return self._ranked(found)

    def _meeting(self, groups: Sequence[Group], *, by_trade: bool = False) -> list[Candidate]:
        sets = [_set(group, by_trade) for group in groups if not group.is_optional]
        if groups and not sets:  # nothing but words that need not be there
            sets = [_set(group, by_trade) for group in groups if group.matches or (by_trade and group.trades)]
        sets += self.required_filters
        if not sets:
            return self.by.beginning("", self.where) if not groups else []
        sets.sort(key=lambda pair: pair[1])
        found, is_more = self.by.meeting([words for words, _ in sets], [count for _, count in sets], self.where, WINDOW)
        self.is_more = is_more or (by_trade and self.is_more)
        return found

    def _without_one(self) -> list[tuple[float, Candidate]]:
        """Leave out the words that no shop has together with the others: unknown ones first, then the most common one at a time."""
        known = [n for n, group in enumerate(self.groups) if group.can_be_met and not group.is_optional]
        unknown = [n for n, group in enumerate(self.groups) if not group.can_be_met]
        tries: list[tuple[int, ...]] = [tuple(unknown)] if unknown and known else []
        if len(known) > 1:
            by_count = sorted(known, key=lambda n: -self.groups[n].count)
            tries += [(*unknown, n) for n in by_count[:3]]
        whole = self.groups
        for gone in tries:
            self.groups = [group for n, group in enumerate(whole) if n not in gone]
            if found := self._round():
                self.left_out = tuple(whole[n].typed for n in gone)
                return found
        self.groups = whole
        return []

    def _passes(self, one: Candidate) -> bool:
        if not self.required_filters:
            return True
        words = set(one.words.replace("|", " ").split())
        return all(any(str(pk) in words for pk in found) for found, _ in self.required_filters)

    def _ranked(self, candidates: Iterable[Candidate]) -> list[tuple[float, Candidate]]:
        asked = question(self.typed.key, self.groups, self.today, self.asked.near)
        found: dict[int, tuple[float, Candidate]] = {}
        for one in candidates:
            if one.shop_id not in found and self._passes(one):
                value = score(asked, one)
                if value is not None:
                    found[one.shop_id] = (value, one)
        return sorted(found.values(), key=lambda pair: (-pair[0], pair[1].shop_id))

    def _say_what_was_meant(self, found: Sequence[tuple[float, Candidate]]) -> None:
        """The typed text with each unknown word replaced by the one that the best hit has; nothing where all words are known."""
        if not found:
            return
        best = set(found[0][1].words.replace("|", " ").split())
        said, changed = [], False
        for group in self.groups:
            matches = [m for m in group.matches.values() if str(m.id) in best]
            is_trade = any(str(pk) in best for pk in group.trades)
            if matches and not is_trade and not any(m.how in ("same", "joined", "beginning", "sound") for m in matches):
                match = max(matches, key=lambda m: m.weight)
                article = group.typed.removesuffix(arabic.bare(group.typed))
                said.append(match.word if match.word.startswith(article) else article + match.word)
                changed = True
            else:
                said.append(group.typed)
        self.meant = " ".join(said) if changed else ""

    def page(self, found: Sequence[tuple[float, Candidate]], after: Position | None) -> SearchResult:
        """The page behind a place."""
        rest = [pair for pair in found if after is None or (-pair[0], pair[1].shop_id) > (-after.score, after.shop_id)]
        shown = rest[: self.asked.size]
        last = shown[-1] if shown and len(rest) > len(shown) else None
        near = self.asked.near
        return SearchResult(
            hits=[Hit(one.shop_id, value, distance(near, one) if near else None, one.licence, one.licence_end) for value, one in shown],
            total=len(found),
            is_more=self.is_more,
            after=token_of(Position(last[0], last[1].shop_id), self.asked.print) if last else "",
            meant=self.meant,
            left_out=self.left_out,
            matched=frozenset(match.word for group in self.groups for match in group.matches.values()),
        )


def _set(group: Group, by_trade: bool) -> tuple[list[int], int]:
    """The words of a group, with its activities where they are asked for, and about how many shops have one of them."""
    matches = {**group.matches, **(group.trades if by_trade else {})}
    return list(matches), sum(match.count for match in matches.values())


def _filter_words(asked: SearchQuery) -> list[str]:
    words = []
    if asked.area:
        words.append(f"a:{asked.area}")
    if asked.governorate:
        words.append(f"g:{asked.governorate}")
    if asked.activity:
        words.append(f"t:{asked.activity}")
    if asked.licence:
        words.append(f"l:{asked.licence}")
    return words


def _where(asked: SearchQuery, today: dt.date) -> Where:
    sql = ""
    values: list[dt.date | float] = []
    if asked.is_open or asked.open_now:
        sql += " AND (e.closed_on IS NULL OR e.closed_on > %s) AND (e.suspended_on IS NULL OR e.suspended_on > %s)"
        values += [today, today]
    if asked.licence == LicenceState.ACTIVE:  # the index learns in the next hour that one has ended
        sql += " AND e.licence_end >= %s"
        values.append(today)
    if asked.box is not None:
        sql += " AND e.latitude BETWEEN %s AND %s AND e.longitude BETWEEN %s AND %s"
        values += [asked.box.south, asked.box.north, asked.box.west, asked.box.east]
    return Where(sql, tuple(values))

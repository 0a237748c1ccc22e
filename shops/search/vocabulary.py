"""Matching words of a query with the vocabulary: the same word, beginnings, the same sound, one typing error. One statement for all
words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

from municipality.kernel import arabic
from municipality.kernel.spelling import deletions, errors, sound_distance, sounds
from shops.search.engines import ENOUGH
from shops.search.text import OPTIONAL
from shops.search.trades import Meant

BEGINNINGS = 40  # most common words with a beginning
SOUNDING = 16
MISTYPED = 12
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Match:
    """A word of the vocabulary, and its weight for a query's word (1 is the same word)."""

    id: int
    word: str
    count: int
    weight: float
    how: str  # same, joined, beginning, sound, typo, trade


@dataclass
class Group:
    """The matches of one word of a query. A shop need not have an optional one.

    `trades` are the activities that it means, as filter words (`t:CAFE`); `is_trade` if it is exactly the word of one.
    """

    typed: str
    matches: dict[int, Match] = field(default_factory=dict)
    is_optional: bool = False
    trades: dict[int, Match] = field(default_factory=dict)
    is_trade: bool = False

    def add(self, match: Match) -> None:
        known = self.matches.get(match.id)
        if known is None or known.weight < match.weight:
            self.matches[match.id] = match

    @property
    def count(self) -> int:
        """An upper bound of the shops with one of the words; without matches, of the trades."""
        return sum(match.count for match in (self.matches or self.trades).values())

    @property
    def can_be_met(self) -> bool:
        return bool(self.matches or self.trades)

    @property
    def is_common(self) -> bool:
        """Whether enough shops have the word itself, so that its trade is not searched."""
        return sum(match.count for match in self.matches.values() if match.how in ("same", "joined")) >= ENOUGH


def filters(words: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Ids and counts of filter words, such as `g:HA`; without words that no shop has."""
    if not words:
        return {}
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(words))
        cursor.execute(f"SELECT word, id, count FROM shops_searchword WHERE word IN ({marks})", list(words))  # noqa: S608 - marks only
        return {word: (pk, count) for word, pk, count in cursor.fetchall()}


def counted_cells() -> list[tuple[int, int, int]]:
    """Row, column and estimated number of shops of every cell with shops; one range of an index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT word, count FROM shops_searchword WHERE word >= 'c:' AND word < 'c;'")
        rows = [(word.split(":"), count) for word, count in cursor.fetchall()]
    return [(int(parts[1]), int(parts[2]), count) for parts, count in rows if len(parts) == 3]


def groups(words: Sequence[str], meant: Sequence[Meant] = ()) -> list[Group]:
    """A group for each word with the same words, joined words and beginnings; for Latin words also nearly the same sounds; and the
    trades `meant`.
    """
    result = [Group(word, is_optional=_is_optional(word, len(words))) for word in words]
    parts: list[str] = []
    sql_values: list[str] = []

    def add_part(kind: str, position: int, where: str, values: Sequence[str], limit: int) -> None:
        parts.append(
            f"SELECT * FROM (SELECT '{kind}' AS kind, {position} AS place, w.id, w.word, w.count FROM {where}"  # noqa: S608 - our own text
            f" ORDER BY w.count DESC, w.id LIMIT {limit}) AS q{len(parts)}"
        )
        sql_values.extend(values)

    # Few parts: PostgreSQL's planning takes longer than the execution.
    same = _positions(_alternatives(words, n) for n in range(len(words)))
    by_filter_word: dict[str, list[Meant]] = {}
    for trade in meant:
        by_filter_word.setdefault(f"t:{trade.activity}", []).append(trade)
    same |= {word: [] for word in by_filter_word}
    if same:
        add_part("same", 0, f"shops_searchword w WHERE w.word IN ({_marks(list(same))})", list(same), len(same))
    for position, word in enumerate(words):
        bare = arabic.bare(word)
        # While somebody types, the word may be only the article: then also the beginnings with it.
        for beginning in {bare, word} if not word.startswith("ال") else {bare}:
            if len(beginning) >= 2 or beginning.isdigit():
                bounds = (beginning, beginning + _LAST)
                add_part("beginning", position, "shops_searchword w WHERE w.word >= %s AND w.word < %s", bounds, BEGINNINGS)
    rows = _positions([f"={row}" for row in sounds(arabic.bare(word))] if not arabic.is_arabic(word) else [] for word in words)
    if rows:
        where = f"shops_searchform f JOIN shops_searchword w ON w.id = f.word_id WHERE f.form IN ({_marks(list(rows))})"
        add_part("sound", 0, where, list(rows), 4 * SOUNDING * len(words))
    if not parts:
        return result
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), sql_values)
        answer = cursor.fetchall()
    placed = [
        (kind, position, pk, known, count)
        for kind, of, pk, known, count in answer
        for position in (same[known] if kind == "same" else [of] if kind == "beginning" else range(len(words)))
        if kind != "sound" or not arabic.is_arabic(words[position])
    ]
    sounding: dict[int, list[tuple[float, Match]]] = {}
    for _, _, pk, known, count in answer:
        for trade in by_filter_word.get(known, ()):
            for position in trade.positions:
                _add_trade(result[position], Match(pk, known, count, trade.weight, "trade"), is_same=trade.is_same)
    for kind, position, pk, known, count in placed:
        if ":" in known:
            continue
        group, word = result[position], words[position]
        if kind == "same":
            is_same_word = known in (word, arabic.bare(word))
            group.add(Match(pk, known, count, 1.0, "same" if is_same_word else "joined"))
            if not is_same_word and _is_join(words, position, known):
                result[position + 1].add(Match(pk, known, count, 1.0, "joined"))
        elif kind == "beginning":
            group.add(Match(pk, known, count, 0.6 + 0.3 * len(arabic.bare(word)) / max(len(known), 1), "beginning"))
        elif (distance := sound_distance(arabic.bare(word), known)) is not None and distance <= 0.6:
            sounding.setdefault(position, []).append((distance, Match(pk, known, count, 0.9 - 0.25 * distance, "sound")))
    for position, matches in sounding.items():
        for _, match in sorted(matches, key=lambda pair: (pair[0], -pair[1].count))[:SOUNDING]:
            result[position].add(match)
    return result


def _add_trade(group: Group, match: Match, *, is_same: bool) -> None:
    known = group.trades.get(match.id)
    if known is None or known.weight < match.weight:
        group.trades[match.id] = match
    group.is_trade |= is_same


def _positions(forms: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """The positions of the words that have each form."""
    positions: dict[str, list[int]] = {}
    for position, word_forms in enumerate(forms):
        for form in word_forms:
            positions.setdefault(form, []).append(position)
    return positions


def _is_optional(word: str, word_count: int) -> bool:
    """Whether a shop need not have a word: a conjunction, or up to two Latin letters among three words or more."""
    return word in OPTIONAL or (word_count > 2 and len(word) <= 2 and not arabic.is_arabic(word) and not word.isdigit())


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _alternatives(words: Sequence[str], position: int) -> list[str]:
    """The word, without its article, and joined with the next one."""
    word = words[position]
    same = [word, arabic.bare(word)]
    if position + 1 < len(words):
        following = words[position + 1]
        same += [word + following, word + arabic.bare(following), arabic.bare(word + following)]
    return list(dict.fromkeys(same))


def _is_join(words: Sequence[str], position: int, known: str) -> bool:
    return known not in (words[position], arabic.bare(words[position])) and known in _alternatives(words, position)


def widen(groups: Sequence[Group], positions: Sequence[int]) -> None:
    """Add words of the same sound and with one typing error to some groups."""
    by_form: dict[str, list[int]] = {}
    for position in positions:
        word = arabic.bare(groups[position].typed)
        if len(word) < 3 or word.isdigit():
            continue
        for typed in {word, groups[position].typed}:
            for form in [f"={row}" for row in sounds(typed)] + [f"~{shortened}" for shortened in deletions(typed)]:
                by_form.setdefault(form, []).append(position)
    if not by_form:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.form, w.id, w.word, w.count FROM shops_searchform f JOIN shops_searchword w ON w.id = f.word_id"  # noqa: S608
            f" WHERE f.form IN ({_marks(list(by_form))})",
            list(by_form),
        )
        rows = cursor.fetchall()
    candidates: dict[int, dict[int, tuple[float, Match]]] = {}
    for form, pk, known, count in rows:
        for position in by_form[form]:
            typed = groups[position].typed
            for word in {arabic.bare(typed), typed}:
                rated = _rate(word, known)
                if rated is not None:
                    how, weight = rated
                    known_match = candidates.setdefault(position, {}).get(pk)
                    if known_match is None or known_match[0] < weight:
                        candidates[position][pk] = (weight, Match(pk, known, count, weight, how))
    for position, matches in candidates.items():
        ordered = sorted(matches.values(), key=lambda pair: (-pair[0], -pair[1].count))
        for how, limit in (("sound", SOUNDING), ("typo", MISTYPED)):
            for _, match in [pair for pair in ordered if pair[1].how == how][:limit]:
                groups[position].add(match)


def _rate(word: str, known: str) -> tuple[str, float] | None:
    """Kind and weight of a match that shares a form; None if it is too different."""
    if errors(word, known) == 1 and len(word) >= 3:
        return "typo", 0.7 if word[:1] == known[:1] else 0.62
    distance = sound_distance(word, known)
    if distance is not None and distance <= 1.1:
        return "sound", 0.9 - 0.25 * distance
    return None

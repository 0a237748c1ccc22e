"""From typed words to words of the vocabulary: the same, beginnings, the same sound, one error away. One statement for all words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

from municipality.kernel import arabic
from municipality.kernel.spelling import deletions, errors, sounds, sounds_apart
from shops.search.engines import ENOUGH
from shops.search.text import OPTIONAL
from shops.search.trades import Meant

BEGINNINGS = 40  # words that begin so, the most common first
SOUNDING = 16
MISTYPED = 12
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Match:
    """A word of the vocabulary, and how well it answers a typed one (1 is the same word)."""

    id: int
    word: str
    count: int
    weight: float
    how: str  # same, joined, beginning, sound, typo, trade


@dataclass
class Group:
    """The words that may stand for one typed word. An optional one need not be there.

    `trades` are the activities that people call so, as words of filters (`t:CAFE`); `is_trade` says that one of them is called just so.
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
        """How many shops have one of the words, at most; of a trade, where no word is known."""
        return sum(match.count for match in (self.matches or self.trades).values())

    @property
    def can_be_met(self) -> bool:
        return bool(self.matches or self.trades)

    @property
    def is_common(self) -> bool:
        """Whether so many shops have the word itself that none is looked for by its trade."""
        return sum(match.count for match in self.matches.values() if match.how in ("same", "joined")) >= ENOUGH

    @property
    def has_same(self) -> bool:
        return any(match.how in ("same", "joined") for match in self.matches.values())


def filters(words: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Ids and counts of filter words, such as `g:HA`; those that no shop has are missing."""
    if not words:
        return {}
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(words))
        cursor.execute(f"SELECT word, id, count FROM shops_searchword WHERE word IN ({marks})", list(words))  # noqa: S608 - marks only
        return {word: (pk, count) for word, pk, count in cursor.fetchall()}


def counted_cells() -> list[tuple[int, int, int]]:
    """Row, column and about how many shops of every cell of the map that has any; one range of the vocabulary's index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT word, count FROM shops_searchword WHERE word >= 'c:' AND word < 'c;'")
        found = [(word.split(":"), count) for word, count in cursor.fetchall()]
    return [(int(parts[1]), int(parts[2]), count) for parts, count in found if len(parts) == 3]


def groups(words: Sequence[str], meant: Sequence[Meant] = ()) -> list[Group]:
    """Same words, those written together, and beginnings; for a Latin word also what sounds nearly the same; and the trades `meant`."""
    found = [Group(word, is_optional=_is_optional(word, len(words))) for word in words]
    parts: list[str] = []
    given: list[str] = []

    def ask(kind: str, place: int, where: str, values: Sequence[str], most: int) -> None:
        parts.append(
            f"SELECT * FROM (SELECT '{kind}' AS kind, {place} AS place, w.id, w.word, w.count FROM {where}"  # noqa: S608 - our own text
            f" ORDER BY w.count DESC, w.id LIMIT {most}) AS q{len(parts)}"
        )
        given.extend(values)

    # Few parts: PostgreSQL takes longer to plan them than to answer.
    same = _places(_alternatives(words, n) for n in range(len(words)))
    named: dict[str, list[Meant]] = {}
    for one in meant:
        named.setdefault(f"t:{one.activity}", []).append(one)
    same |= {word: [] for word in named}
    if same:
        ask("same", 0, f"shops_searchword w WHERE w.word IN ({_marks(list(same))})", list(same), len(same))
    for place, word in enumerate(words):
        bare = arabic.bare(word)
        # As long as somebody types, the article may be all there is: then the beginnings of the whole word.
        for beginning in {bare, word} if not word.startswith("ال") else {bare}:
            if len(beginning) >= 2 or beginning.isdigit():
                ask("beginning", place, "shops_searchword w WHERE w.word >= %s AND w.word < %s", (beginning, beginning + _LAST), BEGINNINGS)
    rows = _places([f"={row}" for row in sounds(arabic.bare(word))] if not arabic.is_arabic(word) else [] for word in words)
    if rows:
        where = f"shops_searchform f JOIN shops_searchword w ON w.id = f.word_id WHERE f.form IN ({_marks(list(rows))})"
        ask("sound", 0, where, list(rows), 4 * SOUNDING * len(words))
    if not parts:
        return found
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), given)
        answered = cursor.fetchall()
    rows_found = [
        (kind, place, pk, known, count)
        for kind, of, pk, known, count in answered
        for place in (same[known] if kind == "same" else [of] if kind == "beginning" else range(len(words)))
        if kind != "sound" or not arabic.is_arabic(words[place])
    ]
    sounding: dict[int, list[tuple[float, Match]]] = {}
    for _, _, pk, known, count in answered:
        for one in named.get(known, ()):
            for place in one.places:
                _add_trade(found[place], Match(pk, known, count, one.weight, "trade"), is_same=one.is_same)
    for kind, place, pk, known, count in rows_found:
        if ":" in known:
            continue
        group, word = found[place], words[place]
        if kind == "same":
            own = known in (word, arabic.bare(word))
            group.add(Match(pk, known, count, 1.0, "same" if own else "joined"))
            if not own and _is_join(words, place, known):
                found[place + 1].add(Match(pk, known, count, 1.0, "joined"))
        elif kind == "beginning":
            group.add(Match(pk, known, count, 0.6 + 0.3 * len(arabic.bare(word)) / max(len(known), 1), "beginning"))
        elif (apart := sounds_apart(arabic.bare(word), known)) is not None and apart <= 0.6:
            sounding.setdefault(place, []).append((apart, Match(pk, known, count, 0.9 - 0.25 * apart, "sound")))
    for place, near in sounding.items():
        for _, match in sorted(near, key=lambda pair: (pair[0], -pair[1].count))[:SOUNDING]:
            found[place].add(match)
    return found


def _add_trade(group: Group, match: Match, *, is_same: bool) -> None:
    known = group.trades.get(match.id)
    if known is None or known.weight < match.weight:
        group.trades[match.id] = match
    group.is_trade |= is_same


def _places(forms: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """Where each form was asked for."""
    found: dict[str, list[int]] = {}
    for place, each in enumerate(forms):
        for form in each:
            found.setdefault(form, []).append(place)
    return found


def _is_optional(word: str, of: int) -> bool:
    """Whether a shop need not have a typed word: what joins words, and a scrap of two Latin letters among three words or more."""
    return word in OPTIONAL or (of > 2 and len(word) <= 2 and not arabic.is_arabic(word) and not word.isdigit())


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _alternatives(words: Sequence[str], place: int) -> list[str]:
    """The word, it without its article, and it written together with the next one."""
    word = words[place]
    same = [word, arabic.bare(word)]
    if place + 1 < len(words):
        following = words[place + 1]
        same += [word + following, word + arabic.bare(following), arabic.bare(word + following)]
    return list(dict.fromkeys(same))


def _is_join(words: Sequence[str], place: int, known: str) -> bool:
    return known not in (words[place], arabic.bare(words[place])) and known in _alternatives(words, place)


def widen(found: Sequence[Group], places: Sequence[int]) -> None:
    """Add to some groups what sounds the same and what is one error of typing away."""
    by_form: dict[str, list[int]] = {}
    for place in places:
        word = arabic.bare(found[place].typed)
        if len(word) < 3 or word.isdigit():
            continue
        for typed in {word, found[place].typed}:
            for form in [f"={row}" for row in sounds(typed)] + [f"~{less}" for less in deletions(typed)]:
                by_form.setdefault(form, []).append(place)
    if not by_form:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.form, w.id, w.word, w.count FROM shops_searchform f JOIN shops_searchword w ON w.id = f.word_id"  # noqa: S608
            f" WHERE f.form IN ({_marks(list(by_form))})",
            list(by_form),
        )
        rows = cursor.fetchall()
    near: dict[int, dict[int, tuple[float, Match]]] = {}
    for form, pk, known, count in rows:
        for place in by_form[form]:
            typed = found[place].typed
            for word in {arabic.bare(typed), typed}:
                rated = _rated(word, known)
                if rated is not None:
                    how, weight = rated
                    kept = near.setdefault(place, {}).get(pk)
                    if kept is None or kept[0] < weight:
                        near[place][pk] = (weight, Match(pk, known, count, weight, how))
    for place, matches in near.items():
        ordered = sorted(matches.values(), key=lambda pair: (-pair[0], -pair[1].count))
        for how, most in (("sound", SOUNDING), ("typo", MISTYPED)):
            for _, match in [pair for pair in ordered if pair[1].how == how][:most]:
                found[place].add(match)


def _rated(word: str, known: str) -> tuple[str, float] | None:
    """How a word that shares a form answers the typed one; None where it is too far away."""
    if errors(word, known) == 1 and len(word) >= 3:
        return "typo", 0.7 if word[:1] == known[:1] else 0.62
    apart = sounds_apart(word, known)
    if apart is not None and apart <= 1.1:
        return "sound", 0.9 - 0.25 * apart
    return None

"""Words for trades: the rulebook's synonyms of activities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings

from municipality.kernel import arabic, clock
from municipality.kernel.errors import Refused
from municipality.kernel.spelling import sound_distance, sounds
from municipality.kernel.ttl_cache import ttl_cache
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import MOST_WORDS, word_list
from municipality.rulebook.queries import Trade

# The weight of a trade by its word (1 is a word of a name), and by a word of the same sound.
SAME, SOUND = 0.95, 0.75
# The maximal distance of a Latin from an Arabic word of the same sound: of two consonants, and of more.
MAX_DISTANCE, MAX_DISTANCE_LONG = 0.3, 0.8
_ENDINGS_AR = (("ات", "ه"), ("ات", ""), ("ين", ""), ("ون", ""))
_ENDINGS_EN = (("ies", "y"), ("es", ""), ("s", ""))


@dataclass(frozen=True)
class Meant:
    """An activity that some consecutive words mean. `is_same` is False if they only sound like its word."""

    activity: str
    positions: tuple[int, ...]
    is_same: bool

    @property
    def weight(self) -> float:
        return SAME if self.is_same else SOUND


@dataclass
class Trades:
    """The rulebook's entries as folded words without article, and the sounds of its Arabic words, each with its activities."""

    entries: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    sounding: dict[str, set[str]] = field(default_factory=dict)

    def meant(self, words: Sequence[str]) -> list[Meant]:
        """The activities that folded words mean: from left to right the longest entries, else those of the same sound."""
        result: list[Meant] = []
        position = 0
        while position < len(words):
            for length in range(min(MOST_WORDS, len(words) - position), 0, -1):
                if codes := self._activities_of(words[position : position + length]):
                    positions = tuple(range(position, position + length))
                    result += [Meant(code, positions, True) for code in sorted(codes)]
                    break
            else:
                length = 1
                result += [Meant(code, (position,), False) for code in sorted(self._by_sound(words[position]))]
            position += length
        return result

    def _activities_of(self, words: Sequence[str]) -> set[str]:
        """The activities of an entry, or of one of which it may be the regular plural, by its first or last word."""
        typed = tuple(map(arabic.bare, words))
        if typed in self.entries:
            return self.entries[typed]
        candidates = [(*typed[:n], singular, *typed[n + 1 :]) for n in {0, len(typed) - 1} for singular in _singulars(typed[n])]
        return {code for candidate in candidates for code in self.entries.get(candidate, ())}

    def _by_sound(self, word: str) -> set[str]:
        if arabic.is_arabic(word):
            return set()
        codes: set[str] = set()
        for row in sounds(word):
            for known in self.sounding.get(row, ()):
                distance = sound_distance(word, known)
                if distance is not None and distance <= (MAX_DISTANCE_LONG if len(row) > 2 else MAX_DISTANCE):
                    codes |= self.entries[(known,)]
        return codes


def _singulars(word: str) -> Iterator[str]:
    """Possible singulars of a regular plural."""
    for ending, replacement in _ENDINGS_AR if arabic.is_arabic(word) else _ENDINGS_EN:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            yield word.removesuffix(ending) + replacement


@lru_cache(maxsize=4)
def folded(rows: tuple[Trade, ...]) -> Trades:
    """The rows of an edition, folded."""
    trades = Trades()
    for row in rows:
        for entry in (*word_list(row.words_ar), *word_list(row.words_en)):
            words = tuple(map(arabic.bare, arabic.words(entry)))
            trades.entries.setdefault(words, set()).add(row.activity_id)
            if len(words) == 1 and arabic.is_arabic(words[0]):
                for sound in sounds(words[0]):
                    trades.sounding.setdefault(sound, set()).add(words[0])
    return trades


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def in_force() -> Trades:
    """The trades of the edition in force; none without an edition."""
    with suppress(Refused):  # no edition is published
        return folded(rulebook.edition(rulebook.TRADES, clock.today()).trades)
    return Trades()

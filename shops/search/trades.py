"""What people call a trade: the rulebook's words that stand for an activity, beside the names of the register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings

from municipality.kernel import arabic, clock
from municipality.kernel.errors import Refused
from municipality.kernel.spelling import sounds, sounds_apart
from municipality.kernel.ttl_cache import ttl_cache
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import MOST_WORDS, word_list
from municipality.rulebook.queries import Trade

# How well a trade answers its own word (1 is the word itself in a name), and one that only sounds like it.
SAME, SOUND = 0.95, 0.75
# How far a Latin word may lie from an Arabic one of the same sound: of two consonants, and of more.
APART, APART_LONG = 0.3, 0.8
_ENDINGS_AR = (("ات", "ه"), ("ات", ""), ("ين", ""), ("ون", ""))
_ENDINGS_EN = (("ies", "y"), ("es", ""), ("s", ""))


@dataclass(frozen=True)
class Meant:
    """An activity that some typed words, one behind the other, stand for. `is_same` is False where they only sound so."""

    activity: str
    places: tuple[int, ...]
    is_same: bool

    @property
    def weight(self) -> float:
        return SAME if self.is_same else SOUND


@dataclass
class Trades:
    """Entries of the rulebook as folded words without article, and the sounds of its Arabic words, each with its activities."""

    entries: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    sounding: dict[str, set[str]] = field(default_factory=dict)

    def meant(self, words: Sequence[str]) -> list[Meant]:
        """What folded words stand for: from left to right the longest entries, and what sounds like one where there is none."""
        found: list[Meant] = []
        place = 0
        while place < len(words):
            for length in range(min(MOST_WORDS, len(words) - place), 0, -1):
                if codes := self._of(words[place : place + length]):
                    places = tuple(range(place, place + length))
                    found += [Meant(code, places, True) for code in sorted(codes)]
                    break
            else:
                length = 1
                found += [Meant(code, (place,), False) for code in sorted(self._by_sound(words[place]))]
            place += length
        return found

    def _of(self, words: Sequence[str]) -> set[str]:
        """The activities of an entry; where it is none, of what it may be the regular plural of, by its first or its last word."""
        typed = tuple(map(arabic.bare, words))
        if typed in self.entries:
            return self.entries[typed]
        others = [(*typed[:n], one, *typed[n + 1 :]) for n in {0, len(typed) - 1} for one in _singulars(typed[n])]
        return {code for other in others for code in self.entries.get(other, ())}

    def _by_sound(self, word: str) -> set[str]:
        if arabic.is_arabic(word):
            return set()
        codes: set[str] = set()
        for row in sounds(word):
            for known in self.sounding.get(row, ()):
                apart = sounds_apart(word, known)
                if apart is not None and apart <= (APART_LONG if len(row) > 2 else APART):
                    codes |= self.entries[(known,)]
        return codes


def _singulars(word: str) -> Iterator[str]:
    """What a regular plural may be the plural of."""
    for ending, instead in _ENDINGS_AR if arabic.is_arabic(word) else _ENDINGS_EN:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            yield word.removesuffix(ending) + instead


@lru_cache(maxsize=4)
def made_of(rows: tuple[Trade, ...]) -> Trades:
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
    """What people call a trade by the edition in force; none where no edition is published."""
    with suppress(Refused):  # no edition is published: the names of the register are all there is
        return made_of(rulebook.edition(rulebook.TRADES, clock.today()).trades)
    return Trades()

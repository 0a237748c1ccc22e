"""Words of names and of queries, without a database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from municipality.kernel import arabic, digits
from municipality.kernel.spelling import deletions, sounds

MAX_WORDS, MAX_LETTERS = 8, 120
WORD_LENGTH = 40
ARTICLES = frozenset({"al", "el", "ال"})
# Words of a query that a shop need not have: prefixes of places, and conjunctions.
OPTIONAL = frozenset({"ضاحيه", "مدينه", "منطقه", "محافظه", "محل", "في", "و", "and", "of", "the", "in", "for", "area", "shop", "city"})
# First parts of compound names, which are written apart or together.
COMPOUNDS = frozenset({"عبد", "ابو", "ابا", "ام", "بن", "بنت", "ذو", "abd", "abdul", "abdel", "abu", "abo", "um", "umm", "bin", "bint"})
_NUMBER = re.compile(r"[A-Z]{0,8}[0-9][A-Z0-9]*")


@dataclass(frozen=True)
class NameWords:
    """The words of a name, and other spellings of them."""

    main: tuple[str, ...]
    also: tuple[str, ...]


def key_of(name: str) -> str:
    """A folded name, for comparisons of whole names and beginnings."""
    return " ".join(arabic.words(name))


@lru_cache(maxsize=8192)
def words_of(name: str) -> NameWords:
    """The words of a name that are indexed."""
    words = [word[:WORD_LENGTH] for word in arabic.words(name)]
    if len(words) > 1:
        words = [word for word in words if word not in ARTICLES] or words
    main = [_main(word) for word in words]
    also = {other for word in words for other in (word, arabic.bare(word))}
    also |= {a + b for a, b in pairwise(words) if a in COMPOUNDS}
    also |= {a + arabic.bare(b) for a, b in pairwise(words) if a in COMPOUNDS and not arabic.is_arabic(a)}
    with_article = {word for word in words if word.startswith("ال")}  # found without the article; both would double the index
    return NameWords(tuple(dict.fromkeys(main)), tuple(sorted(also - set(main) - with_article)))


def _main(word: str) -> str:
    """The indexed word: Arabic without its article, Latin as written."""
    return arabic.bare(word) if word.startswith("ال") else word


def forms_of(word: str) -> set[str]:
    """Other forms of a word of the vocabulary: its sounds, and each letter left out."""
    if len(word) < 3 or ":" in word or word.isdigit():
        return set()
    return {f"={row}" for row in sounds(word)} | {f"~{shortened}" for shortened in deletions(word)}


def number_of(text: str) -> str:
    """A normalised number: capitals and ASCII digits only."""
    return re.sub(r"[^A-Z0-9]", "", digits.to_ascii(text).upper())


@dataclass(frozen=True)
class QueryText:
    """A parsed query. `number` is empty unless the whole text may be the beginning of a number."""

    text: str
    key: str
    words: tuple[str, ...]
    number: str

    @property
    def is_only_number(self) -> bool:
        """Nothing but a number of a document or a register: parts of it that resemble words mean no shop."""
        return sum(c.isdigit() for c in self.number) >= 6 and " " not in self.text


def read(text: str) -> QueryText:
    """Parse a text: at most MAX_LETTERS letters and MAX_WORDS words of it."""
    clean = " ".join(digits.clean(text[:MAX_LETTERS]).replace("\x00", " ").split())
    words = [word[:WORD_LENGTH] for word in arabic.words(clean)][:MAX_WORDS]
    if len(words) > 1:
        words = [word for word in words if word not in ARTICLES] or words
    number = number_of(clean)
    is_number = bool(_NUMBER.fullmatch(number)) and sum(c.isdigit() for c in number) >= 4 and clean.count(" ") <= 2
    return QueryText(clean, " ".join(arabic.words(clean)), tuple(words), number if is_number else "")

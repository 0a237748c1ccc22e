"""Words of shops and of queries, without a database: what is indexed of a name, and what a typed text asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from municipality.kernel import arabic, digits
from municipality.kernel.spelling import deletions, sounds

MOST_WORDS, MOST_LETTERS = 8, 120
WORD_LENGTH = 40
ARTICLES = frozenset({"al", "el", "ال"})
# Words that a query may hold and a shop need not: places' prefixes, and what joins words.
OPTIONAL = frozenset({"ضاحيه", "مدينه", "منطقه", "محافظه", "محل", "في", "و", "and", "of", "the", "in", "for", "area", "shop", "city"})
# First parts of compound names, which people write apart and together.
COMPOUNDS = frozenset({"عبد", "ابو", "ابا", "ام", "بن", "بنت", "ذو", "abd", "abdul", "abdel", "abu", "abo", "um", "umm", "bin", "bint"})
_NUMBER = re.compile(r"[A-Z]{0,8}[0-9][A-Z0-9]*")


@dataclass(frozen=True)
class NameWords:
    """The words of a name as they are counted, and other ways to write them together."""

    main: tuple[str, ...]
    also: tuple[str, ...]


def key_of(name: str) -> str:
    """A whole name, folded, for comparing and for beginnings."""
    return " ".join(arabic.words(name))


@lru_cache(maxsize=8192)
def words_of(name: str) -> NameWords:
    """What is indexed of a name."""
    typed = [word[:WORD_LENGTH] for word in arabic.words(name)]
    if len(typed) > 1:
        typed = [word for word in typed if word not in ARTICLES] or typed
    main = [_main(word) for word in typed]
    also = {other for word in typed for other in (word, arabic.bare(word))}
    also |= {a + b for a, b in pairwise(typed) if a in COMPOUNDS}
    also |= {a + arabic.bare(b) for a, b in pairwise(typed) if a in COMPOUNDS and not arabic.is_arabic(a)}
    plain = {word for word in typed if word.startswith("ال")}  # found without the article; an index of both would double it
    return NameWords(tuple(dict.fromkeys(main)), tuple(sorted(also - set(main) - plain)))


def _main(word: str) -> str:
    """The word under which it is counted: Arabic without its article, Latin as it is written."""
    return arabic.bare(word) if word.startswith("ال") else word


def forms_of(word: str) -> set[str]:
    """Other ways to reach a word of the vocabulary: by its sound, and by a letter left out."""
    if len(word) < 3 or ":" in word or word.isdigit():
        return set()
    return {f"={row}" for row in sounds(word)} | {f"~{less}" for less in deletions(word)}


def number_of(text: str) -> str:
    """A number as it is kept: capitals and ASCII digits only."""
    return re.sub(r"[^A-Z0-9]", "", digits.to_ascii(text).upper())


@dataclass(frozen=True)
class QueryText:
    """What a text asks for. `number` is empty unless the whole text may be the beginning of a number."""

    text: str
    key: str
    words: tuple[str, ...]
    number: str


def read(text: str) -> QueryText:
    """Read a typed text: at most MOST_LETTERS letters and MOST_WORDS words of it."""
    clean = " ".join(digits.clean(text[:MOST_LETTERS]).replace("\x00", " ").split())
    words = [word[:WORD_LENGTH] for word in arabic.words(clean)][:MOST_WORDS]
    if len(words) > 1:
        words = [word for word in words if word not in ARTICLES] or words
    number = number_of(clean)
    is_number = bool(_NUMBER.fullmatch(number)) and sum(c.isdigit() for c in number) >= 4 and clean.count(" ") <= 2
    return QueryText(clean, " ".join(arabic.words(clean)), tuple(words), number if is_number else "")

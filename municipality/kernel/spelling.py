"""Words that sound alike in Arabic and Latin letters, and words that differ by one typing error.

A *sound* is the row of consonants of a word, in coarse classes: ق, ك, غ, k, q, g and gh are one. Vowels are left out, because
Arabic does not write the short ones and Latin letters spell each in five ways. `spoken_distance` compares words of one sound.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice, product

from municipality.kernel.arabic import is_arabic

MAX_SOUNDS = 6
VOWELS = frozenset("awy")
# The sounds of each letter, the usual one first. `a`, `w` and `y` are the vowels that Arabic writes.
_ARABIC: dict[str, tuple[str, ...]] = {
    "ا": ("a",), "ب": ("B",), "ت": ("T",), "ث": ("T", "S"), "ج": ("J",), "ح": ("H",), "خ": ("X",), "د": ("D",), "ذ": ("D", "Z"),
    "ر": ("R",), "ز": ("Z",), "س": ("S",), "ش": ("C",), "ص": ("S",), "ض": ("D",), "ط": ("T",), "ظ": ("Z", "D"), "ع": ("a",), "غ": ("K",),
    "ف": ("F",), "ق": ("K",), "ك": ("K",), "ل": ("L",), "م": ("M",), "ن": ("N",), "ه": ("H",), "و": ("w",), "ي": ("y",),
}  # fmt: skip
_LATIN: dict[str, tuple[str, ...]] = {
    "tch": ("C",), "sh": ("C",), "ch": ("C", "K"), "kh": ("X",), "gh": ("K",), "th": ("T", "D"), "dh": ("D", "Z"), "ph": ("F",),
    "ck": ("K",), "ce": ("Sy",), "ci": ("Sy",), "qu": ("Kw",),
    "ou": ("w",), "oo": ("w",), "ee": ("y",), "ea": ("y",), "aa": ("a",), "ie": ("y",), "ei": ("ay",), "ai": ("ay",), "au": ("aw",),
    "a": ("a",), "b": ("B",), "c": ("K",), "d": ("D",), "e": ("y",), "f": ("F",), "g": ("K", "J"), "h": ("H",), "i": ("y",), "j": ("J",),
    "k": ("K",), "l": ("L",), "m": ("M",), "n": ("N",), "o": ("w",), "p": ("B",), "q": ("K",), "r": ("R",), "s": ("S",), "t": ("T",),
    "u": ("w",), "v": ("F",), "w": ("w",), "x": ("KS",), "y": ("y",), "z": ("Z",),
}  # fmt: skip
_LONG_FIRST = re.compile("|".join(sorted(_LATIN, key=len, reverse=True)))
_VOWEL = re.compile("[awy]")


def _letters(word: str) -> list[tuple[str, ...]]:
    """The possible sounds of each letter of a folded word, in order."""
    if is_arabic(word):
        letters = [_ARABIC.get(letter, (letter,)) for letter in word]
        if word.endswith("ه") and len(word) > 2:
            letters[-1] = ("a", "T")  # the feminine ending
        return letters
    if word.endswith("h") and word[-2:-1] in ("a", "e"):
        word = word[:-1]
    letters = []
    position = 0
    while position < len(word):
        match = _LONG_FIRST.match(word, position)
        piece = match[0] if match else word[position]
        position += len(piece)
        choices = _LATIN.get(piece, (piece,))
        if word.startswith(piece, position) and choices[0] not in VOWELS:  # a letter twice is one sound, or two
            position += len(piece)
            choices = (choices[0], choices[0] * 2, *choices[1:])
        letters.append(choices)
    return letters


@lru_cache(maxsize=4096)
def sounds(word: str) -> dict[str, str]:
    """The possible rows of consonants of a folded word, the usual one first, each with the spoken form it comes from.

    Rows of fewer than two consonants are left out. A W or Y at the beginning may count as a consonant.
    """
    spoken_by_row: dict[str, str] = {}
    for choice in islice(product(*_letters(word)), 2 * MAX_SOUNDS):
        spoken = "".join(choice)
        row = _VOWEL.sub("", spoken)
        if spoken[:1] in ("w", "y"):
            spoken_by_row.setdefault(spoken[0].upper() + row, spoken)
        spoken_by_row.setdefault(row, spoken)
    return dict(islice(((row, spoken) for row, spoken in spoken_by_row.items() if len(row) >= 2), MAX_SOUNDS))


def sound_distance(one: str, other: str) -> float | None:
    """The least `spoken_distance` of two words over the sounds that they share; None if they share none."""
    a, b = sounds(one), sounds(other)
    return min((spoken_distance(a[row], b[row]) for row in a if row in b), default=None)


def spoken_distance(one: str, other: str) -> float:
    """The edit distance of two spoken forms: a consonant counts 1, a vowel 0.25."""
    previous = [0.0]
    for letter in other:
        previous.append(previous[-1] + (0.25 if letter in VOWELS else 1))
    for a in one:
        cost_a = 0.25 if a in VOWELS else 1
        row = [previous[0] + cost_a]
        for n, b in enumerate(other, start=1):
            if a == b:
                step = previous[n - 1]
            else:
                both = a in VOWELS and b in VOWELS
                step = previous[n - 1] + (0.3 if both else 1.2)
                step = min(step, previous[n] + cost_a, row[-1] + (0.25 if b in VOWELS else 1))
            row.append(step)
        previous = row
    return previous[-1]


def deletions(word: str) -> set[str]:
    """The word, and the word without each of its letters: two words that differ by one error share one of these."""
    return {word, *(word[:n] + word[n + 1 :] for n in range(len(word)))} if len(word) > 2 else {word}


def errors(one: str, other: str) -> int:
    """How many letters of two words are inserted, left out, exchanged or swapped with the next: 0, 1, or 2 for two and more."""
    if one == other:
        return 0
    if abs(len(one) - len(other)) > 1:
        return 2
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    same = a[1:] == b[1:] or a[1:] == b or a == b[1:]
    swapped = len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return 1 if same or swapped else 2

"""Words that sound alike across Arabic and Latin letters, and words that differ by one error of typing.

A *sound* is the row of consonants that both scripts write, in coarse classes: ق, ك, غ, k, q, g and gh are one. Vowels are left out,
because Arabic does not write the short ones and Latin letters spell each in five ways. How near two words of one sound are is told
by `spoken_distance`, which counts vowels a quarter.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice, product

from municipality.kernel.arabic import is_arabic

MAX_SOUNDS = 6
VOWELS = frozenset("awy")
# What a letter may sound like; the first is the usual one. `a`, `w` and `y` are vowels that Arabic writes.
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
    """What each letter of a folded word may sound like, in order."""
    if is_arabic(word):
        found = [_ARABIC.get(letter, (letter,)) for letter in word]
        if word.endswith("ه") and len(word) > 2:
            found[-1] = ("a", "T")  # the feminine ending
        return found
    if word.endswith("h") and word[-2:-1] in ("a", "e"):
        word = word[:-1]
    pieces: list[tuple[str, ...]] = []
    at = 0
    while at < len(word):
        match = _LONG_FIRST.match(word, at)
        piece = match[0] if match else word[at]
        at += len(piece)
        choices = _LATIN.get(piece, (piece,))
        if word.startswith(piece, at) and choices[0] not in VOWELS:  # a letter twice is one sound, or two
            at += len(piece)
            choices = (choices[0], choices[0] * 2, *choices[1:])
        pieces.append(choices)
    return pieces


@lru_cache(maxsize=4096)
def sounds(word: str) -> dict[str, str]:
    """The rows of consonants that a folded word may stand for, each with the vowels that are written; the usual one first.

    Empty where fewer than two consonants remain. A W or Y at the beginning counts as a consonant, and may be missing.
    """
    found: dict[str, str] = {}
    for choice in islice(product(*_letters(word)), 2 * MAX_SOUNDS):
        spoken = "".join(choice)
        row = _VOWEL.sub("", spoken)
        if spoken[:1] in ("w", "y"):
            found.setdefault(spoken[0].upper() + row, spoken)
        found.setdefault(row, spoken)
    return dict(islice(((row, spoken) for row, spoken in found.items() if len(row) >= 2), MAX_SOUNDS))


def sound_distance(one: str, other: str) -> float | None:
    """How far two words of one sound lie apart by their vowels; None where they share no sound."""
    mine, theirs = sounds(one), sounds(other)
    return min((spoken_distance(mine[row], theirs[row]) for row in mine if row in theirs), default=None)


def spoken_distance(one: str, other: str) -> float:
    """How far two spoken words lie apart: a vowel counts a quarter, a consonant one."""
    before = [0.0]
    for letter in other:
        before.append(before[-1] + (0.25 if letter in VOWELS else 1))
    for a in one:
        cost_a = 0.25 if a in VOWELS else 1
        row = [before[0] + cost_a]
        for n, b in enumerate(other, start=1):
            if a == b:
                step = before[n - 1]
            else:
                both = a in VOWELS and b in VOWELS
                step = before[n - 1] + (0.3 if both else 1.2)
                step = min(step, before[n] + cost_a, row[-1] + (0.25 if b in VOWELS else 1))
            row.append(step)
        before = row
    return before[-1]


def deletions(word: str) -> set[str]:
    """The word, and the word with each of its letters left out: two words one error apart share one of them."""
    return {word, *(word[:n] + word[n + 1 :] for n in range(len(word)))} if len(word) > 2 else {word}


def errors(one: str, other: str) -> int:
    """Letters inserted, left out, exchanged, or swapped with the next between two words; 2 stands for two or more."""
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

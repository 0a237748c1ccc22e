"""Folding of Arabic text, so that spellings of one name compare equal, and its splitting into words for the search."""

from __future__ import annotations

import re
import unicodedata

from municipality.kernel import digits

_MARKS = re.compile("[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640]")
_LETTERS = str.maketrans({
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ک": "ك", "ی": "ي",
    "ھ": "ه", "ہ": "ه", "ۀ": "ه", "ە": "ه", "گ": "ك", "پ": "ب", "چ": "ج", "ڤ": "ف", "ژ": "ز", "ٹ": "ت", "ڈ": "د", "ڑ": "ر",
})  # fmt: skip
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_SILENT = re.compile("['’‘`´ʼʿʾء\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_WORD = re.compile(r"[^\W_]+")
# Particles that are written joined to the next word, the longest first, and how many letters must remain without them.
_PARTICLES = (("وال", 3), ("بال", 3), ("فال", 3), ("كال", 3), ("لل", 3), ("ال", 2))
_LATIN_ARTICLES = (("al", 4), ("el", 4))


def fold(text: str) -> str:
    """Fold hamza forms, taa marbuta, alif maqsura, Persian and Urdu letters, tatweel, vowels, case and repeated space."""
    text = unicodedata.normalize("NFKC", text)
    text = _MARKS.sub("", text).translate(_LETTERS).casefold()
    return " ".join(text.split())


def words(text: str) -> list[str]:
    """The words of a text, folded, with ASCII digits, without accents and apostrophes; split at everything but letters and digits."""
    text = digits.to_ascii(fold(text))
    text = _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text))
    return _WORD.findall(_SILENT.sub("", text))


def bare(word: str) -> str:
    """A folded word without its article (ال, al-, el-) or a particle joined to it (وال, بال, لل …), if it has one."""
    for particle, min_letters in _PARTICLES if word[:1] > "\u0600" else _LATIN_ARTICLES:
        if word.startswith(particle) and len(word) - len(particle) >= min_letters:
            return word[len(particle) :]
    return word


def is_arabic(word: str) -> bool:
    """Whether a folded word is written in Arabic letters."""
    return "\u0621" <= word[:1] <= "\u06ff"

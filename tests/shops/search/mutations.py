"""Queries as people type them, made from the names of generated shops by one change each, from a frozen seed.

Knows nothing of the search: the tables of letters and keys here are its own, so that the search cannot agree with them by being the same.
`python -m tests.shops.search.mutations SEED` writes the queries as CSV.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from sandbox.demo.seeds import seeded
from sandbox.demo.shops.large_register import RegisterRow, names, register

REGISTER = 5_000  # shops that queries are made from: the first of every register of this seed
SHOPS = "judged"
OF_A_CLASS = 15
FIRST, SECOND = "frozen 2026-11-25", "second 2026-11-25"

KEYS_AR = ("ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤرىةوزظ")
KEYS_EN = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
VOWELS = "\u064e\u064f\u0650\u0652\u0651"
HAMZAS = {"ا": "أ", "أ": "ا", "إ": "ا", "آ": "ا"}
LATIN = (
    ("ee", "i"), ("ou", "oo"), ("oo", "ou"), ("u", "o"), ("kh", "7'"), ("th", "dh"), ("aa", "a"), ("q", "k"), ("ei", "ay"), ("ai", "ei"),
    ("dh", "z"), ("j", "g"), ("i", "e"), ("a", "e"), ("y", "i"), ("ss", "s"), ("ll", "l"), ("w", "u"), ("h", "")
)  # fmt: skip
TO_ARABIC = (
    ("sh", "ش"), ("ch", "تش"), ("kh", "خ"), ("gh", "غ"), ("th", "ث"), ("dh", "ذ"), ("ee", "ي"), ("oo", "و"), ("ou", "و"), ("aa", "ا"),
    ("ph", "ف"), ("b", "ب"), ("c", "ك"), ("d", "د"), ("f", "ف"), ("g", "ج"), ("h", "ه"), ("j", "ج"), ("k", "ك"), ("l", "ل"), ("m", "م"),
    ("n", "ن"), ("p", "ب"), ("q", "ق"), ("r", "ر"), ("s", "س"), ("t", "ت"), ("v", "ف"), ("w", "و"), ("x", "كس"), ("y", "ي"), ("z", "ز"),
    ("a", "ا"), ("e", ""), ("i", "ي"), ("o", "و"), ("u", "و"),
)  # fmt: skip


@dataclass(frozen=True)
class Query:
    """What is typed, and the number of the shop that is meant."""

    kind: str
    text: str
    number: int


Mutation = Callable[[Random, RegisterRow], str | None]


def _words(text: str) -> list[str]:
    return text.split()


def _long(text: str, least: int) -> list[int]:
    return [n for n, word in enumerate(_words(text)) if len(word.removeprefix("ال").removeprefix("Al-")) >= least]


def _changed(rng: Random, text: str, least: int, change: Callable[[str], str | None]) -> str | None:
    """`text` with one of its words of at least `least` letters changed."""
    places = _long(text, least)
    if not places:
        return None
    words, place = _words(text), rng.choice(places)
    new = change(words[place])
    if new is None or new == words[place]:
        return None
    words[place] = new
    return " ".join(words)


# --- Folding -----------------------------------------------------------------------------------------------------------------


def hamza(rng: Random, row: RegisterRow) -> str | None:
    places = [n for n, letter in enumerate(row.name_ar) if letter in HAMZAS and (n == 0 or row.name_ar[n - 1] != "ل")]
    return _at(row.name_ar, rng.choice(places), HAMZAS) if places else None


def _at(text: str, place: int, table: dict[str, str]) -> str:
    return text[:place] + table[text[place]] + text[place + 1 :]


def taa(rng: Random, row: RegisterRow) -> str | None:
    return row.name_ar.replace("ة", "ه") if "ة" in row.name_ar else None


def yaa(rng: Random, row: RegisterRow) -> str | None:
    words = [w[:-1] + {"ي": "ى", "ى": "ي"}.get(w[-1], w[-1]) for w in _words(row.name_ar)]
    return " ".join(words)


def tatweel(rng: Random, row: RegisterRow) -> str | None:
    return _changed(rng, row.name_ar, 4, lambda w: w[:-2] + "ـ" * rng.randint(1, 4) + w[-2:])


def vowels(rng: Random, row: RegisterRow) -> str | None:
    return "".join(c + (rng.choice(VOWELS) if c.isalpha() and rng.random() < 0.5 else "") for c in row.name_ar)


def article(rng: Random, row: RegisterRow) -> str | None:
    """The article left out, or another one before it."""
    if " ال" not in row.name_ar:
        return None
    return row.name_ar.replace(" ال", rng.choice((" ", " ", " وال", " بال")))


def place_prefix(rng: Random, row: RegisterRow) -> str | None:
    return f"{row.name_ar} {rng.choice(('ضاحية', 'مدينة', 'منطقة'))} {row.area.name_ar}" if len(row.area.name_ar) < 14 else None


def digits(rng: Random, row: RegisterRow) -> str | None:
    table = rng.choice(("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"))
    text = "".join(table[int(c)] if c in "0123456789" else c for c in row.name_ar)
    return text if text != row.name_ar else None


def joined(rng: Random, row: RegisterRow) -> str | None:
    """Compound names apart or together."""
    for apart, together in (("عبد ", "عبد"), ("أبو ", "أبو"), ("أم ", "أم")):
        if apart in row.name_ar:
            return row.name_ar.replace(apart, together)
        if f" {together}" in row.name_ar and len(together) > 2:
            return row.name_ar.replace(f" {together}", f" {apart}")
    return None


def latin_marks(rng: Random, row: RegisterRow) -> str | None:
    """The article with or without its hyphen, and capitals."""
    if row.english != "spelled" or "Al-" not in row.name_en:
        return None
    text = row.name_en.replace("Al-", rng.choice(("Al ", "al", "", "el-", "AL-")))
    return text.upper() if rng.random() < 0.5 else text.lower()


# --- Scripts -----------------------------------------------------------------------------------------------------------------


def respelled(rng: Random, text: str) -> str:
    """Another Latin spelling of the same sounds, by one or two usual exchanges."""
    text = text.lower()
    for _ in range(rng.choice((1, 1, 2))):
        fitting = [(a, b) for a, b in LATIN if a in text[1:] and "'" not in b]
        if fitting:
            a, b = rng.choice(fitting)
            at = text.index(a, 1)
            text = text[:at] + b + text[at + len(a) :]
    return text


def latin_of_arabic(rng: Random, row: RegisterRow) -> str | None:
    """The brand in Latin letters behind the Arabic trade, of a shop whose English name is none or a translation."""
    translated = (*(en for _, en in names().tails.values), row.area.name_en.partition(" (")[0])
    if row.english == "spelled" or any(words in row.spelled for words in translated):
        return None
    return f"{_words(row.name_ar)[0]} {respelled(rng, row.spelled)}"


def latin_respelled(rng: Random, row: RegisterRow) -> str | None:
    """The English name in another spelling."""
    if row.english != "spelled":
        return None
    trade = row.name_en.removeprefix(row.spelled).strip()
    return f"{respelled(rng, row.spelled)} {trade}"


def arabic_of_latin(rng: Random, row: RegisterRow) -> str | None:
    """The brand heard and written in Arabic letters."""
    if row.english != "spelled":
        return None
    heard = []
    for word in _words(row.spelled.lower().replace("al-", "al ").replace("el-", "al ")):
        if word == "al":
            continue
        text, at = "", 0
        while at < len(word):
            found = next(((a, b) for a, b in TO_ARABIC if word.startswith(a, at)), None)
            if found is None:
                text, at = text + word[at], at + 1
                continue
            a, b = found
            inside = 0 < at < len(word) - 1
            text += "" if a == "a" and inside and rng.random() < 0.5 else b
            at += len(a)
        heard.append(text)
    trade = row.name_ar.split()[0]
    return f"{trade} {' '.join(heard)}"


# --- Typing errors -----------------------------------------------------------------------------------------------------------


def _letters(word: str) -> str:
    return "".join(KEYS_AR) if any("\u0600" <= c <= "\u06ff" for c in word) else "".join(KEYS_EN)


def _inside(rng: Random, word: str) -> int:
    start = 2 if word.startswith("ال") else 0
    return rng.randrange(start, len(word))


def insert(rng: Random, word: str) -> str:
    at = _inside(rng, word)
    return word[:at] + rng.choice(_letters(word)) + word[at:]


def delete(rng: Random, word: str) -> str:
    at = _inside(rng, word)
    return word[:at] + word[at + 1 :]


def substitute(rng: Random, word: str) -> str:
    at = _inside(rng, word)
    return word[:at] + rng.choice(_letters(word)) + word[at + 1 :]


def transpose(rng: Random, word: str) -> str:
    at = min(_inside(rng, word), len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def neighbour(rng: Random, word: str) -> str | None:
    """One letter by the key beside it."""
    at = _inside(rng, word)
    for keys in (*KEYS_AR, *KEYS_EN):
        place = keys.find(word[at].lower())
        if place >= 0:
            beside = [keys[n] for n in (place - 1, place + 1) if 0 <= n < len(keys)]
            return word[:at] + rng.choice(beside) + word[at + 1 :]
    return None


def _typed(change: Callable[[Random, str], str | None], latin: bool) -> Mutation:
    def mutation(rng: Random, row: RegisterRow) -> str | None:
        text = row.name_en.lower() if latin else row.name_ar
        return _changed(rng, text, 5, lambda word: change(rng, word)) if text else None

    return mutation


# --- Order, parts, numbers ---------------------------------------------------------------------------------------------------


def order(rng: Random, row: RegisterRow) -> str | None:
    text = rng.choice([t for t in (row.name_ar, row.name_en) if t])
    words = _words(text)
    rng.shuffle(words)
    return " ".join(words) if words != _words(text) else None


def last_cut(rng: Random, row: RegisterRow) -> str | None:
    """As far as somebody has typed."""
    text = rng.choice([t for t in (row.name_ar, row.name_en) if t])
    last = _words(text)[-1].removeprefix("ال")
    return text[: -rng.randint(1, len(last) - 4)] if len(last) >= 5 else None


def words_cut(rng: Random, row: RegisterRow) -> str | None:
    """Beginnings of words."""
    text = rng.choice([t for t in (row.name_ar, row.name_en) if t])
    words = [w[: -rng.randint(1, 2)] if len(w.removeprefix("ال").removeprefix("Al-")) >= 6 else w for w in _words(text)]
    return " ".join(words) if words != _words(text) else None


def with_area(rng: Random, row: RegisterRow) -> str | None:
    """Name and area, in the language of either."""
    return f"{row.name_ar} {row.area.name_ar}" if rng.random() < 0.6 or not row.name_en else f"{row.name_en} {row.area.name_en}"


def licence(rng: Random, row: RegisterRow) -> str | None:
    return row.commercial_license_no[: rng.randint(7, 12)]


def registration(rng: Random, row: RegisterRow) -> str | None:
    return row.commercial_registration_no


def paci(rng: Random, row: RegisterRow) -> str | None:
    text = row.paci_number[: rng.randint(7, 8)]
    return "".join("٠١٢٣٤٥٦٧٨٩"[int(c)] for c in text) if rng.random() < 0.5 else text


EDITS = {"insert": insert, "delete": delete, "substitute": substitute, "transpose": transpose, "neighbour": neighbour}
MUTATIONS: dict[str, Mutation] = {
    "fold hamza": hamza,
    "fold taa": taa,
    "fold yaa": yaa,
    "fold tatweel": tatweel,
    "fold vowels": vowels,
    "fold article": article,
    "fold place prefix": place_prefix,
    "fold digits": digits,
    "fold joined": joined,
    "fold Latin marks": latin_marks,
    "Latin of Arabic": latin_of_arabic,
    "Latin respelled": latin_respelled,
    "Arabic of Latin": arabic_of_latin,
    **{
        f"typed {name} {'Latin' if latin else 'Arabic'}": _typed(change, latin) for name, change in EDITS.items() for latin in (False, True)
    },
    "word order": order,
    "last word cut": last_cut,
    "words cut": words_cut,
    "with area": with_area,
    "number licence": licence,
    "number registration": registration,
    "number PACI": paci,
}


def judged_register(n: int) -> Iterator[RegisterRow]:
    """The register that the queries are judged in; its first REGISTER shops are the same for every `n`."""
    return register(n, SHOPS)


def queries(seed: str, of_a_class: int = OF_A_CLASS) -> list[Query]:
    """The queries of a seed, `of_a_class` of each class."""
    rows = list(judged_register(REGISTER))
    found: list[Query] = []
    for kind, mutation in MUTATIONS.items():
        rng = seeded(f"{seed}:{kind}")
        made = 0
        while made < of_a_class:
            row = rng.choice(rows)
            text = mutation(rng, row)
            if text and text not in (row.name_ar, row.name_en):
                found.append(Query(kind, text, row.number))
                made += 1
    return found


def main(seed: str) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("kind", "text", "number"))
    out.writerows((query.kind, query.text, query.number) for query in queries(seed))


if __name__ == "__main__":
    main(sys.argv[1])

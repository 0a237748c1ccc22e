"""Rows of a large, reproducible register for `sandbox.demo.benchmarks` and the measurements of the search.

Few words make most names, with a long tail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

from municipality.places.seeds import AreaRow, read_areas
from sandbox.demo import land
from sandbox.demo.seeds import Weighted, public_id, seeded, skewed
from sandbox.demo.shops.rows import read_table, tables

# Article in English names → weight.
ARTICLES = (("Al-", 60), ("Al ", 22), ("Al", 8), ("El-", 5), ("", 5))
# Variants of Latin spellings.
SPELLINGS = (("ee", "i"), ("ou", "oo"), ("ou", "u"), ("th", "dh"), ("kh", "7"), ("q", "g"), ("aa", "a"), ("ei", "ai"), ("u", "o"))
PATTERNS = ("word", "head", "person", "foreign", "company", "numbered", "area")
PATTERN_WEIGHTS = (30, 22, 12, 20, 8, 4, 4)
ENGLISH = (("spelled", 80), ("translated", 14), ("none", 6))


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One shop. `english` is the kind of its English name: spelled, translated or none; `spelled` is the brand in Latin letters."""

    number: int
    public_id: str
    name_ar: str
    name_en: str
    english: str
    spelled: str
    activity: str
    area: AreaRow
    block: str
    street: str
    building: str
    plot: str
    floor: str
    unit: str
    paci_number: str
    commercial_license_no: str
    commercial_registration_no: str
    commercial_license_days: int  # until its end; below nought when it has ended
    closed_days: int  # since it closed; nought while it is open
    latitude: float  # WGS 84
    longitude: float


@dataclass(frozen=True)
class Names:
    """The vocabulary of names."""

    words: Weighted[tuple[str, str, str]]  # Arabic, spelled in Latin letters, meaning
    heads: Weighted[tuple[str, str, str]]
    firsts: Weighted[tuple[str, str]]
    tails: Weighted[tuple[str, str]]
    parts: list[tuple[str, str]]


@cache
def names() -> Names:
    """The lists, read once."""
    rows = read_table("names.csv")

    def of(kind: str) -> list[tuple[str, str, str]]:
        return [(row["name_ar"], row["name_en"], row["meaning"]) for row in rows if row["kind"] == kind]

    return Names(
        words=skewed(of("word")),
        heads=skewed(of("head")),
        firsts=skewed([(ar, en) for ar, en, _ in of("first")]),
        tails=skewed([(ar, en) for ar, en, _ in of("tail")]),
        parts=[(ar, en) for ar, en, _ in of("part")],
    )


def _article(rng: Random, latin: str) -> str:
    if not latin.startswith("Al-"):
        return latin
    return rng.choices([word for word, _ in ARTICLES], [weight for _, weight in ARTICLES])[0] + latin[3:]


def _respelled(rng: Random, latin: str) -> str:
    """Sometimes another usual Latin spelling of a word."""
    if rng.random() < 0.85:
        return latin
    matching = [(a, b) for a, b in SPELLINGS if a in latin and b != "7"]
    return latin.replace(*rng.choice(matching), 1) if matching else latin


def foreign(rng: Random) -> tuple[str, str]:
    """A random foreign brand of two or three syllables, in both scripts."""
    # The first parts are more frequent: some brands are chains.
    parts = [names().parts[int(len(names().parts) * rng.random() ** 1.3)] for _ in range(rng.choice((2, 2, 3)))]
    return "".join(ar for ar, _ in parts), "".join(en for _, en in parts).capitalize()


def brand(rng: Random, area: AreaRow) -> tuple[str, str, str]:
    """Arabic name, spelled English name, and English translation ("" where a word has none)."""
    vocabulary = names()
    word_ar, word_en, meaning = vocabulary.words.draw(rng)
    word_en = _respelled(rng, _article(rng, word_en))
    kind = rng.choices(PATTERNS, PATTERN_WEIGHTS)[0]
    if kind == "head":
        head_ar, head_en, head_meaning = vocabulary.heads.draw(rng)
        return f"{head_ar} {word_ar}", f"{_respelled(rng, head_en)} {word_en}", f"{head_meaning} {meaning}" if meaning else ""
    if kind == "person":
        first_ar, first_en = vocabulary.firsts.draw(rng)
        first_en = _respelled(rng, first_en)
        if rng.random() < 0.3:
            return f"أبو {first_ar}", f"Abu {first_en}", ""
        return f"{first_ar} {word_ar}", f"{first_en} {word_en}", ""
    if kind == "foreign":
        return (*foreign(rng), "")
    if kind == "company":
        tail_ar, tail_en = vocabulary.tails.draw(rng)
        return f"{word_ar} {tail_ar}", f"{word_en} {tail_en}", f"{meaning} {tail_en}" if meaning else ""
    if kind == "numbered":
        number = rng.randint(2, 9)
        return f"{word_ar} {number}", f"{word_en} {number}", f"{meaning} {number}" if meaning else ""
    if kind == "area":
        head_ar, head_en, head_meaning = vocabulary.heads.draw(rng)
        place = area.name_en.partition(" (")[0]
        return f"{head_ar} {area.name_ar}", f"{head_en} {place}", f"{head_meaning} {place}"
    return word_ar, word_en, meaning


@cache
def _places() -> dict[str, tuple[float, float]]:
    """For areas without coordinates: the area of each governorate that lies nearest to the middle of those that have some."""
    known: dict[str, list[tuple[float, float]]] = {}
    for area in read_areas():
        if area.latitude and area.longitude:
            known.setdefault(area.governorate, []).append((area.latitude, area.longitude))
    return {code: _middle(found) for code, found in known.items()}


def _middle(points: list[tuple[float, float]]) -> tuple[float, float]:
    latitude, longitude = (sum(values) / len(points) for values in zip(*points, strict=True))
    return min(points, key=lambda point: math.dist(point, (latitude, longitude)))


@cache
def _area_points() -> dict[tuple[str, str], tuple[float, float]]:
    return {(area.governorate, area.name_ar): _place(area) for area in read_areas()}


def _place(area: AreaRow) -> tuple[float, float]:
    if area.latitude and area.longitude:
        return area.latitude, area.longitude
    return _places().get(area.governorate, (29.31, 47.98))


def point_near(governorate: str, area_ar: str, rng: Random) -> tuple[float, float]:
    """A random point (latitude, longitude; WGS 84) some hundred metres around an area."""
    latitude, longitude = _area_points()[governorate, area_ar]
    return land.near(latitude, longitude, rng.gauss(0, 0.006), rng.gauss(0, 0.006))


def register(n: int, seed: int | str = "register", *, start: int = 0) -> Iterator[RegisterRow]:
    """`n` shops; `start` continues the numbers of licences and addresses. At most 89,999,999 have addresses of their own."""
    rng, values = seeded(f"{seed}:{start}"), tables()
    for number in range(start, start + n):
        area = values.areas.draw(rng)
        activity, trade_ar, trade_en = values.trades.draw(rng)
        brand_ar, brand_en, meaning = brand(rng, area)
        english = rng.choices([kind for kind, _ in ENGLISH], [weight for _, weight in ENGLISH])[0]
        if english == "translated" and not meaning:
            english = "spelled"
        name_en = {"spelled": f"{brand_en} {trade_en}", "translated": f"{meaning} {trade_en}", "none": ""}[english]
        on_plot = rng.random() < 0.25
        plot = f"{rng.randint(1, 90)}{rng.choice(('', '', '', 'A', 'B'))}" if on_plot else ""
        yield RegisterRow(
            number=number,
            public_id=public_id(rng),
            name_ar=f"{trade_ar} {brand_ar}",
            name_en=name_en,
            english=english,
            spelled=brand_en,
            activity=activity,
            area=area,
            block=str(rng.randint(1, 12)),
            street=str(rng.randint(1, 120)),
            building="" if on_plot else str(rng.randint(1, 180)),
            plot=plot,
            floor=str(rng.randint(1, 4)) if rng.random() < 0.3 else "",
            unit=str(rng.randint(1, 48)) if rng.random() < 0.7 else "",
            paci_number=f"{10_000_000 + number * 48_271 % 89_999_999}",
            commercial_license_no=f"{number * 7_919 % 10_000_019:07d}/{2012 + number % 14}",
            commercial_registration_no=f"{200_000 + number * 31 % 9_999_991}",
            commercial_license_days=-rng.randint(1, 300) if rng.random() < 0.03 else rng.randint(70, 1400),
            closed_days=rng.randint(1, 900) if rng.random() < 0.05 else 0,
            latitude=(point := land.near(*_place(area), rng.gauss(0, 0.006), rng.gauss(0, 0.006)))[0],
            longitude=point[1],
        )

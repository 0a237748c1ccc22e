"""Reproducible random shops without a database, for the demo and the benchmarks; names and areas have skewed weights."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from municipality.places.seeds import AreaRow, read_areas
from sandbox.demo.seeds import Weighted, public_id, seeded, skewed, weighted

DATA = Path(__file__).parent / "data"
FOOD = frozenset({"REST", "CAFE", "BAKE", "SWEE", "JUIC", "GROC", "SUPM", "BUTC", "FISH", "VEGE", "ROAS", "CATR"})
ELSEWHERE = FOOD | {"PHRM"}  # licensed by other bodies
# Weights of areas with many shops; any other built-up area has 2, and areas with EMPTY_WORDS have no shops.
BUSY = {
    "السالمية": 90, "حولي": 80, "الفروانية": 70, "خيطان": 50, "جليب الشيوخ": 48, "الفحيحيل": 60, "المنقف": 34, "المهبولة": 30,
    "الجهراء": 44, "الشويخ الصناعية": 52, "الري": 40, "شرق": 36, "القبلة": 34, "المرقاب": 26, "المباركية": 30, "أبو حليفة": 20,
    "الفنطاس": 14, "صباح السالم": 24, "القرين": 20, "العقيلة": 16, "الضجيج": 16, "العارضية الحرفية": 18, "الجابرية": 22,
    "الرقعي": 14, "سلوى": 14, "مبارك الكبير": 12, "الصباحية": 10, "سعد العبدالله": 12, "الجهراء الصناعية الحرفية": 18,
    "غرب أبو فطيرة الحرفية": 14, "بيان": 8, "مشرف": 8, "العارضية": 10, "الأحمدي": 12, "الصليبية": 8, "بنيد القار": 10,
}  # fmt: skip
EMPTY_WORDS = ("جزيرة", "شاليهات", "معسكرات", "مصفاة", "ميناء", "مزارع", "جواخير", "مخازن", "الزراعية", "رجم", "الواجهة", "الجامعية")
EMPTY_AREAS = frozenset({
    "بر الأحمدي", "بر الجهراء", "المطار", "العارضية حكومي", "الشويخ التعليمية", "الشويخ الصحية", "منطقة الوزارات", "المقوع", "كاظمة",
    "بحرة", "الشقايا", "السالمي", "الصبية", "الروضتين", "أم العيش", "البحيث", "صيهد العوازم", "كبد", "العبدلي", "النويصيب",
    "منخفضة التكاليف", "الشدادية", "الشدادية الصناعية", "الجليعة", "الزور", "بنيدر", "المطلاع", "جنوب أمغرة",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShopRow:
    """One shop. Days are relative to today."""

    public_id: str
    name_ar: str
    name_en: str
    activity: str
    governorate: str  # also the code of the branch
    area_ar: str
    block: str
    street: str
    building: str
    plot: str
    floor: str
    unit: str
    paci_number: str
    commercial_license_no: str
    commercial_license_days: int  # until its end; below nought when it has ended
    facts_days: int  # since the register was last asked


@dataclass(frozen=True)
class Tables:
    """Weighted values of rows."""

    trades: Weighted[tuple[str, str, str]]  # code, Arabic, English
    words: Weighted[tuple[str, str]]
    heads: Weighted[tuple[str, str]]
    areas: Weighted[AreaRow]


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of a file in `data/`."""
    with (DATA / name).open(encoding="utf8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def tables() -> Tables:
    """The tables, read once."""
    brands = read_table("brands.csv")
    built_up = [area for area in read_areas() if area.name_ar not in EMPTY_AREAS and not any(word in area.name_ar for word in EMPTY_WORDS)]
    return Tables(
        trades=weighted([((row["code"], row["name_ar"], row["name_en"]), float(row["weight"])) for row in read_table("trades.csv")]),
        words=skewed([(row["name_ar"], row["name_en"]) for row in brands if row["kind"] == "word"]),
        heads=skewed([(row["name_ar"], row["name_en"]) for row in brands if row["kind"] == "head"]),
        areas=weighted([(area, float(BUSY.get(area.name_ar, 2))) for area in built_up]),
    )


def brand(rng: Random, area: AreaRow | None = None) -> tuple[str, str]:
    """An Arabic and an English name: "لمسة الياسمين", "Lamsat Al-Yasmin"."""
    values = tables()
    (word_ar, word_en), kind = values.words.draw(rng), rng.random()
    if kind < 0.5:
        return word_ar, word_en
    head_ar, head_en = values.heads.draw(rng)
    if kind < 0.85 or area is None:
        return f"{head_ar} {word_ar}", f"{head_en} {word_en}"
    if kind < 0.95:
        return f"{head_ar} {area.name_ar}", f"{head_en} {area.name_en.partition(' (')[0]}"
    number = rng.randint(2, 5)
    return f"{word_ar} {number}", f"{word_en} {number}"


def commercial_license_no(n: int) -> str:
    """A unique number for each n below 1,000,003; the official format is not published."""
    return f"{n * 7919 % 1_000_003:06d}/{2012 + n % 14}"


def shops(n: int, seed: int | str = "shops", *, start: int = 0) -> Iterator[ShopRow]:
    """`n` shops. `start` continues the numbers of licences and addresses of an earlier run."""
    rng, values = seeded(f"{seed}:{start}"), tables()
    for number in range(start, start + n):
        area = values.areas.draw(rng)
        activity, trade_ar, trade_en = values.trades.draw(rng)
        brand_ar, brand_en = brand(rng, area)
        on_plot = rng.random() < 0.25
        plot = f"{rng.randint(1, 90)}{rng.choice(('', '', '', 'A', 'B'))}" if on_plot else ""
        yield ShopRow(
            public_id=public_id(rng),
            name_ar=f"{trade_ar} {brand_ar}",
            name_en=f"{brand_en} {trade_en}",
            activity=activity,
            governorate=area.governorate,
            area_ar=area.name_ar,
            block=str(rng.randint(1, 12)),
            street=str(rng.randint(1, 120)),
            building="" if on_plot else str(rng.randint(1, 180)),
            plot=plot,
            floor=str(rng.randint(1, 4)) if rng.random() < 0.3 else "",
            unit=str(rng.randint(1, 48)) if rng.random() < 0.7 else "",
            paci_number=f"{10_000_000 + number * 48_271 % 89_999_999}",
            commercial_license_no=commercial_license_no(number),
            commercial_license_days=-rng.randint(1, 300) if rng.random() < 0.03 else rng.randint(70, 1400),
            facts_days=rng.randint(0, 20),
        )

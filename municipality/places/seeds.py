"""Governorates (ISO 3166-2:KW), municipal branches and areas, from `data/areas.csv`."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from municipality.kernel.arabic import fold
from municipality.places.models import Area, Branch, Governorate

AREAS = Path(__file__).parent / "data" / "areas.csv"
# code: (Arabic, English); the ISO code is `KW-` and the code. Each has one municipal branch.
GOVERNORATES = {
    "KU": ("العاصمة", "Capital"),
    "HA": ("حولي", "Hawalli"),
    "FA": ("الفروانية", "Farwaniya"),
    "AH": ("الأحمدي", "Ahmadi"),
    "JA": ("الجهراء", "Jahra"),
    "MU": ("مبارك الكبير", "Mubarak Al-Kabeer"),
}


@dataclass(frozen=True)
class AreaRow:
    """One line of the file. `doubt` tells how certain its governorate is: empty (certain), disputed, assigned or uncertain."""

    governorate: str
    name_ar: str
    name_en: str
    latitude: float | None  # WGS 84
    longitude: float | None
    source: str
    doubt: str
    note: str


def read_areas(path: Path = AREAS) -> list[AreaRow]:
    """The areas of a file in its order. Raises ValueError for an unknown governorate, a missing name or a repeated area."""
    with path.open(encoding="utf8", newline="") as lines:
        rows = [
            AreaRow(
                governorate=line["governorate"],
                name_ar=line["name_ar"].strip(),
                name_en=line["name_en"].strip(),
                latitude=float(line["latitude"]) if line["latitude"] else None,
                longitude=float(line["longitude"]) if line["longitude"] else None,
                source=line["source"],
                doubt=line["doubt"],
                note=line["note"],
            )
            for line in csv.DictReader(lines)
        ]
    for row in rows:
        if row.governorate not in GOVERNORATES:
            raise ValueError(f"unknown governorate {row.governorate!r} of {row.name_en}")
        if not row.name_ar or not row.name_en:
            raise ValueError(f"an area of {row.governorate} has no name in one of the languages")
    repeated = [key for key, count in Counter((row.governorate, fold(row.name_ar)) for row in rows).items() if count > 1]
    if repeated:
        raise ValueError(f"areas given twice: {repeated}")
    return rows


@transaction.atomic
def load_places(path: Path = AREAS) -> dict[str, int]:
    """Insert or update governorates, branches and areas, each by one statement. Returns how many of each.

    Rows are matched by code, areas by governorate and Arabic name; nothing is deleted, since addresses refer to it. Raises ValueError
    for an invalid file, before anything is written.
    """
    rows = read_areas(path)
    governorates = [Governorate(code=code, iso=f"KW-{code}", name_ar=ar, name_en=en) for code, (ar, en) in GOVERNORATES.items()]
    Governorate.objects.bulk_create(
        governorates, update_conflicts=True, unique_fields=["code"], update_fields=["iso", "name_ar", "name_en"]
    )
    branches = [
        Branch(code=code, governorate_id=code, name_ar=f"فرع بلدية محافظة {ar}", name_en=f"{en} municipal branch")
        for code, (ar, en) in GOVERNORATES.items()
    ]
    Branch.objects.bulk_create(branches, update_conflicts=True, unique_fields=["code"], update_fields=["governorate", "name_ar", "name_en"])
    areas = [
        Area(
            governorate_id=row.governorate,
            name_ar=row.name_ar,
            name_en=row.name_en,
            folded=fold(row.name_ar),
            latitude=row.latitude,
            longitude=row.longitude,
        )
        for row in rows
    ]
    Area.objects.bulk_create(
        areas,
        update_conflicts=True,
        unique_fields=["governorate", "name_ar"],
        update_fields=["name_en", "folded", "latitude", "longitude"],
    )
    return {"governorates": len(governorates), "branches": len(branches), "areas": len(areas)}

"""Sheets of the register for tests and measurements, as bytes."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping
from typing import Any

from municipality.kernel import clock
from sandbox.demo.shops.large_register import RegisterRow
from shops.imports.columns import COLUMNS

GOOD: dict[str, Any] = {
    "commercial_license_no": "900001/2020",
    "name_ar": "صالون لمسة البحر",
    "name_en": "Lamsat Al-Bahar Salon",
    "activity": "WSAL",
    "governorate": "HA",
    "area": "السالمية",
    "block": "4",
    "street": "12",
    "building": "30",
    "paci_number": "10220001",
    "commercial_license_end": "2027-05-31",
    "commercial_registration_no": "88001",
    "holder_ar": "شركة البحر",
}
_EASTERN = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def sheet(*rows: Mapping[str, Any], separator: str = ";", columns: Iterable[str] | None = None, eastern: bool = False) -> bytes:
    """Each row is the good one with changes; a first line names the columns. `eastern` writes Arabic-Indic digits."""
    named = list(columns) if columns is not None else list(dict.fromkeys([*GOOD, *(name for row in rows for name in row)]))
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=separator, lineterminator="\r\n")
    writer.writerow(named)
    for row in rows:
        whole = GOOD | dict(row)
        cells = [str(whole.get(column, "")) for column in named]
        writer.writerow([cell.translate(_EASTERN) if eastern else cell for cell in cells])
    return lines.getvalue().encode("utf-8-sig")


def cells_of(row: RegisterRow, today: dt.date) -> dict[str, Any]:
    """One shop of the made-up register as a line of a sheet."""
    state = {"state": "closed", "state_on": today - dt.timedelta(days=row.closed_days)} if row.closed_days else {}
    return {
        "commercial_license_no": row.commercial_license_no,
        "name_ar": row.name_ar,
        "name_en": row.name_en,
        "activity": row.activity,
        "governorate": row.area.governorate,
        "area": row.area.name_ar,
        **{name: getattr(row, name) for name in ("block", "street", "building", "plot", "floor", "unit", "paci_number")},
        "commercial_license_end": today + dt.timedelta(days=row.commercial_license_days),
        "commercial_registration_no": row.commercial_registration_no,
        "holder_ar": f"مؤسسة {row.commercial_registration_no}",
        "latitude": row.latitude,
        "longitude": row.longitude,
        "opened_on": today - dt.timedelta(days=1000 + row.number % 3000),
        **state,
    }


def large(rows: Iterable[RegisterRow], *, next_year: bool = False) -> bytes:
    """A whole register as a sheet. `next_year`: the same a year later: most licences renewed, each tenth shop renamed or moved, each
    hundredth closed or of another activity, each thousandth line with an error."""
    today = clock.today()
    lines = io.StringIO()
    writer = csv.DictWriter(lines, [name for name in COLUMNS if name not in ("public_id", "area_m2", "holder_en")], lineterminator="\r\n")
    writer.writeheader()
    for number, row in enumerate(rows):
        cells = cells_of(row, today)
        if next_year:
            if number % 10 < 6:
                cells["commercial_license_end"] += dt.timedelta(days=365)
            if number % 10 == 7:
                cells["name_ar"] = f"{cells['name_ar']} الجديد"
            if number % 20 == 8:
                cells |= {"block": f"{number % 12 + 1}A", "street": str(number % 90 + 1)}
            if number % 100 == 50:
                cells |= {"state": "closed", "state_on": today}
            if number % 100 == 51:
                cells["activity"] = "BARB" if cells["activity"] != "BARB" else "WSAL"
            if number % 1000 == 999:
                cells["paci_number"] = "123"
        writer.writerow(cells)
    return lines.getvalue().encode("utf-8-sig")

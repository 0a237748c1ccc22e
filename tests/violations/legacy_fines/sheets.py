"""Sheets of paper fines for tests, as bytes in the encodings and shapes that offices send."""

from __future__ import annotations

import csv
import io
from typing import Any

from municipality.kernel.civil_id import check_digit

CIVIL_ID = f"29001010003{check_digit('29001010003')}"
GOOD: dict[str, Any] = {
    "paper_no": "1001/2025",
    "date": "2026-08-02",
    "offence": "CLN-03",
    "civil_id": "",
    "licence_no": "2020/000001",
    "amount": "100.000",
    "state": "open",
    "served_on": "2026-11-20",
    "pay_by": "",
    "offence_text": "",
    "article": "",
    "ruling_no": "",
    "ruled_on": "",
    "area": "",
    "branch": "HA",
    "party_name": "",
    "note": "",
}


def text(*rows: dict[str, Any], separator: str = ";", columns: list[str] | None = None) -> str:
    """A sheet with a first line; each row is the good one with changes."""
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=separator, lineterminator="\r\n")
    named = columns or list(GOOD)
    writer.writerow(named)
    for row in rows:
        whole = GOOD | row
        writer.writerow([whole[column] for column in GOOD])
    return lines.getvalue()


def sheet(*rows: dict[str, Any], encoding: str = "utf-8", **more: Any) -> bytes:
    return text(*rows, **more).encode(encoding)

"""Importing the owners of licences from CSV: civil numbers, saved as keyed hashes only, or numbers of organisations."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from municipality.accounts import civil_ids
from municipality.audit.services import record
from municipality.kernel import civil_id, clock, digits
from municipality.kernel.actors import system
from shops.models import RegisteredOwner

COLUMNS = ("commercial_license_no", "civil_id")
ORGANISATION = "commercial_register_no"  # an optional third column


@dataclass
class OwnersImport:
    """How many owners were written, and the line numbers (from 2) that were skipped because of a missing or wrong number."""

    written: int = 0
    skipped: list[int] = field(default_factory=list)


@transaction.atomic
def import_owners(lines: Iterable[str]) -> OwnersImport:
    """Create or update owners from CSV with the columns `COLUMNS` and optionally `ORGANISATION`; other licences keep their owner. A
    row names a person or an organisation, not both.

    No civil number is saved or logged. Raises ValueError for other columns.
    """
    rows = csv.DictReader(lines)
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise ValueError(f"the file needs the columns {', '.join(COLUMNS)}")
    result, now = OwnersImport(), clock.now()
    for line, row in enumerate(rows, start=2):
        number = "".join(digits.clean(row["commercial_license_no"] or "").split()).upper()
        owner = _owner(row)
        if owner is None or not number or len(number) > 20:
            result.skipped.append(line)
            continue
        RegisteredOwner.objects.update_or_create(commercial_license_no=number, defaults={**owner, "source": "moci", "as_of": now})
        result.written += 1
    data = {"written": result.written, "left_out": len(result.skipped)}
    record("register.taken_in", subject="register:owners", actor=system("shops"), data=data)
    return result


def _owner(row: dict[str, str]) -> dict[str, str] | None:
    """The owner of a row; None if it names nobody, both, or a wrong number."""
    organisation = "".join(digits.clean(row.get(ORGANISATION) or "").split()).upper()
    if organisation:
        return None if (row["civil_id"] or "").strip() or len(organisation) > 20 else {"owner_digest": "", "organisation_no": organisation}
    try:
        return {"owner_digest": civil_ids.digest(civil_id.parse(row["civil_id"] or "")), "organisation_no": ""}
    except civil_id.InvalidCivilId:
        return None

"""Taking in what the commercial register says about owners: numbers of licences with civil numbers, kept as keyed hashes only, or with
the numbers of organisations."""

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
ORGANISATION = "commercial_register_no"  # a third column, where organisations own licences too


@dataclass
class Taken:
    """How many owners were written, and the lines (from 2) that were left out because a number is missing or wrong."""

    written: int = 0
    wrong: list[int] = field(default_factory=list)


@transaction.atomic
def take_in(lines: Iterable[str], *, source: str = "moci") -> Taken:
    """Write or renew owners from CSV with the columns of `COLUMNS`, and `ORGANISATION` if it is there; a licence that the file lacks
    keeps its owner. A line names a person or an organisation, not both.

    No civil number is kept or named. Raises ValueError for other columns.
    """
    rows = csv.DictReader(lines)
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise ValueError(f"the file needs the columns {', '.join(COLUMNS)}")
    taken, now = Taken(), clock.now()
    for line, row in enumerate(rows, start=2):
        number = "".join(digits.clean(row["commercial_license_no"] or "").split()).upper()
        owner = _owner(row)
        if owner is None or not number or len(number) > 20:
            taken.wrong.append(line)
            continue
        RegisteredOwner.objects.update_or_create(commercial_license_no=number, defaults={**owner, "source": source, "as_of": now})
        taken.written += 1
    data = {"written": taken.written, "left_out": len(taken.wrong)}
    record("register.taken_in", subject="register:owners", actor=system("shops"), data=data)
    return taken


def _owner(row: dict[str, str]) -> dict[str, str] | None:
    """Who owns the licence of a line; None where it names nobody, both, or a wrong number."""
    organisation = "".join(digits.clean(row.get(ORGANISATION) or "").split()).upper()
    if organisation:
        return None if (row["civil_id"] or "").strip() or len(organisation) > 20 else {"owner_digest": "", "organisation_no": organisation}
    try:
        return {"owner_digest": civil_ids.digest(civil_id.parse(row["civil_id"] or "")), "organisation_no": ""}
    except civil_id.InvalidCivilId:
        return None

"""What must hold of the record and of the guards."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from municipality.audit import queries
from municipality.kernel import guards


def findings() -> Iterator[str]:
    """Chain faults, acts that stay unnumbered, numbers that were invented, guards that the database lost."""
    for fault in queries.faults():
        yield f"row {fault.number}: {fault.what}"
    stale = queries.overdue().count()
    if stale:
        yield f"{stale} acts without a number after a minute"
    for table in queries.uncounted(*sorted({guard.table for guard in guards.GUARDS.values()})):
        yield f"{table} has a row whose number the database did not give"
    for name in sorted(guards.expected(connection) - guards.installed(connection)):
        yield f"guard {name} is missing"

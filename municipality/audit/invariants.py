"""Invariants of the audit log and of the guards."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from municipality.audit import queries
from municipality.kernel import guards


def findings() -> Iterator[str]:
    """Faults of the hash chain, events without a number, ids that the database did not assign, missing guards."""
    for fault in queries.faults():
        yield f"row {fault.number}: {fault.what}"
    if overdue := queries.overdue().count():
        yield f"{overdue} acts without a number after a minute"
    for table in queries.tables_with_invented_ids(*sorted({guard.table for guard in guards.GUARDS.values()})):
        yield f"{table} has a row whose number the database did not give"
    for name in sorted(guards.expected(connection) - guards.installed(connection)):
        yield f"guard {name} is missing"

"""Consecutive numbers of a series: `HLT-HW-2026-004217-K`."""

from __future__ import annotations

from django.db import connection

from municipality.documents.models import Counter
from municipality.kernel import ids

# Inserts or locks the row of the series, increments and returns it, in one statement; others wait for the end of the transaction.
_NEXT = (
    f"INSERT INTO {Counter._meta.db_table} (series, last) VALUES (%s, 1)"  # noqa: S608 - the table's own name
    f" ON CONFLICT (series) DO UPDATE SET last = {Counter._meta.db_table}.last + 1 RETURNING last"
)


def next_number(series: str) -> str:
    """The next number of a series with its check character, in the caller's transaction. A rollback returns the number."""
    if not connection.in_atomic_block:
        raise RuntimeError("a number is taken inside the transaction that uses it")
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [series])
        (number,) = cursor.fetchone()
    return ids.with_check(f"{series}-{number:06d}")

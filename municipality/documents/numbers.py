"""Readable numbers without duplicates: `HLT-HW-2026-004217-K`."""

from __future__ import annotations

from django.db import connection

from municipality.documents.models import Counter
from municipality.kernel import ids

# Makes or locks the row of the series, moves it and reads it, in one: whoever comes next waits for the end of this transaction.
_NEXT = (
    f"INSERT INTO {Counter._meta.db_table} (series, last) VALUES (%s, 1)"  # noqa: S608 - the table's own name
    f" ON CONFLICT (series) DO UPDATE SET last = {Counter._meta.db_table}.last + 1 RETURNING last"
)


def take(series: str, *, width: int = 6) -> str:
    """The next number of a series with its check character. Runs in the caller's transaction: a rollback gives the number back."""
    if not connection.in_atomic_block:
        raise RuntimeError("a number is taken inside the transaction that uses it")
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [series])
        (number,) = cursor.fetchone()
    return ids.with_check(f"{series}-{number:0{width}d}")

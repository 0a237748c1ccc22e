"""Empties the database after a test that commits.

Django's flush empties every table and is followed by the migrations' signal, which makes content types, permissions, roles, edges and
guards anew: some 4,000 statements. On PostgreSQL that is done once in a process. After later tests rows are deleted where there are any,
what the signal made stays or is copied back, and of the guards only those against deleting are switched off meanwhile. Where a test left
any guard away, all is made anew.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.test import TransactionTestCase

from municipality.kernel import guards
from tests.published_rules import full_tables, insert_rows, rows_of

_kept: dict[str, bytes] = {}


def empty(case: TransactionTestCase, flush: Callable[[TransactionTestCase], None]) -> None:
    """What a flush of Django's leaves, with every guard. `flush` is Django's own."""
    if _kept and guards.installed(connection) == guards.expected(connection):
        _delete()
        return
    guards.remove(connection)  # insert-only tables refuse a flush; the guards come back with the migrations' signal
    flush(case)
    if connection.vendor == "postgresql":
        _keep(full_tables())


def _keep(tables: list[str]) -> None:
    rows = {table: rows_of(table) for table in tables}
    _kept.clear()
    _kept.update(rows)


@transaction.atomic
def _delete() -> None:
    is_whole = all(rows_of(table) == rows for table, rows in _kept.items())
    full = [table for table in full_tables() if not (is_whole and table in _kept)]
    against = [(guard.table, guard.trigger) for guard in guards.GUARDS.values() if guard.event == "DELETE" and guard.table in full]
    off, on = ([f"ALTER TABLE {table} {how} TRIGGER {trigger}" for table, trigger in against] for how in ("DISABLE", "ENABLE ALWAYS"))
    deleted = [f"DELETE FROM {table}" for table in full]
    with connection.cursor() as cursor:
        cursor.execute("; ".join([*off, *deleted, "SET CONSTRAINTS ALL IMMEDIATE", *on, "SET CONSTRAINTS ALL DEFERRED"]))
    if not is_whole:
        insert_rows(_kept)
        _keep(list(_kept))  # they may lie in another order now

"""Empties the database after a test that commits.

Django's flush is followed by the migrations' signal, which makes content types, permissions, roles, edges and guards anew: some 4,000
statements. On PostgreSQL that is done once in a process. After later tests the same rows are copied into the emptied tables, and the guards
stay, of which only those against TRUNCATE are switched off meanwhile. Where a test left any guard away, all is made anew.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.test import TransactionTestCase

from municipality.kernel import guards
from tests.published_rules import insert_rows, rows_by_table

_kept: dict[str, bytes] = {}
_tables: list[str] = []


def empty(case: TransactionTestCase, flush: Callable[[TransactionTestCase], None]) -> None:
    """What a flush of Django's leaves, with every guard. `flush` is Django's own."""
    if _kept and guards.installed(connection) == guards.expected(connection):
        _truncate()
        return
    guards.remove(connection)  # insert-only tables refuse a flush; the guards come back with the migrations' signal
    flush(case)
    if connection.vendor == "postgresql":
        _tables[:] = connection.introspection.django_table_names(only_existing=True, include_views=False)
        _kept.clear()
        _kept.update(rows_by_table())


@transaction.atomic
def _truncate() -> None:
    names, present = {table: f"{guards.PREFIX}{table}_no_truncate" for table in _tables}, guards.expected(connection)
    switches = [(f"ALTER TABLE {table}", f"TRIGGER {name}") for table, name in names.items() if name in present]
    off, on = (";".join(f"{alter} {how} {trigger}" for alter, trigger in switches) for how in ("DISABLE", "ENABLE ALWAYS"))
    with connection.cursor() as cursor:
        cursor.execute(f"{off}; TRUNCATE {', '.join(_tables)}; {on}")
    insert_rows(_kept)

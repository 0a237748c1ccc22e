"""How a database is emptied after a test whose transactions really commit.

Django's flush empties every table, and the handlers of post_migrate then write permissions, roles, edges and guards anew: some 2,000
statements of DDL, seconds of PostgreSQL's time after each such test. Here only tables that hold something are emptied. What the handlers
write stays where it is as they left it; where a test has changed it, or a guard, or has written thousands of rows, the whole flush follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

from municipality.kernel import guards
from tests import live_requests

MANY = 2000  # rows of one table: each deleted row is looked for in all tables that may refer to it, while Django truncates
_flush = TransactionTestCase._fixture_teardown
_TRIGGERS = {
    "postgresql": "SELECT t.tgname, t.tgrelid::regclass::text, t.tgenabled::text, t.tgtype, md5(p.prosrc), p.proconfig FROM pg_trigger t"
    " JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal ORDER BY 1, 2",
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY 1",
}


@dataclass(frozen=True)
class Flushed:
    """A database after a flush: the rows of the tables that are not empty then, by key, and the triggers."""

    rows: dict[str, dict[Any, Any]]
    triggers: list[Any]


_flushed: dict[str, Flushed] = {}  # by the database's name


def empty(case: TransactionTestCase) -> None:
    """Take the place of `TransactionTestCase._fixture_teardown`."""
    from django.contrib.contenttypes.models import ContentType

    live_requests.wait_until_over()
    for alias in case._databases_names(include_mirrors=False):
        connection = connections[alias]
        name = str(connection.settings_dict["NAME"])
        before = _flushed.get(name)
        # A test of some apps alone, or with rows from migrations, is Django's.
        added = None if before is None or case.available_apps is not None or case.serialized_rollback else _added(connection, before)
        filled = _filled(connection)
        if before is not None and added is not None and max(filled.values(), default=0) < MANY:
            ContentType.objects.clear_cache()
            _delete(connection, {table: [] for table in filled if table not in before.rows} | added)
        else:
            _flush_whole(case)
            _flushed[name] = _state(connection, list(_filled(connection)))


def _added(connection: BaseDatabaseWrapper, before: Flushed) -> dict[str, list[Any]] | None:
    """The keys of rows that came into the tables that stay, or None where one of their rows, or a trigger, is not as before."""
    now = _state(connection, list(before.rows))
    if now.triggers != before.triggers:
        return None
    found: dict[str, list[Any]] = {}
    for table, rows in now.rows.items():
        added = [key for key in rows if key not in before.rows[table]]
        if {key: rows[key] for key in rows if key not in added} != before.rows[table]:
            return None
        if added:
            found[table] = added
    return found


def _flush_whole(case: TransactionTestCase) -> None:
    """Insert-only tables refuse a flush: the guards go first and come back with the migrations' signal."""
    for alias in case._databases_names(include_mirrors=False):
        guards.remove(connections[alias])
    _flush(case)


def _rows(connection: BaseDatabaseWrapper, query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _state(connection: BaseDatabaseWrapper, tables: list[str]) -> Flushed:
    quote = connection.ops.quote_name
    rows = {table: {row[0]: row for row in _rows(connection, f"SELECT * FROM {quote(table)}")} for table in tables}
    return Flushed(rows, _rows(connection, _TRIGGERS[connection.vendor]))


def _filled(connection: BaseDatabaseWrapper) -> dict[str, int]:
    """The tables of models that hold a row, with their rows as far as MANY."""
    found: dict[str, int] = {}
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    for start in range(0, len(tables), 100):  # SQLite joins no more than 500 selections
        part = tables[start : start + 100]
        counted = "SELECT '{}' AS name, count(*) AS rows FROM (SELECT 1 FROM {} LIMIT {}) AS part"
        selections = (counted.format(table, connection.ops.quote_name(table), MANY) for table in part)
        found |= {name: rows for name, rows in _rows(connection, " UNION ALL ".join(selections)) if rows}
    return found


def _delete(connection: BaseDatabaseWrapper, tables: dict[str, list[Any]]) -> None:
    """Delete the rows of these keys, or all of a table where none is named; guards against it are away meanwhile.

    References are checked once all is gone.
    """
    if not tables:
        return
    refusing = [guard for guard in guards.GUARDS.values() if guard.event == "DELETE" and guard.table in tables]
    if connection.vendor == "postgresql":
        away = [f"ALTER TABLE {guard.table} DISABLE TRIGGER {guard.trigger}" for guard in refusing]
        back = ["SET CONSTRAINTS ALL IMMEDIATE"]
        back += [f"ALTER TABLE {guard.table} ENABLE ALWAYS TRIGGER {guard.trigger}" for guard in refusing]
    else:
        away = [f"DROP TRIGGER {guard.trigger}" for guard in refusing]
        back = [statement for guard in refusing for statement in guards._sqlite(guard)]
    deletions = [f"DELETE FROM {connection.ops.quote_name(table)}{_with(keys)}" for table, keys in tables.items()]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statements in (away, deletions, back):
            if connection.vendor == "postgresql" and statements:
                cursor.execute("; ".join(statements))
            else:
                for statement in statements:
                    cursor.execute(statement)


def _with(keys: list[Any]) -> str:
    return f" WHERE id IN ({', '.join(str(int(key)) for key in keys)})" if keys else ""

"""The guards of the database, attacked and taken away inside a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from municipality.kernel import guards


def drop_guard(name: str, table: str) -> None:
    where = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {guards.PREFIX}{name}{where}")


def without_guards() -> None:
    """Take the guards away inside the test's savepoint; deferred checks run first, since PostgreSQL drops no trigger under them."""
    connection.check_constraints()
    guards.remove(connection)


def assert_refused(attack: Callable[[], Any], match: str = "guard:") -> None:
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        attack()


def gets_through(attack: Callable[[], Any]) -> bool:
    try:
        with transaction.atomic():
            attack()
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True


class without_uniqueness:
    """The guards and one unique key taken away, and put back over an emptied table."""

    def __init__(self, table: str, column: str) -> None:
        self.table, self.column = table, column
        self.dropped: list[tuple[str, str]] = []

    def __enter__(self) -> None:
        guards.remove(connection)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT i.relname, pg_get_indexdef(x.indexrelid), c.conname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
                " LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.contype = 'u'"
                " WHERE x.indrelid = %s::regclass AND x.indisunique AND NOT x.indisprimary AND pg_get_indexdef(x.indexrelid) LIKE %s",
                [self.table, f"%({self.column})%"],
            )
            for index, definition, constraint in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {self.table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
                self.dropped.append((index, definition))
        assert self.dropped

    def __exit__(self, *_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {self.table} CASCADE")
            for index, definition in self.dropped:
                cursor.execute(definition)
                if " WHERE " not in definition:
                    cursor.execute(f"ALTER TABLE {self.table} ADD CONSTRAINT {index} UNIQUE USING INDEX {index}")
        with transaction.atomic():
            guards.install(connection)

"""The guards of the database, taken away inside a test."""

from __future__ import annotations

from django.db import connection

from municipality.kernel import guards


def drop_guard(name: str, table: str) -> None:
    where = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {guards.PREFIX}{name}{where}")


def without_guards() -> None:
    """Take the guards away inside the test's savepoint; deferred checks run first, since PostgreSQL drops no trigger under them."""
    connection.check_constraints()
    guards.remove(connection)

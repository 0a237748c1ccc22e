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


def refused(attack: Callable[[], Any], match: str = "guard:") -> None:
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

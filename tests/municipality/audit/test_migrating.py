"""A table that other tables' guards name can be rebuilt on SQLite, and is guarded afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management.sql import emit_pre_migrate_signal
from django.db import OperationalError, connections
from django.db.migrations import Migration

from municipality.audit import ledger
from municipality.audit.models import Edge
from municipality.kernel import guards
from payments.models import Attempt, AttemptEvent, Inquiry, Receipt

ALIAS = "upgraded"
PLAN = [(Migration("0099_rebuilds", "payments"), False)]


@pytest.fixture
def older(tmp_path: Path, django_db_blocker: Any) -> Iterator[Any]:
    """A guarded database of an earlier day, as the demo keeps one."""
    engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "older.sqlite3")}
    connections.databases[ALIAS] = {**connections.databases["default"], **engine, "OPTIONS": {}, "ATOMIC_REQUESTS": False}
    connection: Any = connections[ALIAS]
    with django_db_blocker.unblock():
        try:
            with connection.schema_editor() as editor:
                for model in (Edge, Attempt, AttemptEvent, Inquiry, Receipt):
                    editor.create_model(model)
            ledger.sync(ALIAS)
            assert any("payments_inquiry" in guard.when for guard in guards.GUARDS.values() if guard.table == "payments_attempt")
            yield connection
        finally:
            connection.close()
            del connections[ALIAS], connections.databases[ALIAS]


def rebuild(connection: Any) -> None:
    """What a migration does that alters a column: SQLite makes the table anew."""
    with connection.schema_editor() as editor:
        editor._remake_table(Inquiry)


def test_a_migration_rebuilds_a_table_that_guards_of_others_name_and_they_come_back(older: Any) -> None:
    before = guards.installed(older)
    assert len(before) > 5
    emit_pre_migrate_signal(0, False, ALIAS, plan=PLAN)
    assert guards.installed(older) == set()
    rebuild(older)
    ledger.sync(ALIAS)
    assert guards.installed(older) == before


def test_with_the_guards_in_place_the_same_migration_fails(older: Any) -> None:
    with pytest.raises(OperationalError, match="error in trigger guard_"):
        rebuild(older)


def test_where_nothing_is_to_be_migrated_the_guards_stay(older: Any) -> None:
    before = guards.installed(older)
    emit_pre_migrate_signal(0, False, ALIAS, plan=[])
    assert guards.installed(older) == before != set()

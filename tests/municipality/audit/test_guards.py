"""What the database refuses is what the code declares, on either database, after any migration."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from municipality.audit import ledger
from municipality.audit.models import AccessLogEntry
from municipality.audit.services import log_access
from municipality.jobs.models import Job
from municipality.kernel import clock, guards
from municipality.kernel.actors import system

pytestmark = [pytest.mark.guards, pytest.mark.django_db]


def test_every_declared_guard_stands() -> None:
    assert guards.GUARDS
    assert guards.installed(connection) == guards.expected(connection)


def test_every_guard_belongs_to_a_table_that_exists() -> None:
    tables = set(connection.introspection.table_names())
    assert {guard.table for guard in guards.GUARDS.values()} <= tables


def test_a_missing_guard_is_noticed_and_comes_back_after_a_migration() -> None:
    guards.remove(connection)
    assert guards.installed(connection) == set()
    assert guards.installed(connection) != guards.expected(connection)
    ledger.sync()
    assert guards.installed(connection) == guards.expected(connection)


def test_a_guard_is_declared_once() -> None:
    known = next(iter(guards.GUARDS.values()))
    guards.guard(known.name, known.table, known.event, known.when, known.code)
    with pytest.raises(ValueError, match="declared twice"):
        guards.guard(known.name, known.table, known.event, "1=0", known.code)


def test_a_disabled_guard_counts_as_missing() -> None:
    """On PostgreSQL a trigger that is there but not ENABLE ALWAYS does not hold in a replica session."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditevent ENABLE TRIGGER guard_audit_auditevent_no_delete")
    assert guards.expected(connection) - guards.installed(connection) == {"guard_audit_auditevent_no_delete"}


def test_an_unguarded_table_is_free() -> None:
    """The control: what refuses above is the guard and nothing else."""
    Job.objects.create(kind="x", key="1", queue="bulk", due_at=clock.now(), created_at=clock.now())
    assert Job.objects.update(key="2") == 1
    assert Job.objects.all().delete()[0] == 1


def test_a_refusal_names_its_guard() -> None:
    log_access(viewer=system("tests"), person_key="person:1", subject="case:1", purpose="audit")
    with pytest.raises(IntegrityError, match="guard:insert_only:audit_accesslogentry_no_delete"), transaction.atomic():
        AccessLogEntry.objects.all().delete()

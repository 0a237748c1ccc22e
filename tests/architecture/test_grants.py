"""What the application's role may do to the tables, once `deploy/grants.py` has run."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from municipality.audit.models import AccessLogEntry
from municipality.audit.services import record, sequence
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.guards import GUARDS
from payments.models import LedgerPosting
from payments.services import ledger
from tests.architecture.files import ROOT, name_of, of_kind
from tests.architecture.sample_data import Sample, built_sample, one_sample  # noqa: F401

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
ROLE = "portal_app_of_a_test"


@pytest.fixture
def as_application(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test speaks as a role that was granted what the deployment grants."""
    monkeypatch.setenv("APPLICATION_ROLE", ROLE)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER")
        assert runpy.run_path(str(root / "deploy" / "grants.py"))["main"]() == 0
        cursor.execute(f"SET ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def _run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_edge (workflow, move, from_state, to_state) VALUES ('licensing.renewal', 'gift', 'draft', 'issued')",
        "UPDATE audit_edge SET to_state = 'issued'",
        "DELETE FROM audit_edge",
        "TRUNCATE audit_edge",
    ],
)
def test_the_application_cannot_give_itself_a_new_move(as_application: None, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied for table audit_edge"):
        _run(statement)


def test_the_owner_of_the_tables_can(db: None) -> None:
    """The red control: without the role nothing but the right is missing."""
    _run("INSERT INTO audit_edge (workflow, move, from_state, to_state) VALUES ('licensing.renewal', 'gift', 'draft', 'issued')")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_edge WHERE move = 'gift'")
        assert cursor.fetchone()[0] == 1


def test_the_application_reads_the_edges_and_does_its_own_work(as_application: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_edge")
        assert cursor.fetchone()[0] > 0
    _run("INSERT INTO jobs_heartbeat (part, at) VALUES ('test', now())")
    _run("DELETE FROM jobs_heartbeat WHERE part = 'test'")


def test_the_application_cannot_forge_a_migration(as_application: None) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        _run("INSERT INTO django_migrations (app, name, applied) VALUES ('audit', '0002_gift', now())")


@pytest.mark.parametrize("statement", ["CREATE TEMP TABLE audit_edge (move text)", "CREATE TABLE public.audit_edges (move text)"])
def test_the_application_creates_no_table_that_could_stand_in_front_of_another(as_application: None, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        _run(statement)


def test_without_the_revoked_right_any_role_creates_temporary_tables(db: None) -> None:
    """The red control: PostgreSQL gives the right to everybody."""
    _run(f"CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER")
    _run(f"SET ROLE {ROLE}; CREATE TEMP TABLE audit_edge (move text); RESET ROLE")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('audit_edge') = to_regclass('pg_temp.audit_edge')")
        assert cursor.fetchone()[0] is True  # a bare name means the temporary table from here on


def test_the_command_fails_where_the_right_cannot_be_taken_away(root: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """A superuser, whose rights no REVOKE ends, is no role for the application."""
    _run(f"CREATE ROLE {ROLE} NOLOGIN SUPERUSER")
    monkeypatch.setenv("APPLICATION_ROLE", ROLE)
    assert runpy.run_path(str(root / "deploy" / "grants.py"))["main"]() == 1


ENORMOUS = 9_000_000_000_000_000_000
INVENTED = [
    "INSERT INTO audit_auditevent (id, at, action, subject, actor_key, actor_role, data, commitment)"
    f" OVERRIDING SYSTEM VALUE VALUES ({ENORMOUS}, now(), 'x', 'x:1', 'x', 'x', '{{}}', '')",
    "INSERT INTO jobs_job (id, kind, key, queue, args, state, due_at, tries, lost_workers, lease_owner, last_error, created_at)"
    f" VALUES ({ENORMOUS}, 'x', 'x', 'bulk', '{{}}', 'queued', now(), 0, 0, '', '', now())",
    "INSERT INTO review_queueentry (id, case_id, branch_id, skill, state, joined_at) VALUES (-1, 1, 1, 'x', 'waiting', now())",
    "INSERT INTO cases_caseevent (id, workflow, move, from_state, to_state, at, actor_key, actor_role, reason, data, subject_id)"
    f" VALUES ({ENORMOUS}, 'x', 'x', 'x', 'x', now(), 'x', 'x', '', '{{}}', 1)",
    "UPDATE jobs_job SET id = id + 1000",
    f"SELECT setval('audit_auditevent_id_seq', {ENORMOUS})",
    "SELECT nextval('audit_auditevent_id_seq')",
]


@pytest.mark.parametrize("statement", INVENTED)
def test_the_application_cannot_invent_a_number(as_application: None, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        _run(statement)


@pytest.mark.parametrize("statement", [INVENTED[0], INVENTED[1], INVENTED[4]])
def test_the_owner_can_invent_one(db: None, statement: str) -> None:
    """The red control: nothing but the role's rights refuses it. (A counter that was turned does not go back with the transaction.)"""
    Job.objects.create(kind="x", key="theirs", queue="bulk", due_at=clock.now(), created_at=clock.now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount == 1


def test_no_counted_column_of_any_table_is_the_applications(as_application: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attrelid::regclass::text, has_column_privilege(%s, attrelid, attname, 'INSERT, UPDATE')"
            " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE attidentity <> '' AND relkind = 'r' AND relnamespace = 'public'::regnamespace",
            [ROLE],
        )
        found = dict(cursor.fetchall())
    assert len(found) > 100
    assert [table for table, may in found.items() if may] == []


def test_the_applications_own_rows_are_counted_by_the_database(as_application: None) -> None:
    with transaction.atomic():
        first, second = (record("testing.acted", subject="case:1", actor=system("tests")) for _ in range(2))
        AccessLogEntry.objects.create(at=clock.now(), viewer_key="x", viewer_role="x", person_key="x", subject="x", purpose="x")
        job = Job.objects.create(kind="x", key="1", queue="bulk", due_at=clock.now(), created_at=clock.now())
        assert Job.objects.select_for_update().filter(pk=job.pk).update(key="2") == 1
        job.save()
    assert first.pk < second.pk
    assert sequence() >= 2


# Locks: PostgreSQL asks for the right to change a row of whoever locks it.
_LOCK = re.compile(r"\b([A-Z]\w+)\.objects\b[^\n]*?\.select_for_update\(([^\n]*)")


def locks_refused(source: str) -> list[str]:
    """What a module locks that the application's role may only read and add to: a model named there, or one that its lock joins."""
    may_not_change = {guard.table for guard in GUARDS.values() if guard.event == "UPDATE" and guard.when == "1=1"}
    models = {model.__name__: model for model in apps.get_models()}
    found = []
    for name, rest in _LOCK.findall(source):
        if name not in models:
            continue
        tables = [models[name]._meta.db_table]
        if "of=" not in rest:  # then whatever is joined is locked with it
            for joined in re.findall(r"select_related\(([^)]*)\)", rest):
                tables += [_table_of(models[name], path) for path in re.findall(r'"([^"]+)"', joined)]
        found += [f"{name}: {table}" for table in tables if table in may_not_change]
    return found


def _table_of(model: Any, path: str) -> str:
    for part in path.split("__"):
        model = model._meta.get_field(part).related_model
    return str(model._meta.db_table)


def test_nothing_locks_a_row_that_the_application_may_not_change() -> None:
    read = {
        name_of(path): path.read_text(encoding="utf8") for path in of_kind(".py") if path.parts[len(ROOT.parts)] not in ("tests", "tools")
    }
    assert {name: found for name, source in read.items() if (found := locks_refused(source))} == {}


def test_a_lock_of_what_may_only_be_added_to_is_found() -> None:
    assert locks_refused("row = LedgerPosting.objects.select_for_update().get(pk=1)") == ["LedgerPosting: payments_ledgerposting"]
    assert locks_refused('LedgerCorrection.objects.select_for_update().select_related("posting")') == [
        "LedgerCorrection: payments_ledgerposting"
    ]
    assert locks_refused('LedgerCorrection.objects.select_for_update(of=("self",)).select_related("posting")') == []


def test_the_application_proposes_and_decides_a_correction_of_the_ledger(sample: Sample, as_application: None) -> None:
    first = sample.money.correction
    ledger.decide_correction(correction=first, decided_by=sample.checker, approve=False)
    again = ledger.propose_correction(
        posting=sample.money.posting,
        from_account=first.from_account,
        to_account=first.to_account,
        code=first.code,
        proposed_by=sample.cashier,
    )
    ledger.decide_correction(correction=again, decided_by=sample.checker, approve=True)
    assert LedgerPosting.objects.filter(correction=again).exists()

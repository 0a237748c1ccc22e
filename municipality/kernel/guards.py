"""What the database itself refuses, declared once and compiled for PostgreSQL and SQLite alike.

Apps add guards to `GUARDS` from their `guards.py`; `install` writes them after every migration (on SQLite any
AlterField rebuilds a table and silently drops its triggers) and `missing` compares the catalogue with the declarations.
On PostgreSQL the triggers are ENABLE ALWAYS, so that `session_replication_role = replica` does not slip past them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PREFIX = "guard_"


@dataclass(frozen=True)
class Guard:
    """One trigger: on `events` of `table`, refuse with `code` when the SQL expression `when` is true.

    `when` speaks of OLD and NEW and must be valid in both dialects. Where it counts other rows, `one_by_one` says of which rows
    PostgreSQL takes one transaction after the other, so that two at once do not both see the last free place; SQLite has one
    writer at a time anyway.
    """

    name: str
    table: str
    event: str  # INSERT, UPDATE or DELETE
    when: str
    code: str
    one_by_one: str = ""

    @property
    def trigger(self) -> str:
        return f"{PREFIX}{self.name}"


GUARDS: dict[str, Guard] = {}


def guard(name: str, table: str, event: str, when: str, code: str, *, one_by_one: str = "") -> None:
    """Declare a guard. The same name twice is a programming error."""
    found = Guard(name, table, event, when, code, one_by_one)
    if GUARDS.setdefault(name, found) != found:
        raise ValueError(f"guard {name} is declared twice")


def insert_only(table: str) -> None:
    """Rows of `table` are written once and stay."""
    guard(f"{table}_no_update", table, "UPDATE", "1=1", "insert_only")
    guard(f"{table}_no_delete", table, "DELETE", "1=1", "insert_only")


def never_deleted(table: str) -> None:
    guard(f"{table}_no_delete", table, "DELETE", "1=1", "never_deleted")


def frozen(table: str, columns: list[str], *, once: str = "1=1", name: str = "frozen") -> None:
    """The `columns` of a row do not change any more once the condition `once` holds on OLD."""
    changed = " OR ".join(f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in columns)
    guard(f"{table}_{name}", table, "UPDATE", f"({once}) AND ({changed})", "frozen")


def moved_by_event(table: str, events: str, workflow: str) -> None:
    """A state begins at its workflow's start and changes only with a fresh event for exactly that edge.

    `workflow` is SQL for the workflow's name on NEW, a literal or a column such as NEW.service.
    """
    guard(
        f"{table}_begins",
        table,
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM audit_edge e WHERE e.from_state = '' AND e.to_state = NEW.state"  # noqa: S608 - declared in code
        f" AND e.workflow = {workflow}) OR NEW.last_event_id IS NOT NULL",
        "state_without_event",
    )
    guard(
        f"{table}_moves",
        table,
        "UPDATE",
        "(OLD.state IS DISTINCT FROM NEW.state OR OLD.last_event_id IS DISTINCT FROM NEW.last_event_id) AND ("  # noqa: S608 - declared in code
        "OLD.last_event_id IS NOT DISTINCT FROM NEW.last_event_id OR NOT EXISTS ("
        f"SELECT 1 FROM {events} ev WHERE ev.id = NEW.last_event_id AND ev.subject_id = NEW.id"
        f" AND ev.id > COALESCE(OLD.last_event_id, 0) AND ev.workflow = {workflow}"
        " AND ev.from_state = OLD.state AND ev.to_state = NEW.state))",
        "state_without_event",
    )
    guard(
        f"{events}_edge",
        events,
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow AND e.move = NEW.move"
        " AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state AND e.from_state <> '')",
        "no_such_edge",
    )
    insert_only(events)


def _postgres(g: Guard) -> list[str]:
    wait = f" IF {g.one_by_one} THEN PERFORM pg_advisory_xact_lock(hashtext('{g.trigger}')); END IF;" if g.one_by_one else ""
    return [
        f"CREATE OR REPLACE FUNCTION {g.trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN{wait}"
        f" IF {g.when} THEN RAISE EXCEPTION 'guard:{g.code}:{g.name}' USING ERRCODE = 'integrity_constraint_violation';"
        f" END IF; RETURN {'OLD' if g.event == 'DELETE' else 'NEW'}; END $$",
        f"DROP TRIGGER IF EXISTS {g.trigger} ON {g.table}",
        f"CREATE TRIGGER {g.trigger} BEFORE {g.event} ON {g.table} FOR EACH ROW EXECUTE FUNCTION {g.trigger}()",
        f"ALTER TABLE {g.table} ENABLE ALWAYS TRIGGER {g.trigger}",
    ]


def _postgres_truncate(table: str) -> list[str]:
    name = f"{PREFIX}{table}_no_truncate"
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION 'guard:insert_only:{table}_no_truncate' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]


def _sqlite(g: Guard) -> list[str]:
    return [
        f"DROP TRIGGER IF EXISTS {g.trigger}",
        f"CREATE TRIGGER {g.trigger} BEFORE {g.event} ON {g.table} FOR EACH ROW WHEN {g.when}"
        f" BEGIN SELECT RAISE(ABORT, 'guard:{g.code}:{g.name}'); END",
    ]


def _protected_tables() -> list[str]:
    return sorted({g.table for g in GUARDS.values() if g.event == "DELETE"})


def install(connection: Any) -> int:
    """Write every declared guard whose table exists. Returns how many."""
    tables = set(connection.introspection.table_names())
    postgres = connection.vendor == "postgresql"
    wanted = [g for g in GUARDS.values() if g.table in tables]
    with connection.cursor() as cursor:
        for g in wanted:
            for statement in _postgres(g) if postgres else _sqlite(g):
                cursor.execute(statement)
        if postgres:
            for table in _protected_tables():
                if table in tables:
                    for statement in _postgres_truncate(table):
                        cursor.execute(statement)
    return len(wanted)


def installed(connection: Any) -> set[str]:
    """Names of the guards' triggers that the database holds now (on PostgreSQL only those that are ENABLE ALWAYS)."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {row[0] for row in cursor.fetchall() if row[0].startswith(PREFIX)}


def expected(connection: Any) -> set[str]:
    """Names that should be there."""
    names = {g.trigger for g in GUARDS.values()}
    if connection.vendor == "postgresql":
        names |= {f"{PREFIX}{table}_no_truncate" for table in _protected_tables()}
    return names


def remove(connection: Any) -> None:
    """Take every guard away. For the red controls of the tests, and for SQLite while it is migrated."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'guard\\_%%'")
            for name, table in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name} ON {table}")
        else:
            for name in installed(connection):
                cursor.execute(f"DROP TRIGGER {name}")

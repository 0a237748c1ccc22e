"""Triggers that refuse forbidden changes, declared once and compiled for PostgreSQL and SQLite alike.

Apps add guards to `GUARDS` from their `guards.py`; `install` writes them after every migration (on SQLite any
AlterField rebuilds a table and silently drops its triggers), and invariants compare `installed` with `expected`.
On PostgreSQL the triggers are ENABLE ALWAYS, so that `session_replication_role = replica` does not disable them, and a trigger's
function qualifies each table with its schema: a temporary table of the same name would hide it
(PostgreSQL, "Writing SECURITY DEFINER Functions Safely": the temporary schema is searched first unless it is named last).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

PREFIX = "guard_"
_TABLE = re.compile(r"(?<!DISTINCT )\b(FROM|JOIN) (\w+)")


@dataclass(frozen=True)
class Guard:
    """One trigger: on `event` of `table`, refuse with `code` when the SQL expression `when` is true.

    `when` uses OLD and NEW and must be valid in both dialects; it names other tables only after FROM or JOIN, without a schema.
    Where it counts other rows, `one_by_one` is the SQL condition of the rows for which PostgreSQL serialises transactions by an
    advisory lock, so that two at once do not both see the last free place; SQLite has one writer at a time anyway.
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

    @property
    def consulted(self) -> set[str]:
        """Names of the tables that `when` reads."""
        return {name for _, name in _TABLE.findall(self.when)}


GUARDS: dict[str, Guard] = {}


def guard(name: str, table: str, event: str, when: str, code: str, *, one_by_one: str = "") -> None:
    """Declare a guard. Raises ValueError if another guard has the name."""
    declared = Guard(name, table, event, when, code, one_by_one)
    if GUARDS.setdefault(name, declared) != declared:
        raise ValueError(f"guard {name} is declared twice")


def insert_only(table: str) -> None:
    """Rows of `table` are never updated or deleted."""
    guard(f"{table}_no_update", table, "UPDATE", "1=1", "insert_only")
    guard(f"{table}_no_delete", table, "DELETE", "1=1", "insert_only")


def never_deleted(table: str) -> None:
    guard(f"{table}_no_delete", table, "DELETE", "1=1", "never_deleted")


def frozen(table: str, columns: list[str], *, once: str = "1=1", name: str = "frozen") -> None:
    """The `columns` of a row do not change once the SQL condition `once` holds, of OLD or of OLD and NEW."""
    changed = " OR ".join(f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in columns)
    guard(f"{table}_{name}", table, "UPDATE", f"({once}) AND ({changed})", "frozen")


def moved_by_event(table: str, events: str, workflow: str) -> None:
    """A row begins in the initial state of its workflow and changes its state only with a new event for exactly that edge.

    `events` is the table of events; `workflow` is SQL for the workflow's name, a literal or a column such as NEW.service.
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


def _postgres(g: Guard, schema: str) -> list[str]:
    wait = f" IF {g.one_by_one} THEN PERFORM pg_advisory_xact_lock(hashtext('{g.trigger}')); END IF;" if g.one_by_one else ""
    body = (
        f"BEGIN{wait} IF {_qualified(g.when, schema)} THEN RAISE EXCEPTION 'guard:{g.code}:{g.name}'"
        f" USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {'OLD' if g.event == 'DELETE' else 'NEW'}; END"
    )
    return _postgres_trigger(g.trigger, f"{g.event} ON {schema}.{g.table} FOR EACH ROW", body, schema)


def _postgres_truncate(table: str, schema: str) -> list[str]:
    name = f"{table}_no_truncate"
    body = f"BEGIN RAISE EXCEPTION 'guard:insert_only:{name}' USING ERRCODE = 'integrity_constraint_violation'; END"
    return _postgres_trigger(f"{PREFIX}{name}", f"TRUNCATE ON {schema}.{table} FOR EACH STATEMENT", body, schema)


def _postgres_trigger(name: str, on: str, body: str, schema: str) -> list[str]:
    table = on.split()[2]
    return [
        f"CREATE OR REPLACE FUNCTION {schema}.{name}() RETURNS trigger LANGUAGE plpgsql"
        f" SET search_path = pg_catalog, {schema}, pg_temp AS $$ {body} $$",
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE {on} EXECUTE FUNCTION {schema}.{name}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]


def _qualified(when: str, schema: str) -> str:
    """The condition `when` with a schema before each table that it reads. Raises ValueError for a table of no model."""
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}

    def qualify(match: re.Match[str]) -> str:
        if match[2] not in known:
            raise ValueError(f"no model has the table {match[2]} that a guard reads: {when}")
        return f"{match[1]} {schema}.{match[2]}"

    return _TABLE.sub(qualify, when)


def _sqlite(g: Guard) -> list[str]:
    return [
        f"DROP TRIGGER IF EXISTS {g.trigger}",
        f"CREATE TRIGGER {g.trigger} BEFORE {g.event} ON {g.table} FOR EACH ROW WHEN {g.when}"
        f" BEGIN SELECT RAISE(ABORT, 'guard:{g.code}:{g.name}'); END",
    ]


def install(connection: BaseDatabaseWrapper) -> int:
    """Create or replace the triggers of all guards whose table exists. Returns how many guards."""
    tables = set(connection.introspection.table_names())
    present = [g for g in GUARDS.values() if g.table in tables]
    with connection.cursor() as cursor:
        _execute(cursor, _statements(present, _schema(cursor) if connection.vendor == "postgresql" else None))
    return len(present)


def _execute(cursor: CursorWrapper, statements: Iterable[str]) -> None:
    """Execute statements: there are thousands, so PostgreSQL gets them in one message; SQLite takes one at a time."""
    if cursor.db.vendor != "postgresql":
        for statement in statements:
            cursor.execute(statement)
    elif together := ";\n".join(statements):
        cursor.execute(together)


def _schema(cursor: CursorWrapper) -> str:
    """The quoted name of the schema that holds the portal's tables."""
    cursor.execute("SELECT quote_ident(current_schema())")
    return str(cursor.fetchone()[0])


def _statements(guards: list[Guard], schema: str | None) -> Iterator[str]:
    for g in guards:
        yield from _sqlite(g) if schema is None else _postgres(g, schema)
    if schema is not None:
        for table in sorted({g.table for g in guards if g.event == "DELETE"}):
            yield from _postgres_truncate(table, schema)


def installed(connection: BaseDatabaseWrapper) -> set[str]:
    """Names of the guards' triggers in the database (on PostgreSQL only those that are ENABLE ALWAYS, with a pinned search path)."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal AND t.tgenabled = 'A'"
                " AND p.proconfig[1] = concat('search_path=pg_catalog, ', quote_ident(current_schema()), ', pg_temp')"
            )
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {row[0] for row in cursor.fetchall() if row[0].startswith(PREFIX)}


def expected(connection: BaseDatabaseWrapper) -> set[str]:
    """Names of the triggers that all declared guards need."""
    names = {g.trigger for g in GUARDS.values()}
    if connection.vendor == "postgresql":
        names |= {f"{PREFIX}{g.table}_no_truncate" for g in GUARDS.values() if g.event == "DELETE"}
    return names


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers of all guards: for the red controls of the tests, and on SQLite during migrations."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'guard\\_%%'")
            _execute(cursor, [f"DROP TRIGGER {name} ON {table}" for name, table in cursor.fetchall()])
        else:
            _execute(cursor, [f"DROP TRIGGER {name}" for name in installed(connection)])

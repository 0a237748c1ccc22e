"""Copies of a few template rows with what hangs on them, made set by set in SQL. Only for a database that is thrown away.

The guards are taken away while the copies are written and put back after it: what they hold of a template holds of its copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction


@dataclass(frozen=True)
class Plan:
    """What is copied. SQL calls the row of a template `s` and the line of its copy in `bench_copy` `w`.

    `tables`: table → how its row names the id of its template. `own`: table → column → value of the copy. `everywhere`: the same for
    a column of any table. `date`: the value of a column that holds a day.
    """

    tables: Mapping[str, str]
    own: Mapping[str, Mapping[str, str]]
    everywhere: Mapping[str, str]
    date: str


@dataclass(frozen=True)
class _Table:
    name: str
    base: int  # the id of the first copy
    width: int  # ids that each copy may take

    def id_by(self, mapped: str) -> str:
        return f"{self.base} + w.n * {self.width} + {mapped}.rank"


def write(plan: Plan, work: Callable[[Any], None]) -> int:
    """Copy in one transaction; returns how many rows were written.

    `work` gets a cursor and makes the table `bench_copy`: one line a copy with `n` (its number, from 0), `src` (the id of its template),
    `shift` (the interval by which its times move) and whatever `plan` names.
    """
    from municipality.kernel import guards

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # of this process, which is no web server
    guards.remove(connection)
    rows = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # a row and its last event name each other
        work(cursor)
        cursor.execute("CREATE INDEX ON bench_copy (src)")
        cursor.execute("ANALYZE bench_copy")
        tables = {name: _map(cursor, name, template) for name, template in plan.tables.items()}
        for table in tables.values():
            rows += _insert(cursor, table, tables, plan)
        for name in tables:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
    guards.install(connection)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return rows


def _map(cursor: Any, name: str, template: str) -> _Table:
    """Number the rows of a table within their template."""
    cursor.execute(
        f"CREATE TEMP TABLE map_{name} ON COMMIT DROP AS SELECT s.id AS src, {template} AS template, "
        f"row_number() OVER (PARTITION BY {template} ORDER BY s.id) - 1 AS rank FROM {name} s "
        f"WHERE {template} IN (SELECT src FROM bench_copy)"
    )
    cursor.execute(f"SELECT coalesce((SELECT max(id) FROM {name}), 0) + 1, coalesce((SELECT max(rank) FROM map_{name}), 0) + 1")
    base, width = cursor.fetchone()
    return _Table(name, base, width)


def _insert(cursor: Any, table: _Table, tables: Mapping[str, _Table], plan: Plan) -> int:
    own, columns, joins = plan.own.get(table.name, {}), [], []
    for column, kind, target in _columns(cursor, table.name):
        if column == "id":
            value = table.id_by("m")
        elif column in own:
            value = own[column]
        elif column in plan.everywhere:
            value = plan.everywhere[column]
        elif target in tables:
            joins.append(f"LEFT JOIN map_{target} f_{column} ON f_{column}.src = s.{column}")
            value = tables[target].id_by(f"f_{column}")
        elif kind == "timestamp with time zone":
            value = f"s.{column} + w.shift"
        elif kind == "date":
            value = plan.date.format(column=column)
        else:
            value = f"s.{column}"
        columns.append((column, value))
    names, values = ", ".join(f'"{name}"' for name, _ in columns), ", ".join(value for _, value in columns)
    cursor.execute(
        f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {table.name} s JOIN map_{table.name} m ON m.src = s.id "
        f"JOIN bench_copy w ON w.src = m.template {' '.join(joins)} ORDER BY w.n"
    )
    return int(cursor.rowcount)


def _columns(cursor: Any, table: str) -> Iterator[tuple[str, str, str]]:
    """Name, type and, for a foreign key, the table it points to."""
    cursor.execute(
        """
        SELECT a.attname, format_type(a.atttypid, NULL), coalesce(
            (SELECT c.confrelid::regclass::text FROM pg_constraint c
             WHERE c.conrelid = a.attrelid AND c.contype = 'f' AND c.conkey = ARRAY[a.attnum]), '')
        FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
        """,
        [table],
    )
    yield from cursor.fetchall()

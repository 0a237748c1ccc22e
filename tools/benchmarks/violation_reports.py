"""A year of violation reports, made set by set: the demo's real ones are copied in SQL with what hangs on them.

The same numbers give the same rows. Each copy lies on another shop of its branch, at that shop's area, at another time of the last
year. Violation reports with an objection, a plan of instalments or a relief are not copied: those hang on cases and papers. The guards are
taken away while the copies are written and put back after it. Only for a database that is thrown away.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from tools.benchmarks.cases import _columns

# Tables whose rows belong to a violation report: how a row `s` names it.
TABLES = {
    "fieldwork_visit": "(SELECT x.id FROM violations_violation x WHERE x.visit_id = s.id)",
    "violations_violation": "s.id",
    "violations_violationevent": "s.subject_id",
    "violations_settlementorder": "s.violation_id",
    "violations_service": "s.violation_id",
    "violations_referral": "s.violation_id",
    "violations_judgment": "s.violation_id",
    "violations_extension": "s.violation_id",
}
LEFT_OUT = ("violations_objection", "violations_plan", "violations_relief", "violations_annulment")
OWN = {
    "fieldwork_visit": {"key": "'bench-' || w.n", "latitude": "w.lat", "longitude": "w.lon"},
    "violations_violation": {
        "public_id": "'b' || lpad(w.n::text, 25, '0')",
        "number": "CASE WHEN s.number IS NOT NULL THEN 'VIO-BENCH-' || w.n END",
        "warning_number": "CASE WHEN s.warning_number IS NOT NULL THEN 'WRN-BENCH-' || w.n END",
        "shop_id": "CASE WHEN s.shop_id IS NOT NULL THEN w.shop_id END",
        "area_id": "w.area_id",
        "notice_id": "NULL",
    },
}


def copy(wanted: int) -> int:
    """Copy violation reports until there are `wanted`; one transaction. Returns the rows written. Raises ValueError for too few."""
    from municipality.kernel import guards
    from violations.models import Violation

    many = wanted - Violation.objects.count()
    if many < 1:
        raise ValueError(f"there are {wanted - many} violation reports already")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # of this process, which is no web server
    guards.remove(connection)
    rows = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # a violation and its last event name each other
        _work(cursor, many)
        maps = {name: _map(cursor, name, of) for name, of in TABLES.items()}
        for name in TABLES:
            rows += _insert(cursor, name, maps)
        for name in TABLES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
    guards.install(connection)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return rows


def _work(cursor: Any, many: int) -> None:
    """One line a copy: its number, template, shop, area, point and how far its times move."""
    without = " ".join(f"AND NOT EXISTS (SELECT 1 FROM {table} x WHERE x.violation_id = v.id)" for table in LEFT_OUT)
    cursor.execute(
        f"""
        CREATE TEMP TABLE bench_violation ON COMMIT DROP AS
        WITH sources AS (
            SELECT v.id, v.branch_id, v.seen_at, row_number() OVER (ORDER BY v.id) - 1 AS place, count(*) OVER () AS many
            FROM violations_violation v WHERE v.paper_id IS NULL {without}
        ), shops AS (
            SELECT s.id, s.branch_id, s.area_id, a.latitude, a.longitude,
                   row_number() OVER (PARTITION BY s.branch_id ORDER BY s.id) - 1 AS place, count(*) OVER (PARTITION BY s.branch_id) AS many
            FROM shops_shop s JOIN places_area a ON a.id = s.area_id
        )
        SELECT n, v.id AS src, s.id AS shop_id, s.area_id,
               s.latitude + (n * 37 % 801 - 400) / 1e5 AS lat, s.longitude + (n * 53 % 801 - 400) / 1e5 AS lon,
               (now() - make_interval(mins => (365 * 1440 * (1 - (n + 1)::float / {many}))::int)) - v.seen_at AS shift
        FROM generate_series(0, {many - 1}) n
        JOIN sources v ON v.place = n % v.many JOIN shops s ON s.branch_id = v.branch_id AND s.place = (n * 7919) % s.many
        """
    )
    cursor.execute("CREATE INDEX ON bench_violation (src)")
    cursor.execute("ANALYZE bench_violation")


def _map(cursor: Any, name: str, of: str) -> tuple[int, int]:
    """Number the rows of the templates within their violation: where the copies begin, and how many rows a violation has at most."""
    cursor.execute(
        f"CREATE TEMP TABLE map_{name} ON COMMIT DROP AS SELECT s.id AS src, {of} AS violation, "
        f"row_number() OVER (PARTITION BY {of} ORDER BY s.id) - 1 AS rank FROM {name} s WHERE {of} IN (SELECT src FROM bench_violation)"
    )
    cursor.execute(f"SELECT coalesce((SELECT max(id) FROM {name}), 0) + 1, coalesce((SELECT max(rank) FROM map_{name}), 0) + 1")
    base, width = cursor.fetchone()
    return base, width


def _insert(cursor: Any, name: str, maps: dict[str, tuple[int, int]]) -> int:
    own, columns, joins = OWN.get(name, {}), [], []
    base, width = maps[name]
    for column, kind, target in _columns(cursor, name):
        if column == "id":
            value = f"{base} + w.n * {width} + m.rank"
        elif column in own:
            value = own[column]
        elif target in maps:
            joins.append(f"LEFT JOIN map_{target} f_{column} ON f_{column}.src = s.{column}")
            value = f"{maps[target][0]} + w.n * {maps[target][1]} + f_{column}.rank"
        elif kind == "timestamp with time zone":
            value = f"s.{column} + w.shift"
        elif kind == "date":
            value = f"(s.{column} + w.shift)::date"
        else:
            value = f"s.{column}"
        columns.append((column, value))
    names, values = ", ".join(f'"{column}"' for column, _ in columns), ", ".join(value for _, value in columns)
    cursor.execute(
        f"INSERT INTO {name} ({names}) SELECT {values} FROM {name} s JOIN map_{name} m ON m.src = s.id "
        f"JOIN bench_violation w ON w.src = m.violation {' '.join(joins)} ORDER BY w.n"
    )
    return int(cursor.rowcount)

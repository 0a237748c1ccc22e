"""A year of violation reports, made set by set: the demo's real ones are copied in SQL with what hangs on them.

The same numbers give the same rows. Each copy lies on another shop of its branch, at that shop's area, at another time of the last
year. Violation reports with an objection, a plan of instalments or a relief are not copied: those hang on cases and papers.
Only for a database that is thrown away.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tools.benchmarks.copies import Plan, write

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
    """Copy violation reports until there are `wanted`. Returns how many rows were written. Raises ValueError for too few."""
    from violations.models import Violation

    many = wanted - Violation.objects.count()
    if many < 1:
        raise ValueError(f"there are {wanted - many} violation reports already")
    return write(Plan(TABLES, OWN, {}, "(s.{column} + w.shift)::date"), partial(_work, many=many))


def _work(cursor: Any, *, many: int) -> None:
    """One line a copy: its number, template, shop, area, point and how far its times move."""
    without = " ".join(f"AND NOT EXISTS (SELECT 1 FROM {table} x WHERE x.violation_id = v.id)" for table in LEFT_OUT)
    cursor.execute(
        f"""
        CREATE TEMP TABLE bench_copy ON COMMIT DROP AS
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

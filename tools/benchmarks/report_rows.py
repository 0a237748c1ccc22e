"""Reports in bulk: one real report is copied in SQL with its steps, each copy at another place and time and with another inspector.

The guards are taken away while the copies are written and put back after it. Only for a database that is thrown away.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

REPORT, EVENT = "reports_report", "reports_reportevent"
# Most of a year, over the towns of Kuwait; every fifth is closed and stays on the map.
_PLACE = "29.0 + (n * 37 %% 4001) / 10000.0, 47.8 + (n * 53 %% 3001) / 10000.0"


def template() -> Any:
    """A report with a drawn inspector."""
    from municipality.kernel import clock
    from reports.intake import services as intake
    from reports.intake.places import locate
    from reports.intake.services import ReportPlace, SentReport
    from reports.reporters.services import Sender
    from reports.triage import services as triage

    area, block = locate(29.3328, 48.0283)
    place = ReportPlace(latitude=29.3328, longitude=48.0283, area=area, block=block)
    sent = SentReport(str(uuid4()), "waste", place, clock.now(), "أنقاض في الساحة")
    report = intake.receive(sent, Sender(device=sent.key)).report
    triage.assign(report)
    report.refresh_from_db()
    return report


def copy(wanted: int) -> int:
    """Copy one report until there are `wanted`; one transaction. Returns how many were written."""
    from django.db import connection, transaction

    from municipality.kernel import guards
    from reports.models import Report, ReportEvent

    source = template()
    many = wanted - Report.objects.count()
    if many < 1:
        return 0
    places = [max(model.objects.order_by("-pk").values_list("pk", flat=True)[0], 0) + 1 for model in (Report, ReportEvent)]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")  # of this connection: a million rows take minutes, and so does ANALYZE
    step = ReportEvent.objects.filter(subject=source).order_by("-pk")[0]
    connection.check_constraints()  # PostgreSQL drops and makes no trigger under deferred checks
    guards.remove(connection)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # a report and its last step name each other
        own = {"id": f"{places[0]} + n", "last_event_id": f"{places[1]} + n"} | _own(connection.vendor, places[0])
        _insert(cursor, Report, source, many, own)
        at = _time(connection.vendor)
        _insert(cursor, ReportEvent, step, many, {"id": f"{places[1]} + n", "subject_id": f"{places[0]} + n", "at": at})
        if connection.vendor == "postgresql":
            for name in (REPORT, EVENT):
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
    connection.check_constraints()
    guards.install(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return many


def _time(vendor: str, days: int = 0) -> str:
    """A time of the last 300 days, or so many days later."""
    if vendor == "postgresql":
        return f"now() - make_interval(mins => (n::bigint * 7919 %% 432000 - {days * 1440})::int)"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || (n * 7919 %% 432000) || ' minutes', '+{days} days')"


def _own(vendor: str, first: int) -> dict[str, str]:
    """The columns that differ from copy to copy; their numbers begin with `first`, so that more copies can be added."""
    from municipality.places.models import Area
    from violations.models import JudicialWarrant

    text = f"lpad((n + {first})::text, 12, '0')" if vendor == "postgresql" else f"printf('%%012d', n + {first})"
    latitude, longitude = _PLACE.split(", ")
    areas = list(Area.objects.order_by("pk").values_list("pk", flat=True))
    inspectors = sorted(set(JudicialWarrant.objects.values_list("user", flat=True)))
    several = {"area_id": areas, "inspector_id": inspectors} if vendor == "postgresql" else {}
    return {
        "public_id": f"'bench000000000' || {text}",
        "number": f"'EYE-B' || {text}",
        "key": f"'bench-' || {text}",
        "latitude": latitude,
        "longitude": longitude,
        **dict.fromkeys(("captured_at", "received_at", "updated_at"), _time(vendor)),
        "state": "CASE WHEN n %% 5 = 0 THEN 'closed' ELSE 'assigned' END",
        "due_at": _time(vendor, days=3),
        **{column: f"(ARRAY{keys})[1 + n %% {len(keys)}]" for column, keys in several.items()},
        "closed_at": f"CASE WHEN n %% 5 = 0 THEN {_time(vendor)} END",
    }


def _insert(cursor: Any, model: Any, source: Any, many: int, own: dict[str, str]) -> None:
    table, columns = model._meta.db_table, [column.column for column in model._meta.concrete_fields]
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {many - 1})"
    names, values = ", ".join(f'"{one}"' for one in columns), ", ".join(own.get(one, f's."{one}"') for one in columns)
    cursor.execute(
        f"{numbers} INSERT INTO {table} ({names}) SELECT {values} FROM numbers CROSS JOIN {table} s WHERE s.id = %s", [source.pk]
    )

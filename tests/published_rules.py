"""The published rulebook, made once in a process and copied into the database of each test that needs it.

Publishing all editions takes some 300 statements. The first test of a process does it; what it wrote is kept as rows, and the tests after
it insert the same rows, through the same guards; PostgreSQL looks at their references the first time only. A copy is made only into
tables that are as empty as they were then, at the same time. The editions are in memory, as in a process that has served pages before;
`tests/conftest.py` forgets them after each test.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Max

from municipality.kernel import clock
from municipality.places.seeds import load_places
from municipality.rulebook import queries
from municipality.rulebook.models import RuleSet
from municipality.rulebook.seeds import load_activities
from tests.factories.rulebook import publish_rulebook


@dataclass(frozen=True)
class Published:
    """What publishing left: the rows of each table that it fills, and the editions as they are read."""

    rows: dict[str, Any]
    editions: dict[tuple[Any, ...], queries.RulebookEdition]


_kept: dict[tuple[str, dt.datetime, int], Published] = {}
_MADE_ANEW = ("places_area", "accounts_user", "audit_auditevent", "jobs_job", "rulebook_ruleset")


def publish_rules() -> None:
    """Places, activities and the published rulebook, in the transaction of a test.

    They are published now where the clock stands still, else at the instant at which the clock of every run starts.
    """
    with clock.at(clock._override.get() or dt.datetime.fromisoformat(settings.BEGINNING)):
        _copy_or_publish()


def _copy_or_publish() -> None:
    # A test that commits leaves groups with new numbers.
    key = (connection.vendor, clock.now(), Group.objects.aggregate(newest=Max("pk"))["newest"] or 0)
    if key in _kept and _are_empty(_kept[key].rows):
        _insert(_kept[key].rows)
    elif key in _kept or not _are_empty(_MADE_ANEW):
        _publish()
        return
    else:
        before = {table for table in _tables() if not _are_empty([table])}
        _publish()
        rows = {table: _rows(table) for table in _tables() if table not in before and not _are_empty([table])}
        _kept[key] = Published(rows, read_editions())
    queries._editions.update(_kept[key].editions)


def read_editions() -> dict[tuple[Any, ...], queries.RulebookEdition]:
    """The published editions, as a process holds them in memory."""
    return {row[:5]: queries._read_edition(row) for row in queries._published()}


def _publish() -> None:
    load_places()
    load_activities()
    publish_rulebook()


def _tables() -> list[str]:
    """All tables, an edition after its rows: a guard refuses rows of an edition that is published."""
    models = sorted(apps.get_models(include_auto_created=True), key=lambda model: model is RuleSet)
    return [model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy]


def _are_empty(tables: Iterable[str]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in tables))
        return not cursor.fetchone()[0]


def _rows(table: str) -> Any:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            content = io.BytesIO()
            cursor.copy_expert(f"COPY {table} TO STDOUT (FORMAT binary)", content)
            return content.getvalue()
        return connection.connection.execute(f"SELECT * FROM {table}").fetchall()


@transaction.atomic
def _insert(kept: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table, rows in kept.items():
                cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)", io.BytesIO(rows))
            cursor.execute("SET LOCAL session_replication_role = origin")
            return
        for table, rows in kept.items():
            places = ", ".join("?" * len(rows[0]))
            connection.connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)

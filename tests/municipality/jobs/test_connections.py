"""The database connection of a worker process outlives a task."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_prerun
from django.db import OperationalError, connection

from municipality.celery import app
from municipality.jobs.tasks import run
from tests.open_database import on_postgres


@pytest.mark.postgres
@pytest.mark.parametrize("reused", [True, False])
def test_a_worker_keeps_its_connection_between_tasks(open_db: None, monkeypatch: pytest.MonkeyPatch, *, reused: bool) -> None:
    """Without the setting (the red control) each task has a connection of its own."""
    if not on_postgres():
        pytest.skip("needs PostgreSQL")
    fixup = DjangoWorkerFixup(app)
    if not reused:
        monkeypatch.setattr(fixup, "db_reuse_max", None)
    connection.close()  # that of the tests before may be older than its age limit
    connection.ensure_connection()
    first = connection.connection
    fixup.on_task_postrun(run)
    fixup.on_task_prerun(run)
    task_prerun.send(run)
    connection.ensure_connection()
    assert (connection.connection is first) is reused


@pytest.mark.postgres
@pytest.mark.parametrize("checked", [True, False])
def test_a_connection_that_the_server_ended_is_opened_anew(open_db: None, *, checked: bool) -> None:
    """Without the check before a task (the red control) the next one fails."""
    if not on_postgres():
        pytest.skip("needs PostgreSQL")
    _end(connection.get_connection_params(), _process())
    if checked:
        task_prerun.send(run)
        assert _process()
    else:
        with pytest.raises(OperationalError):
            _process()
        connection.close()


def _process() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _end(parameters: dict[str, Any], process: int) -> None:
    beside = psycopg2.connect(**{name: value for name, value in parameters.items() if name not in ("cursor_factory", "context")})
    with beside, beside.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
    beside.close()

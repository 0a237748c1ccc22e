"""What the two probes say, and about whom."""

from __future__ import annotations

import datetime as dt
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client

from municipality import health
from municipality.jobs import registry
from municipality.jobs.models import Heartbeat, Job, JobState
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.uploads import malware


@pytest.fixture(autouse=True)
def all_well(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal in which everything answers; each test then breaks one part."""
    key = tmp_path / "seal.p12"
    key.write_bytes(b"key")
    settings.VAR_DIR, settings.SIGNER_KEY_FILE, settings.CELERY_BROKER_URL = tmp_path, str(key), ""
    settings.READY_FREE_BYTES = 1
    monkeypatch.setattr(health, "_has_pango", lambda: True)


@pytest.fixture
def well(db: None) -> None:
    """A worker and a clock that reported just now."""
    for part in ("worker", "beat"):
        Heartbeat.objects.create(part=part, at=clock.now())


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_alive_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_a_probe_is_only_read(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


def test_a_whole_portal_is_ok(client: Client, well: None) -> None:
    status, told = ready(client)
    assert (status, told["status"]) == (200, "ok")
    asked = {"database", "migrations", "disk", "worker", "beat", "clocks", "outbox", "signer", "renderer", "redis", "uploads", "scanner"}
    asked.add("callbacks")
    assert set(told["checks"]) == asked


@pytest.mark.parametrize("part", ["database", "migrations"])
def test_without_a_database_the_portal_is_down(client: Client, well: None, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    class Broken:
        vendor = "broken"

        def cursor(self) -> Any:
            raise DatabaseError("host=secret.internal password=hunter2")

    monkeypatch.setattr(health, "connection", Broken())
    if part == "migrations":
        monkeypatch.setitem(health.VITAL_CHECKS, "database", lambda: None)
        monkeypatch.setattr("django.db.migrations.recorder.MigrationRecorder.applied_migrations", lambda self: self.connection.cursor())
    status, told = ready(client)
    assert (status, told["status"], told["checks"][part]["status"]) == (503, "down", "down")
    assert "hunter2" not in str(told)
    assert "secret" not in str(told)


def test_an_unapplied_migration_is_down(client: Client, well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrations_on_disk", lambda: frozenset({("jobs", "9999_not_applied")}))
    assert ready(client)[0] == 503


def test_the_migrations_of_the_code_are_known() -> None:
    assert ("auth", "0001_initial") in health._migrations_on_disk()


def test_a_full_disk_is_down(client: Client, well: None, settings: Any) -> None:
    settings.READY_FREE_BYTES = 2**62
    status, told = ready(client)
    assert (status, told["checks"]["disk"]["status"]) == (503, "down")


def assert_degraded(client: Client, *parts: str) -> None:
    status, told = ready(client)
    assert (status, told["status"]) == (200, "degraded")
    assert {name for name, check in told["checks"].items() if check["status"] == "degraded"} == set(parts)
    for part in parts:
        assert set(told["checks"][part]["reason"]) == {"ar", "en"}
        assert re.search("[A-Za-z]", told["checks"][part]["reason"]["en"])


@pytest.mark.parametrize("silent", [("worker",), ("beat",), ("worker", "beat")])
def test_a_silent_worker_and_a_silent_clock_are_told_apart(client: Client, well: None, silent: tuple[str, ...]) -> None:
    parts = Heartbeat.objects.filter(part__in=silent)
    parts.update(at=clock.now() - dt.timedelta(seconds=31))
    assert_degraded(client, *silent)
    parts.delete()
    assert_degraded(client, *silent)


def test_work_that_waits_is_degraded_unless_it_is_parked(client: Client, well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.JOB_KINDS, "testing.wait", registry.JobKind("testing.wait", lambda: None, "bulk", 60))
    with transaction.atomic():
        job = Job.objects.get(pk=enqueue("testing.wait", key="1", due_at=clock.now() - dt.timedelta(seconds=121)))
    assert_degraded(client, "outbox")
    Job.objects.filter(pk=job.pk).update(state=JobState.ON_HOLD)
    assert ready(client)[1]["status"] == "ok"
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, lease_until=clock.now() - dt.timedelta(seconds=1))
    assert_degraded(client, "outbox")
    Job.objects.filter(pk=job.pk).update(lease_until=clock.now() + dt.timedelta(seconds=20))
    assert ready(client)[1]["status"] == "ok"


def test_a_missing_seal_is_degraded(client: Client, well: None, settings: Any) -> None:
    settings.SIGNER_KEY_FILE = "/nonexistent/seal.p12"
    assert_degraded(client, "signer")
    assert "nonexistent" not in client.get("/readyz").content.decode()


def test_a_missing_renderer_is_degraded(client: Client, well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_has_pango", lambda: False)
    assert_degraded(client, "renderer")


def test_a_silent_redis_is_degraded_and_named_without_its_password(client: Client, well: None, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://:hunter2@127.0.0.1:9/0"
    assert_degraded(client, "redis")
    assert "hunter2" not in client.get("/readyz").content.decode()


def test_a_store_that_takes_no_files_is_degraded(client: Client, well: None, tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file where the folder should be")
    status, told = ready(client)
    assert (status, told["status"], told["checks"]["uploads"]["status"]) == (200, "degraded", "degraded")
    assert "cannot be written" in told["checks"]["uploads"]["reason"]["en"]


def test_a_silent_scanner_is_degraded_and_one_that_answers_is_well(
    client: Client, well: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(malware, "PING_SECONDS", 60)
    settings.UPLOADS_SCANNER = "municipality.uploads.malware.Clamd"
    with socket.create_server(("127.0.0.1", 0)) as daemon:
        settings.UPLOADS_CLAMD = f"tcp://127.0.0.1:{daemon.getsockname()[1]}"

        def answer() -> None:
            line, _who = daemon.accept()
            with line:
                assert line.recv(16) == b"zPING\0"
                line.sendall(b"PONG\0")

        with ThreadPoolExecutor(1) as beside:
            done = beside.submit(answer)
            assert ready(client)[1]["checks"]["scanner"] == {"status": "ok"}
            done.result(timeout=60)
    status, told = ready(client)
    assert (status, told["status"]) == (200, "degraded")
    reason = told["checks"]["scanner"]["reason"]
    assert "does not answer" in reason["en"] and re.search("[\u0621-\u064a]", reason["ar"])


def test_the_outbox_is_emptied_by_hand(db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[int] = []

    def chain(*, step: int) -> None:
        ran.append(step)
        if step < 3:
            with transaction.atomic():
                enqueue("testing.chain", key=str(step + 1), step=step + 1)

    monkeypatch.setitem(registry.JOB_KINDS, "testing.chain", registry.JobKind("testing.chain", chain, "bulk", 60))
    with transaction.atomic():
        enqueue("testing.chain", key="1", step=1)
        enqueue("testing.chain", key="later", step=9, due_at=clock.now() + dt.timedelta(hours=1))
    call_command("jobs_run")
    assert ran == [1]
    call_command("jobs_run", "--until-empty")
    assert ran == [1, 2, 3]
    assert "2 carried out, 1 waiting, 0 dead" in capsys.readouterr().out

"""The worker and the clock each show their own life."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from celery.beat import PersistentScheduler
from django.db import DatabaseError

from municipality.beat import app
from municipality.celery import app as worker
from municipality.jobs import heartbeats, tasks
from municipality.jobs.heartbeats import Pulse, Scheduler
from municipality.jobs.models import Heartbeat
from municipality.kernel import clock
from script.support.environment import ROOT


def noted() -> set[str]:
    return set(Heartbeat.objects.values_list("part", flat=True))


@pytest.fixture
def kept_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a test one connection holds the transaction: what writes from outside must not close it."""
    monkeypatch.setattr(heartbeats.connection, "close", lambda: None)


@pytest.fixture
def clockwork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    """A clock with nothing to ring."""
    monkeypatch.setattr(PersistentScheduler, "tick", lambda self, *args, **options: 1.0)
    return Scheduler(app, schedule_filename=str(tmp_path / "beat"))


def test_celery_is_told_to_use_our_clock() -> None:
    assert app.conf.beat_scheduler == "municipality.jobs.heartbeats:Scheduler"


@pytest.mark.django_db
def test_the_clock_notes_itself_alone_and_not_with_each_of_its_ticks(
    clockwork: Scheduler, kept_connection: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clockwork.tick() == 1.0
    assert noted() == {"beat"}
    then = clock.now() - dt.timedelta(seconds=60)
    Heartbeat.objects.update(at=then)
    clockwork.tick()
    assert Heartbeat.objects.get(part="beat").at == then
    monkeypatch.setattr(heartbeats, "SECONDS", 0.0)
    clockwork.tick()
    assert Heartbeat.objects.get(part="beat").at > then


@pytest.mark.django_db
def test_a_tick_that_a_worker_carries_out_is_the_workers_life_and_not_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks.tick()
    assert noted() == {"worker"}


def test_a_worker_shows_its_life_without_any_clock_until_it_leaves(open_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(heartbeats, "record_with_own_connection", ran.append)
    monkeypatch.setattr(tasks.tick, "apply_async", lambda *args, **options: None)
    tasks.note_worker()
    (pulse,) = tasks._pulse
    tasks.note_worker_leaves()
    pulse.join(5)
    assert not pulse.is_alive()
    assert ran == ["worker"]


@pytest.mark.django_db
def test_a_pulse_beats_on(kept_connection: None, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[str] = []
    pulse = Pulse("worker", seconds=0.01)

    def beat(part: str) -> None:
        times.append(part)
        if len(times) == 3:
            pulse.stop()

    monkeypatch.setattr(heartbeats, "record_with_own_connection", beat)
    pulse.start()
    pulse.join(5)
    assert times == ["worker"] * 3


@pytest.mark.django_db
def test_a_silent_database_does_not_stop_the_clock(clockwork: Scheduler, kept_connection: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(part: str) -> Any:
        raise DatabaseError("away")

    monkeypatch.setattr(heartbeats, "record", broken)
    assert clockwork.tick() == 1.0


def test_the_clock_loads_no_service() -> None:
    """Its memory is a third of a worker's for that; the line is imported as `celery -A municipality.beat beat` imports it."""
    code = (
        "import sys; from municipality.beat import app; app.loader.init_worker(); app.finalize();"
        " from celery.utils.imports import symbol_by_name; symbol_by_name(app.conf.beat_scheduler);"
        " from django.apps import apps; from django.db import connection; connection.cursor().execute('SELECT 1');"
        " print([*apps.get_app_configs()], 'municipality.jobs.models' in sys.modules, [*app.conf.beat_schedule])"
    )
    said = subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout.strip()) == (0, "[] False ['tick']"), said.stderr


def test_what_the_clock_rings_is_a_task_of_the_worker() -> None:
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(worker.tasks)

"""A machine whose clock is not the database's counts by the database's, takes no work, and takes it again when it is right."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from celery.beat import PersistentScheduler
from django.db import connection, transaction
from django.utils import translation

from municipality import health
from municipality.beat import app
from municipality.jobs import clocks, heartbeats, services, tasks
from municipality.jobs.heartbeats import Scheduler
from municipality.jobs.models import Heartbeat, Job, JobState
from municipality.kernel import clock
from tests.municipality.jobs.conftest import Declare
from tests.open_database import on_postgres

DAY = dt.timedelta(days=1)
machines_own = clock._machine_now


class Machine:
    """This machine's clock, as far ahead of the database's as a test sets it."""

    ahead = dt.timedelta()

    def time(self) -> dt.datetime:
        return self.truth() + self.ahead

    def truth(self) -> dt.datetime:
        return machines_own()

    def compare(self, *_: Any) -> None:
        clock.compare(self.truth())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(clock, "_offset", dt.timedelta())
    monkeypatch.setattr(clock, "_machine_now", made.time)
    monkeypatch.setattr(clock, "_reference", None)
    monkeypatch.setattr(clocks, "compare", made.compare)
    monkeypatch.setitem(clocks._logged, "apart", False)
    made.compare()
    return made


def near(one: dt.datetime, other: dt.datetime) -> bool:
    return abs(one - other) < dt.timedelta(seconds=1)


@pytest.mark.parametrize("ahead", [DAY, -DAY, dt.timedelta(hours=1), -dt.timedelta(hours=1), dt.timedelta(seconds=3)])
@pytest.mark.parametrize("before", [True, False], ids=["wrong before it is compared", "wrong afterwards"])
def test_the_time_is_the_databases(machine: Machine, ahead: dt.timedelta, before: bool) -> None:
    machine.ahead = ahead
    if before:
        machine.compare()
    assert near(clock.now(), machine.truth())
    assert near(machine.truth() + clock.skew(), machine.truth() + ahead)


def test_a_clock_that_agrees_is_used_as_it_is(machine: Machine) -> None:
    """The processes of one machine then tell one time, to the microsecond."""
    machine.ahead = dt.timedelta(seconds=0.5)
    machine.compare()
    assert abs(clock.now() - machine.time()) < dt.timedelta(seconds=0.05)


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_connection_compares_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")
    monkeypatch.setattr(clock, "_offset", dt.timedelta())
    monkeypatch.setattr(clock, "_reference", None)
    monkeypatch.setattr(clock, "_machine_now", lambda: machines_own() + DAY)
    clocks.compare(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        assert near(cursor.fetchone()[0], clock.now())
    assert near(clock.now() + clock.skew(), clock.now() + DAY)
    assert not clocks.agrees()


@pytest.fixture
def job(declare: Declare, transactional_db: None, only_own_schedules: None) -> Job:
    declare("testing.errand", lambda: None)
    with transaction.atomic():
        return Job.objects.get(pk=services.enqueue("testing.errand", key="1"))


def test_no_work_is_taken_by_a_wrong_clock_and_again_by_a_right_one(
    machine: Machine, job: Job, dispatched: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    machine.ahead = DAY
    for _ in range(2):
        tasks.tick()
        tasks.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.dispatched_at, dispatched) == (JobState.QUEUED, None, [])
    assert not Heartbeat.objects.exists()
    assert [record.levelname for record in caplog.records] == ["ERROR"], "said once"
    machine.ahead = dt.timedelta(seconds=4)
    tasks.tick()
    assert dispatched == [job.pk]
    tasks.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert caplog.records[-1].message == "this clock agrees with the database's again"


def test_a_machine_that_slept_compares_again_before_it_refuses(machine: Machine, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its monotonic clock stood still, so what it counted is old; its own clock is right."""
    monkeypatch.setattr(clock, "_reference", (machine.truth() - DAY, clock.time.monotonic()))
    assert services.run(job.pk)


@pytest.mark.parametrize("ahead", [DAY, dt.timedelta(seconds=21), dt.timedelta(seconds=-21)])
def test_a_job_dispatched_in_the_future_is_dispatched_again(machine: Machine, job: Job, dispatched: list[int], ahead: dt.timedelta) -> None:
    Job.objects.update(dispatched_at=clock.now() + ahead)
    assert services.sweep() == 1
    assert dispatched == [job.pk]
    assert services.sweep() == 0


def test_a_lease_from_the_future_of_a_worker_that_died_is_over(job: Job, dispatched: list[int]) -> None:
    Job.objects.update(state=JobState.RUNNING, lease_owner="dead", lease_until=clock.now() + DAY)
    assert services.sweep() == 1
    assert services.run(job.pk)
    Job.objects.update(state=JobState.RUNNING, lease_owner="alive", lease_until=clock.now() + services.LEASE)
    assert not services.run(job.pk)


@pytest.fixture
def scheduler(db: None, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    monkeypatch.setattr(heartbeats.connection, "close", lambda: None)
    monkeypatch.setattr(PersistentScheduler, "tick", lambda self: 7.0)
    return Scheduler(app, schedule_filename=str(tmp_path / "beat"))


def test_the_timer_rings_nothing_by_a_wrong_clock(scheduler: Scheduler, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scheduler.tick() == 7.0
    machine.ahead = DAY
    assert scheduler.tick() == 1.0, "between two signs of life"
    monkeypatch.setattr(heartbeats, "SECONDS", 0.0)
    assert scheduler.tick() == 1.0
    assert set(Heartbeat.objects.values_list("part", flat=True)) == {"beat", "beat.clock"}
    machine.ahead = dt.timedelta()
    assert scheduler.tick() == 7.0


def test_the_timer_does_not_wait_for_a_time_that_it_rang_in_the_future(scheduler: Scheduler) -> None:
    entry = scheduler.schedule["tick"]
    entry.last_run_at = entry.default_now() + DAY
    assert entry.is_due().next > 80_000, "the control: Celery would wait a day"
    scheduler.tick()
    assert scheduler.schedule["tick"].is_due().next <= 1


@pytest.mark.django_db
def test_the_probe_says_whose_clock_is_wrong(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats.connection, "close", lambda: None)
    translation.activate("en")
    assert health.clocks() is None
    machine.ahead = DAY
    assert "web server" in str(health.clocks())
    heartbeats.record_with_own_connection("worker")
    machine.ahead = dt.timedelta()
    assert "a worker" in str(health.clocks())
    assert health.worker() is not None, "it is not there for work"
    Heartbeat.objects.update(part="beat.clock")
    assert "scheduler" in str(health.clocks())
    Heartbeat.objects.update(at=clock.now() - dt.timedelta(seconds=31))
    assert health.clocks() is None


@pytest.mark.django_db
def test_a_sign_of_life_from_the_future_is_none() -> None:
    Heartbeat.objects.create(part="worker", at=clock.now() + DAY)
    assert health.worker() is not None

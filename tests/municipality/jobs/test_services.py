"""A job is enqueued with its state change, carried out once, tried again, and given up visibly."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from municipality.celery import app
from municipality.jobs import registry, services, tasks
from municipality.jobs.errors import OnHold, PermanentFailure
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from tests.municipality.jobs.conftest import Declare, state

NOON = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def enqueue_one(key: str = "1", **ids: Any) -> Job:
    with transaction.atomic():
        return Job.objects.get(pk=services.enqueue("testing.errand", key=key, **ids))


def test_a_promise_outside_a_transaction_is_refused(open_db: None, declare: Declare) -> None:
    declare("testing.errand", lambda: None)
    with pytest.raises(RuntimeError, match="transaction"):
        services.enqueue("testing.errand", key="1")
    assert not Job.objects.exists()


def test_a_job_of_many_is_put_into_another_queue(open_db: None, declare: Declare) -> None:
    declare("testing.errand", lambda: None)
    usual = registry.JOB_KINDS["testing.errand"].queue
    assert enqueue_one("one").queue == usual != "messages" == enqueue_one("many", queue="messages").queue
    with pytest.raises(ValueError, match="no such queue"):
        enqueue_one("other", queue="slow")


def test_a_job_is_enqueued_with_its_state_change_or_not_at_all(open_db: None, declare: Declare, dispatched: list[int]) -> None:
    declare("testing.errand", lambda: None)

    def act_and_fail() -> None:
        with transaction.atomic():
            services.enqueue("testing.errand", key="1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act_and_fail()
    assert not Job.objects.exists()
    assert dispatched == []
    kept = enqueue_one("2")
    assert dispatched == [kept.pk]


@pytest.mark.django_db
def test_the_same_promise_twice_is_one_job(declare: Declare) -> None:
    declare("testing.errand", lambda: None)
    assert enqueue_one("1") == enqueue_one("1")
    assert Job.objects.count() == 1
    with pytest.raises(KeyError):
        services.enqueue("testing.never_declared", key="1")


@pytest.mark.django_db
def test_an_enqueued_job_is_the_row_that_the_model_would_save(declare: Declare) -> None:
    declare("testing.errand", lambda: None)
    ids = {"ar": "نصّ «%s» ' \" \\", "list": [1, None, 2.5], "empty": {}}
    with clock.at(NOON):
        enqueued = enqueue_one("enqueued", **ids)
        saved = Job.objects.create(kind="testing.errand", key="saved", queue="bulk", args=ids, due_at=clock.now(), created_at=clock.now())
    saved.refresh_from_db()
    rows = [model_to_dict(row, exclude=["id", "key"]) | {"created_at": row.created_at} for row in (enqueued, saved)]
    assert rows[0] == rows[1] and rows[0]["args"] == ids and rows[0]["due_at"] == NOON


def test_jobs_that_exist_are_left_as_they_are_and_not_dispatched(open_db: None, declare: Declare, dispatched: list[int]) -> None:
    declare("testing.errand", lambda *, number: None)
    first = enqueue_one("1", number=1)
    Job.objects.filter(pk=first.pk).update(tries=7)
    dispatched.clear()
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        numbers = services.enqueue_all("testing.errand", {"2": {"number": 2}, "1": {"number": 9}, "3": {"number": 3}})
    assert numbers == [Job.objects.get(key=key).pk for key in ("2", "1", "3")] and len(asked) == 2
    assert dispatched == [numbers[0], numbers[2]]
    first.refresh_from_db()
    assert (first.tries, first.args) == (7, {"number": 1})


def test_new_jobs_take_one_statement_and_none_take_none(open_db: None, declare: Declare) -> None:
    declare("testing.errand", lambda *, number: None)
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        assert services.enqueue_all("testing.errand", {}) == []
        numbers = services.enqueue_all("testing.errand", {str(number): {"number": number} for number in range(40)})
    assert len(asked) == 1
    assert numbers == [Job.objects.get(key=str(number)).pk for number in range(40)]


def test_jobs_of_several_kinds_take_one_statement_and_wait_for_the_next_tick(
    open_db: None, declare: Declare, dispatched: list[int]
) -> None:
    declare("testing.errand", lambda *, number: None)
    declare("testing.other", lambda: None)
    first = enqueue_one("1", number=1)
    dispatched.clear()
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        services.enqueue_for_next_tick(
            [("testing.errand", "1", {"number": 9}), ("testing.other", "1", {}), ("testing.errand", "2", {"number": 2})]
        )
        services.enqueue_for_next_tick([])
    assert len(asked) == 1 and dispatched == []
    known = Job.objects.order_by("pk").values_list("kind", "key", "args")
    assert list(known) == [("testing.errand", "1", {"number": 1}), ("testing.other", "1", {}), ("testing.errand", "2", {"number": 2})]
    assert services.sweep() == 3 and first.pk in dispatched
    with pytest.raises(KeyError), transaction.atomic():
        services.enqueue_for_next_tick([("testing.never_declared", "1", {})])
    with pytest.raises(RuntimeError, match="inside the transaction"):
        services.enqueue_for_next_tick([("testing.errand", "3", {})])


@pytest.mark.django_db
def test_only_the_same_kind_and_key_is_ignored(declare: Declare) -> None:
    """A row that violates another constraint is refused, on both databases."""
    declare("testing.errand", lambda: None)
    broken = Job(kind="testing.errand", key="broken", queue="bulk", state="gone", due_at=NOON, created_at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        services._insert_new([broken])
    assert not Job.objects.exists()


def test_a_broker_that_is_away_is_no_failure(open_db: None, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    declare("testing.errand", lambda: None)

    def away(job_id: int, queue: str, kind: str) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(services, "dispatch", away)
    job = enqueue_one()
    assert services.run(job.pk)
    assert state(job) == JobState.DONE


def test_after_a_failure_nobody_waits_for_the_broker_again_at_once(
    open_db: None, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare("testing.errand", lambda: None)
    asked: list[int] = []

    def away(job_id: int, queue: str, kind: str) -> None:
        asked.append(job_id)
        raise ConnectionError("no broker")

    monkeypatch.setattr(services, "dispatch", away)
    first = enqueue_one("1")
    enqueue_one("2")
    assert asked == [first.pk]
    monkeypatch.setitem(services._broker, "away_until", 0.0)
    third = enqueue_one("3")
    assert asked == [first.pk, third.pk]


def test_what_nobody_waits_for_is_dispatched_by_the_next_tick(open_db: None, declare: Declare, dispatched: list[int]) -> None:
    declare("testing.errand", lambda: None)
    first = enqueue_one("1")
    kind = registry.JOB_KINDS["testing.errand"]
    registry.JOB_KINDS["testing.errand"] = dataclasses.replace(kind, at_once=False)  # `declare` takes it back
    second = enqueue_one("2")
    assert dispatched == [first.pk]
    assert services.sweep() == 2 and dispatched == [first.pk, first.pk, second.pk]


def test_ringing_a_broker_that_is_away_fails_at_once() -> None:
    started = time.monotonic()
    with app.connection_for_write("redis://127.0.0.1:9/0") as broker, pytest.raises(OperationalError):
        tasks.run.apply_async(args=[1], queue="urgent", retry=False, connection=broker)
    assert time.monotonic() - started < 5  # with the library's own retries it was over six seconds, on an idle machine


@pytest.mark.django_db
def test_a_job_runs_once_and_not_before_its_time(declare: Declare) -> None:
    ran: list[int] = []
    declare("testing.errand", lambda *, number: ran.append(number))
    with clock.at(NOON), transaction.atomic():
        job = Job.objects.get(pk=services.enqueue("testing.errand", key="1", due_at=NOON + 60 * SECOND, number=7))
    with clock.at(NOON + 59 * SECOND):
        assert not services.run(job.pk)
    with clock.at(NOON + 60 * SECOND):
        assert services.run(job.pk)
        assert not services.run(job.pk)
    assert ran == [7]
    assert (state(job), job.tries, job.lease_owner) == (JobState.DONE, 1, "")


@pytest.mark.django_db
def test_eight_tries_with_doubling_delays_and_then_a_person(declare: Declare) -> None:
    tried: list[dt.datetime] = []

    def fail() -> None:
        tried.append(clock.now())
        raise OSError("the bank is closed")

    declare("testing.errand", fail)
    with clock.at(NOON):
        job = enqueue_one()
    at = NOON
    for _ in range(services.MAX_TRIES):
        with clock.at(at - SECOND):
            assert not services.run(job.pk)
        with clock.at(at):
            services.run(job.pk)
        job.refresh_from_db()
        at = job.due_at
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(tried)]
    assert waits == [5, 10, 20, 40, 80, 160, 320]
    assert (state(job), job.tries) == (JobState.DEAD, 8)
    assert "the bank is closed" in job.last_error
    with clock.at(NOON + dt.timedelta(days=30)):
        assert not services.run(job.pk)


@pytest.mark.django_db
def test_a_missing_capability_parks_without_a_try(declare: Declare) -> None:
    present = False

    def sign() -> None:
        if not present:
            raise OnHold("signer", "no key")

    declare("testing.errand", sign)
    with clock.at(NOON):
        job = enqueue_one()
    for minute in range(20):
        with clock.at(NOON + dt.timedelta(minutes=minute)):
            assert services.run(job.pk)
        assert (state(job), job.tries) == (JobState.ON_HOLD, 0)
    assert job.due_at == NOON, "it may be the deadline of a person"
    present = True
    with clock.at(NOON + dt.timedelta(minutes=20)):
        services.run(job.pk)
    assert state(job) == JobState.DONE


@pytest.mark.django_db
def test_a_job_on_hold_runs_after_its_time_or_when_it_is_tried_by_hand(declare: Declare) -> None:
    def wait() -> None:
        raise OnHold("incident", seconds=600)

    declare("testing.errand", wait)
    with clock.at(NOON):
        job = enqueue_one()
        assert services.run(job.pk) and not services.run(job.pk) and not services.due()
    with clock.at(NOON + 599 * SECOND):
        assert not services.run(job.pk) and services.sweep() == 0
    with clock.at(NOON + 600 * SECOND):
        assert services.due() == [(job.pk, job.queue)] and services.run(job.pk)
    with clock.at(NOON + 601 * SECOND):
        assert services.retry(job.pk) and services.run(job.pk)
    assert (state(job), job.due_at) == (JobState.ON_HOLD, NOON)


@pytest.mark.django_db
def test_a_job_that_can_never_succeed_is_dead_at_once(declare: Declare) -> None:
    def fail() -> None:
        raise PermanentFailure("refused for good")

    declare("testing.errand", fail)
    job = enqueue_one()
    services.run(job.pk)
    assert state(job) == JobState.DEAD


def leased(job: Job, until: dt.datetime, owner: str = "dead-worker") -> None:
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, lease_owner=owner, lease_until=until)


@pytest.mark.django_db
def test_a_job_whose_worker_died_is_taken_over_after_its_lease(declare: Declare) -> None:
    declare("testing.errand", lambda: None)
    with clock.at(NOON):
        job = enqueue_one()
    leased(job, NOON + 30 * SECOND)
    with clock.at(NOON + 29 * SECOND):
        assert services.claim(job.pk, "other") is None
        assert services.due() == []
    with clock.at(NOON + 31 * SECOND):
        assert services.due() == [(job.pk, "bulk")]
        taken = services.claim(job.pk, "other")
        assert taken is not None
        assert (taken.lease_owner, taken.lost_workers, taken.tries) == ("other", 1, 0)
        assert services.claim(job.pk, "third") is None


@pytest.mark.django_db
def test_the_third_death_of_a_worker_under_a_job_ends_it(declare: Declare) -> None:
    declare("testing.errand", lambda: None)
    with clock.at(NOON):
        job = enqueue_one()
        services.claim(job.pk, "worker-1")
    at = NOON
    for worker in ("worker-2", "worker-3"):
        at += 31 * SECOND
        with clock.at(at):
            assert services.claim(job.pk, worker) is not None
    with clock.at(at + 31 * SECOND):
        assert services.claim(job.pk, "worker-4") is None
    assert state(job) == JobState.DEAD


@pytest.mark.django_db
@pytest.mark.parametrize("end", [None, OSError("late"), PermanentFailure("late"), OnHold("late")])
def test_a_worker_that_lost_its_lease_does_not_speak_for_the_job(declare: Declare, end: Exception | None) -> None:
    """It was taken over while it slept; whatever its end, the job is the other's now. So too at its last try."""

    def slow() -> None:
        leased(job, clock.now() + 30 * SECOND, "other")
        if end is not None:
            raise end

    declare("testing.errand", slow)
    job = enqueue_one()
    Job.objects.filter(pk=job.pk).update(tries=services.MAX_TRIES - 1)
    services.run(job.pk)
    assert state(job) == JobState.RUNNING
    assert (job.lease_owner, job.tries) == ("other", services.MAX_TRIES - 1)


@pytest.mark.django_db
def test_the_sweep_dispatches_what_the_broker_lost(declare: Declare, dispatched: list[int]) -> None:
    declare("testing.errand", lambda: None)
    with clock.at(NOON):
        job, later = enqueue_one("1"), enqueue_one("later")
        Job.objects.filter(pk=later.pk).update(due_at=NOON + dt.timedelta(hours=1))
    dispatched.clear()
    with clock.at(NOON + SECOND):
        assert services.sweep() == 1
        assert services.sweep() == 0
    with clock.at(NOON + 22 * SECOND):
        assert services.sweep() == 1
        services.run(job.pk)
    with clock.at(NOON + 60 * SECOND):
        assert services.sweep() == 0
    assert dispatched == [job.pk, job.pk]


@pytest.mark.django_db
def test_the_sweep_finds_a_job_whose_worker_died(declare: Declare, dispatched: list[int]) -> None:
    declare("testing.errand", lambda: None)
    with clock.at(NOON):
        job = enqueue_one()
    leased(job, NOON + 30 * SECOND)
    dispatched.clear()
    with clock.at(NOON + 31 * SECOND):
        assert services.sweep() == 1
    assert dispatched == [job.pk]


@pytest.mark.django_db
@pytest.mark.usefixtures("only_own_schedules")
def test_each_slot_is_enqueued_once_by_any_number_of_beats(declare: Declare) -> None:
    declare("testing.hourly", lambda: None, seconds=3600)
    with clock.at(NOON):
        assert [services.enqueue_periodic() for _ in range(3)] == [1, 0, 0]
    with clock.at(NOON + dt.timedelta(minutes=59)):
        assert services.enqueue_periodic() == 0
    with clock.at(NOON + dt.timedelta(minutes=60)):
        assert services.enqueue_periodic() == 1
    assert Job.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("only_own_schedules")
def test_forgetting_does_not_run_a_long_slot_again(declare: Declare) -> None:
    declare("testing.daily", lambda: None, seconds=86400)
    declare("testing.hourly", lambda: None, seconds=3600)
    midnight = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    with clock.at(midnight):
        services.enqueue_periodic()
        for job in Job.objects.all():
            services.run(job.pk)
    with clock.at(midnight + dt.timedelta(hours=23)):
        assert services.forget_slots() == 1
        services.enqueue_periodic()
        assert Job.objects.filter(kind="testing.daily").count() == 1
    with clock.at(midnight + dt.timedelta(hours=49)):
        assert services.forget_slots() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "moves"), [("dead", True), ("on_hold", True), ("queued", False), ("running", False), ("done", False)])
def test_only_what_waits_for_a_person_is_tried_again_by_hand(declare: Declare, before: str, moves: bool) -> None:
    declare("testing.errand", lambda: None)
    job = enqueue_one()
    Job.objects.filter(pk=job.pk).update(state=before, tries=8, lost_workers=2)
    assert services.retry(job.pk) is moves
    assert state(job) == ("queued" if moves else before)
    assert job.tries == (0 if moves else 8)


HOUR = dt.timedelta(hours=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({}, 1),
        ({"tries": 7}, 0),  # it killed its workers, or had nothing left to do
        ({"state": "done"}, 0),
        ({"kind": "testing.other"}, 0),
        ({"finished_at": NOON - HOUR + SECOND}, 0),
        ({"created_at": NOON - 24 * HOUR}, 0),
    ],
)
def test_what_used_up_its_tries_gets_another_round_after_a_while_and_not_for_ever(
    declare: Declare, changes: dict[str, Any], again: int
) -> None:
    declare("testing.errand", lambda: None)
    job = enqueue_one()
    dead = {"state": "dead", "tries": 8, "lost_workers": 1, "finished_at": NOON - HOUR, "created_at": NOON - 24 * HOUR + SECOND}
    Job.objects.filter(pk=job.pk).update(**(dead | changes))
    with clock.at(NOON):
        assert services.retry_dead("testing.errand", after=HOUR, within=24 * HOUR) == again
        job.refresh_from_db()
        assert (job.state == JobState.QUEUED, job.tries == 0) == (bool(again), bool(again))


def test_every_queue_of_a_declared_job_is_known() -> None:
    assert {kind.queue for kind in registry.JOB_KINDS.values()} <= set(registry.QUEUES)
    with pytest.raises(ValueError, match="queue"):
        registry.job("testing.errand", queue="nowhere")

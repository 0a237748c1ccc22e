"""Many workers, one job: real connections and threads, so PostgreSQL only. Each race has a control that must go wrong."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from municipality.jobs import services
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from tests.municipality.jobs.conftest import Declare
from tests.open_database import on_postgres

pytestmark = pytest.mark.postgres
WORKERS = 8


@pytest.fixture(autouse=True)
def real_database(open_db: None) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")


def together(act: Callable[[], object], workers: int = WORKERS) -> None:
    """Let `act` begin at the same moment in many threads, each with its own connection."""
    start = threading.Barrier(workers)
    errors: list[Exception] = []

    def work() -> None:
        try:
            start.wait()
            act()
        except Exception as error:  # noqa: BLE001 - reported below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def enqueue_many(count: int) -> list[int]:
    with transaction.atomic():
        return [services.enqueue("testing.errand", key=str(number), number=number) for number in range(count)]


def race(declare: Declare, count: int = 12) -> Counter[int]:
    """Run each job from eight workers at once and count how often each was carried out."""
    ran: Counter[int] = Counter()
    lock = threading.Lock()

    def errand(*, number: int) -> None:
        with lock:
            ran[number] += 1
        time.sleep(0.02)

    declare("testing.errand", errand)
    ids = enqueue_many(count)
    for job_id in ids:
        together(lambda job_id=job_id: services.run(job_id))  # type: ignore[misc]
    assert Job.objects.filter(state=JobState.DONE).count() == count
    return ran


def test_a_job_that_eight_workers_want_is_carried_out_once(declare: Declare) -> None:
    assert race(declare) == Counter(dict.fromkeys(range(12), 1))


def test_a_claim_that_looks_before_it_writes_carries_out_twice(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the row count of one UPDATE the race above would not be safe."""

    def careless(job_id: int, owner: str) -> Job | None:
        job = Job.objects.get(pk=job_id)
        if job.state != JobState.QUEUED:
            return None
        job.state, job.lease_owner = JobState.RUNNING, owner
        job.save()
        return job

    monkeypatch.setattr(services, "claim", careless)
    ran: Counter[int] = Counter()

    def errand(*, number: int) -> None:
        ran[number] += 1
        time.sleep(0.02)

    declare("testing.errand", errand)
    for job_id in enqueue_many(12):
        together(lambda job_id=job_id: services.run(job_id))  # type: ignore[misc]
    assert max(ran.values()) > 1


def test_an_orphan_is_taken_over_by_one(declare: Declare) -> None:
    ran: list[int] = []
    declare("testing.errand", lambda *, number: ran.append(number))
    [job_id] = enqueue_many(1)
    Job.objects.update(state=JobState.RUNNING, lease_owner="dead", lease_until=clock.now() - dt.timedelta(seconds=1))
    together(lambda: services.run(job_id))
    assert ran == [0]
    assert Job.objects.get().lost_workers == 1


def test_two_beats_promise_a_slot_once(declare: Declare, only_own_schedules: None) -> None:
    declare("testing.hourly", lambda: None, seconds=86400)
    together(services.enqueue_periodic)
    assert Job.objects.count() == 1


def test_the_same_promise_from_many_transactions_is_one_job(declare: Declare) -> None:
    declare("testing.errand", lambda *, number: None)
    numbers: list[int] = []
    together(lambda: numbers.extend(enqueue_many(3)))
    assert Job.objects.count() == 3
    assert Counter(numbers) == Counter({job.pk: WORKERS for job in Job.objects.all()})


@pytest.mark.parametrize("commits", [True, False])
def test_who_enqueues_beside_an_open_transaction_gets_the_job_that_stands_in_the_end(declare: Declare, *, commits: bool) -> None:
    """The second one waits for the first: its commit leaves the first one's job, its rollback makes room for the second one's."""
    declare("testing.errand", lambda *, number: None)
    second: list[int] = []

    def enqueue_beside() -> None:
        second.extend(enqueue_many(1))
        connection.close()

    beside = threading.Thread(target=enqueue_beside)
    with transaction.atomic():
        first = services.enqueue("testing.errand", key="0", number=0)
        beside.start()
        beside.join(timeout=0.5)
        assert beside.is_alive() and second == []
        transaction.set_rollback(not commits)
    beside.join(timeout=30)
    assert second == [Job.objects.get().pk]
    assert (second == [first]) is commits


def test_a_lease_is_renewed_while_the_work_goes_on(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "LEASE", dt.timedelta(seconds=0.6))
    others: list[Job | None] = []

    def long(*, number: int) -> None:
        for _ in range(6):
            time.sleep(0.3)
            others.append(services.claim(job_id, "other"))

    declare("testing.errand", long)
    [job_id] = enqueue_many(1)
    assert services.run(job_id)
    assert others == [None] * 6
    assert Job.objects.get().state == JobState.DONE


def test_a_lease_that_is_not_renewed_is_lost(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    monkeypatch.setattr(services, "LEASE", dt.timedelta(seconds=0.6))
    monkeypatch.setattr(services, "_renew", lambda *args: None)
    others: list[Job | None] = []

    def long(*, number: int) -> None:
        time.sleep(0.9)
        others.append(services.claim(job_id, "other"))

    declare("testing.errand", long)
    [job_id] = enqueue_many(1)
    services.run(job_id)
    assert others[0] is not None

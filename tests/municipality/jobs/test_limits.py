"""No job runs longer than its kind allows; past its limit it goes back by the rules of a retry, with the reason."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from municipality.jobs import registry, services, tasks
from municipality.jobs.models import Job, JobState

LIMIT = 1


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], Job]:
    """`slow(handler)`: an enqueued job of a kind that may take one second."""

    def make(handler: Callable[[], None]) -> Job:
        monkeypatch.setitem(registry.JOB_KINDS, "testing.slow", registry.JobKind("testing.slow", handler, "bulk", LIMIT))
        with transaction.atomic():
            return Job.objects.get(pk=services.enqueue("testing.slow", key="1"))

    return make


@pytest.fixture
def soft_limit() -> Iterator[None]:
    """What Celery does in a process worker, by a signal that interrupts a wait inside C as well."""

    def interrupt(*_: object) -> None:
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_job_past_its_limit_is_stopped_and_due_again_with_the_reason(open_db: None, slow: Any, soft_limit: None) -> None:
    job = slow(lambda: time.sleep(120))
    began = time.monotonic()
    assert services.run(job.pk)
    assert time.monotonic() - began < 60
    job.refresh_from_db()
    assert (job.state, job.tries, job.lease_owner) == (JobState.QUEUED, 1, "")
    assert job.due_at > job.created_at
    assert job.last_error.splitlines()[-1] == "The limit of testing.slow is 1 seconds"


def test_without_the_limit_the_job_would_run_on(open_db: None, slow: Any) -> None:
    """The red control: the same job ends when it likes."""
    job = slow(lambda: time.sleep(LIMIT + 0.5))
    assert services.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_the_eighth_time_over_the_limit_is_for_a_person_to_see(open_db: None, slow: Any, soft_limit: None) -> None:
    job = slow(lambda: time.sleep(120))
    Job.objects.filter(pk=job.pk).update(tries=services.MAX_TRIES - 1)
    services.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DEAD
    assert "The limit of testing.slow" in job.last_error


def test_each_bell_carries_the_limits_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.run, "apply_async", lambda **options: sent.append(options))
    tasks._dispatch(7, "messages", "notifications.deliver")
    most = registry.JOB_KINDS["notifications.deliver"].time_limit
    assert most == sent[0]["soft_time_limit"] < sent[0]["time_limit"] <= most + 15


def test_every_limit_fits_into_the_time_that_a_worker_is_given_to_leave(root: Any) -> None:
    import yaml

    compose = yaml.safe_load((root / "docker-compose.yml").read_text(encoding="utf8"))
    grace = int(compose["services"]["worker"]["stop_grace_period"].removesuffix("s"))
    for kind in registry.JOB_KINDS.values():
        assert 0 < kind.time_limit + registry.END_AFTER < grace, kind.name


def test_a_lease_is_not_kept_for_a_job_that_cannot_be_interrupted(open_db: None, slow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "END_AFTER", -LIMIT)
    monkeypatch.setattr(services, "LEASE", services.LEASE / 1000)
    job = slow(lambda: None)
    assert services.claim(job.pk, "a thread that waits for ever") is not None
    keeper = threading.Thread(target=services._renew, args=(job.pk, "a thread that waits for ever", threading.Event(), LIMIT), daemon=True)
    keeper.start()
    keeper.join(5)
    assert not keeper.is_alive()

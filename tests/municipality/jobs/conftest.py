"""Kinds of jobs made for one test, and a list of what was dispatched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.jobs import registry, services
from municipality.jobs.models import Job
from tests.open_database import open_db  # noqa: F401

Declare = Callable[..., None]


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """`declare("testing.errand", function)` for this test only; with `seconds` it is a schedule as well."""

    def make(name: str, handler: Callable[..., Any], *, seconds: int = 0) -> None:
        monkeypatch.setitem(registry.JOB_KINDS, name, registry.JobKind(name, handler, "bulk", 60))
        if seconds:
            monkeypatch.setitem(registry.SCHEDULES, name, registry.Schedule(name, seconds))

    return make


@pytest.fixture
def only_own_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SCHEDULES", {})


@pytest.fixture(autouse=True)
def broker_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """No earlier failure keeps this process from dispatching; nothing receives what is dispatched unless a test takes it."""
    monkeypatch.setitem(services._broker, "away_until", 0.0)
    monkeypatch.setattr(services, "dispatch", None)


@pytest.fixture
def dispatched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of the jobs that were dispatched."""
    ids: list[int] = []
    monkeypatch.setattr(services, "dispatch", lambda job_id, queue, kind: ids.append(job_id))
    return ids


def state(job: Job) -> str:
    job.refresh_from_db()
    return str(job.state)

"""What fails in periodic work holds nothing else up, and staff find it among the failed jobs."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, connection, transaction

from municipality.jobs import services, sweeps
from municipality.jobs.models import Job
from municipality.places.models import Governorate
from tests.municipality.jobs.conftest import Declare

pytestmark = pytest.mark.django_db


def write(code: str) -> bool:
    Governorate.objects.create(code=code, iso=code, name_ar=code, name_en=code)
    if code == "B":
        raise ValueError("the second one is bad")
    return code != "D"


def written() -> list[str]:
    return list(Governorate.objects.order_by("code").values_list("code", flat=True))


def test_one_that_fails_is_taken_back_alone_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert sweeps.for_each("testing.write", ["A", "B", "C", "D"], write) == 2
    assert written() == ["A", "C", "D"]
    assert "testing.write of B failed" in caplog.text


def run_errand() -> Job:
    with transaction.atomic():
        job = Job.objects.get(pk=services.enqueue("testing.errand", key="1"))
    services.run(job.pk)
    job.refresh_from_db()
    return job


def test_the_job_fails_when_the_others_are_done_and_says_which(declare: Declare) -> None:
    after: list[int] = []

    def errand() -> None:
        sweeps.for_each("testing.write", ["A", "B", "C"], write)
        after.append(sweeps.for_each("testing.write", ["E"], write))

    declare("testing.errand", errand)
    job = run_errand()
    assert (job.state, job.tries, written(), after) == ("queued", 1, ["A", "C", "E"], [1])
    for said in ("SomeFailed", "testing.write of B: ValueError: the second one is bad", 'raise ValueError("the second one is bad")'):
        assert said in job.last_error


def test_a_job_in_which_nothing_fails_is_done(declare: Declare) -> None:
    declare("testing.errand", lambda: sweeps.for_each("testing.write", ["A", "C"], write))
    assert (run_errand().state, written()) == ("done", ["A", "C"])


@pytest.mark.parametrize("error", [SoftTimeLimitExceeded(), InterfaceError("connection already closed")])
def test_what_ends_the_whole_run_is_not_one_rows_failure(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def work(code: str) -> Any:
        seen.append(code)
        raise error

    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with pytest.raises(type(error)):
        sweeps.for_each("testing.write", ["A", "B"], work)
    assert seen == ["A"]

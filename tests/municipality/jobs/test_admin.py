"""The operator's page of the outbox."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.roles import ensure_roles
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    ensure_roles()
    return StaffFactory(groups=["operator"])


def job(state: str = JobState.DEAD, key: str = "attempt:1") -> Job:
    return Job.objects.create(
        kind="testing.errand",
        key=key,
        queue="bulk",
        state=state,
        due_at=clock.now(),
        created_at=clock.now(),
        tries=8,
        last_error="Trace\nsecret\nOSError: closed",
    )


def retry(client: Client, row: Job, method: str = "post") -> int:
    return int(getattr(client, method)(reverse("admin:jobs_job_retry", args=[row.pk])).status_code)


@pytest.mark.parametrize("state", [JobState.DEAD, JobState.ON_HOLD])
def test_an_operator_retries_and_it_is_recorded(operator: User, state: str) -> None:
    row, client = job(state), signed_in(operator)
    page = client.get(reverse("admin:jobs_job_change", args=[row.pk]))
    assert reverse("admin:jobs_job_retry", args=[row.pk]) in page.content.decode()
    assert retry(client, row, "get") == 200
    row.refresh_from_db()
    assert row.state == state
    assert retry(client, row) == 302
    row.refresh_from_db()
    assert (row.state, row.tries) == (JobState.QUEUED, 0)
    act = AuditEvent.objects.get(action="job.retried")
    assert (act.actor_key, act.actor_role, act.subject, act.data["was"]) == (operator.key, "operator", f"job:{row.pk}", state)


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE])
def test_a_job_that_waits_for_nobody_is_not_retried(operator: User, state: str) -> None:
    row, client = job(state), signed_in(operator)
    assert (
        reverse("admin:jobs_job_retry", args=[row.pk]) not in client.get(reverse("admin:jobs_job_change", args=[row.pk])).content.decode()
    )
    assert retry(client, row) == 302
    row.refresh_from_db()
    assert row.state == state
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "officer", "rule_publisher"])
def test_another_role_may_not_retry(role: str) -> None:
    ensure_roles()
    row, client = job(), signed_in(StaffFactory(groups=[role], login=role))
    assert retry(client, row) == 403
    assert retry(client, row, "get") == 403
    row.refresh_from_db()
    assert row.state == JobState.DEAD


def test_rank_alone_does_not_retry() -> None:
    row, client = job(), signed_in(StaffFactory(login="root", is_superuser=True))
    assert retry(client, row) == 403


def test_the_list_is_filtered_by_state_and_shows_no_trace(operator: User) -> None:
    client = signed_in(operator)
    failed = job(JobState.DEAD, "dead-one")
    row = job(JobState.DONE, "done-one")
    address = reverse("admin:jobs_job_changelist")
    links = {one: reverse("admin:jobs_job_change", args=[one.pk]) for one in (failed, row)}
    for query, listed in (({}, {failed}), ({"state": "done"}, {row}), ({"state": "all"}, {failed, row})):
        page = client.get(address, query).content.decode()
        assert {one for one, link in links.items() if link in page} == listed
        assert "dead-one" not in page, "no keys in the list"
    shown = client.get(reverse("admin:jobs_job_change", args=[row.pk])).content.decode()
    assert "OSError: closed" in shown
    assert "secret" not in shown


def test_the_queues_are_filtered_by_their_labels(operator: User) -> None:
    job()
    page = signed_in(operator).get(reverse("admin:jobs_job_changelist")).content.decode()
    assert "?queue=bulk" in page and ">في الخلفية</a>" in page and ">Bulk</a>" not in page

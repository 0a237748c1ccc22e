"""The operator's page of deliveries: what failed, why, and another try."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.roles import ensure_roles
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.notifications.models import Channel, Delivery, DeliveryState, Message
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory, StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    ensure_roles()
    return StaffFactory(groups=["operator"])


def delivery(state: str = DeliveryState.FAILED, reason: str = "exhausted") -> Delivery:
    words = dict.fromkeys(("title_ar", "title_en", "body_ar", "body_en", "short_ar", "short_en"), "x")
    message = Message.objects.create(person=PersonFactory(), kind="testing.greeting", key="1", created_at=clock.now(), **words)
    return Delivery.objects.create(message=message, channel=Channel.SMS, state=state, reason=reason)


def pages(row: Delivery) -> tuple[str, str]:
    return tuple(reverse(f"admin:notifications_delivery_{name}", args=[row.pk]) for name in ("change", "retry"))  # type: ignore[return-value]


def test_an_operator_reads_why_and_tries_again(operator: User) -> None:
    row, client = delivery(), signed_in(operator)
    change, retry = pages(row)
    assert "تعذّرت كل المحاولات" in client.get(reverse("admin:notifications_delivery_changelist")).content.decode()
    assert retry in client.get(change).content.decode()
    assert client.get(retry).status_code == 200
    row.refresh_from_db()
    assert row.state == DeliveryState.FAILED
    assert client.post(retry).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.reason) == (DeliveryState.WAITING, "")
    assert Job.objects.get().args == {"delivery_id": row.pk}
    act = AuditEvent.objects.get(action="delivery.retried")
    assert (act.actor_key, act.subject, act.data["was"]) == (operator.key, f"delivery:{row.pk}", "exhausted")


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.WAITING, DeliveryState.SKIPPED])
def test_what_has_not_failed_is_not_tried_again(operator: User, state: str) -> None:
    row, client = delivery(state, ""), signed_in(operator)
    change, retry = pages(row)
    assert retry not in client.get(change).content.decode()
    assert client.post(retry).status_code == 302
    assert not Job.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "officer"])
def test_another_role_may_not_try_again(role: str) -> None:
    ensure_roles()
    row = delivery()
    client: Client = signed_in(StaffFactory(groups=[role], login=role))
    assert client.post(pages(row)[1]).status_code == 403
    row.refresh_from_db()
    assert row.state == DeliveryState.FAILED

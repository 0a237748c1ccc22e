"""The operator's page of deliveries: what failed, why, and another try."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.roles import ensure_roles
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.notifications import sms
from municipality.notifications.models import CallOutcome, Channel, Delivery, DeliveryState, Message, NotReached, NotReachedCause
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory, StaffFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/notifications/delivery/"


@pytest.fixture
def operator() -> User:
    ensure_roles()
    return StaffFactory(groups=["operator"])


def delivery(
    state: str = DeliveryState.FAILED, reason: str = "exhausted", key: str = "1", person: User | None = None, kind: str = "testing.greeting"
) -> Delivery:
    words = dict.fromkeys(("title_ar", "title_en", "body_ar", "body_en", "short_ar", "short_en"), "x")
    message = Message.objects.create(person=person or PersonFactory(), kind=kind, key=key, created_at=clock.now(), **words)
    return Delivery.objects.create(message=message, channel=Channel.SMS, state=state, reason=reason)


def pages(row: Delivery) -> tuple[str, str]:
    return tuple(reverse(f"admin:notifications_delivery_{name}", args=[row.pk]) for name in ("change", "retry"))  # type: ignore[return-value]


def test_an_operator_reads_why_and_tries_again(operator: User) -> None:
    row, client = delivery(), signed_in(operator)
    change, retry = pages(row)
    page = client.get(LIST).content.decode()
    assert "تعذّرت كل المحاولات" in page and f"…{row.message.person.phone[-3:]}" in page and row.message.person.phone not in page
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


@pytest.mark.parametrize("kind", ["reports.closed", "reports.banned", "reports.ban_kept"])
def test_the_address_of_a_reporter_does_not_stand_beside_the_report(operator: User, kind: str) -> None:
    """The control is another kind of message to the same person."""
    person, client = PersonFactory(), signed_in(operator)
    shown = f"…{person.phone[-3:]}"
    row = delivery(person=person, kind=kind)
    assert all(shown not in client.get(page).content.decode() for page in (LIST, pages(row)[0]))
    delivery(person=person, key="2")
    assert shown in client.get(LIST).content.decode()


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


def test_the_first_page_and_the_list_name_what_failed_and_reached_nobody(operator: User) -> None:
    person = PersonFactory()
    lost, read, mailed, called = (delivery(key=str(n), person=person) for n in range(4))
    Message.objects.filter(pk=read.message_id).update(read_at=clock.now())
    Delivery.objects.create(message=mailed.message, channel=Channel.EMAIL, state=DeliveryState.SENT, sent_at=clock.now())
    outcome = {"called_at": clock.now(), "called_by": operator, "outcome": CallOutcome.SPOKEN}
    NotReached.objects.create(message=called.message, cause=NotReachedCause.FAILED, since=clock.now(), **outcome)
    client = signed_in(operator)
    client.cookies["staff_language"] = "en"
    home = client.get("/admin/").content.decode()
    assert "One message failed and reached nobody" in home and "Written at:" in home
    assert "records incidents by itself" in home
    page = client.get(LIST).content.decode()
    assert pages(lost)[0] in page and not any(pages(row)[0] in page for row in (read, mailed, called))
    page = client.get(LIST, {"state": "failed"}).content.decode()
    assert all(words in page for words in ("Yes: opened in the portal", "Yes: e-mail", "Called: Spoken with", "No: only in the person"))


def test_chosen_messages_are_tried_again_at_once_except_those_at_their_limit(operator: User, settings: Any) -> None:
    settings.SMS_PER_DAY = 1
    person, other = PersonFactory(), PersonFactory(noura=True)
    free, sent = delivery(key="1", person=person), delivery(DeliveryState.SENT, "", key="3", person=person)
    limited = delivery(reason="limit", key="2", person=other)
    sms.count_message(other.phone, idempotency_key="earlier")
    chosen = {"action": "try_again", "index": "0", "_selected_action": [row.pk for row in (free, limited, sent)]}
    auditor = signed_in(StaffFactory(groups=["auditor"], login="auditor"))
    assert "_selected_action" not in auditor.get(LIST).content.decode()
    auditor.post(f"{LIST}?state=all", chosen)
    assert not Job.objects.exists()
    client = signed_in(operator)
    client.cookies["staff_language"] = "en"
    assert "_selected_action" in client.get(LIST).content.decode()
    page = client.post(f"{LIST}?state=all", chosen, follow=True).content.decode()
    assert "One message will be sent now." in page and "One message is not sent" in page
    assert Job.objects.get().args == {"delivery_id": free.pk}
    assert AuditEvent.objects.get(action="delivery.retried").subject == f"delivery:{free.pk}"
    assert pages(limited)[1] not in client.get(pages(limited)[0]).content.decode(), "no button that refuses"

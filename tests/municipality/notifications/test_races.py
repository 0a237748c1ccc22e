"""The same message from two transactions at once: real connections and threads, so PostgreSQL only."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from municipality.jobs.models import Job
from municipality.notifications import services
from municipality.notifications.models import Delivery, Message
from tests.factories.accounts import PersonFactory
from tests.municipality.notifications.conftest import GREETING, Make
from tests.open_database import on_postgres

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def real_database(open_db: None) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")


@pytest.mark.parametrize("commits", [True, False])
def test_who_sends_beside_an_open_transaction_gets_the_message_that_stands_in_the_end(make_kind: Make, *, commits: bool) -> None:
    """One message with one delivery and one job a channel, whichever of the two made it."""
    make_kind("testing.greeting", GREETING, path=lambda self, context: "/messages/")
    salim = PersonFactory()
    second: list[Message] = []

    def send() -> Message:
        return services.send("testing.greeting", person=salim, key="case-1", context={"shop": "x", "number": "1"})

    def send_beside() -> None:
        with transaction.atomic():
            second.append(send())
        connection.close()

    beside = threading.Thread(target=send_beside)
    with transaction.atomic():
        first = send()
        beside.start()
        beside.join(timeout=0.5)
        assert beside.is_alive() and second == []
        transaction.set_rollback(not commits)
    beside.join(timeout=30)
    assert second == [Message.objects.get()]
    assert (second == [first]) is commits
    assert Delivery.objects.count() == Job.objects.filter(kind="notifications.deliver").count() == 2

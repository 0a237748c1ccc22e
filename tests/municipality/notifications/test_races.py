"""The same message from two transactions at once: real connections and threads, so PostgreSQL only."""

from __future__ import annotations

import contextlib
import threading

import pytest
from django.db import connection, transaction

from municipality.jobs.models import Job
from municipality.notifications import services
from municipality.notifications.models import Delivery, Message, NotReached
from tests.factories.accounts import PersonFactory
from tests.municipality.notifications.conftest import GREETING, Make
from tests.open_database import on_postgres
from tests.threads import PATIENCE, at_once, without_lock

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


@pytest.mark.parametrize("locked", [True, False])
def test_two_channels_that_fail_at_once_still_list_the_message(make_kind: Make, monkeypatch: pytest.MonkeyPatch, *, locked: bool) -> None:
    """Without the lock on the message (the red control), each failure sees the other channel as waiting and nobody is called."""
    make_kind("testing.notice", GREETING, legal="notices")
    with transaction.atomic():
        message = services.send("testing.notice", person=PersonFactory(), key="case-1", context={"shop": "x", "number": "1"})
    together, fall_back = threading.Barrier(2), services._fall_back

    def meet() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(PATIENCE if locked else 60)

    def fall_back_together(failed: Message) -> None:
        """Both have closed their delivery before either looks at the other one, and both have looked before either commits."""
        meet()
        fall_back(failed)
        meet()

    monkeypatch.setattr(services, "_fall_back", fall_back_together)
    if not locked:
        without_lock(monkeypatch)
    rows = list(Delivery.objects.filter(message=message).select_related("message__person"))
    assert at_once(*(lambda row=row: services._fail(row, "refused") for row in rows)) == [None, None]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
    assert NotReached.objects.filter(message=message).exists() is locked

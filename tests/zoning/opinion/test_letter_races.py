"""A letter recorded as returned while its body is about to be recorded as silent: real connections and threads, so PostgreSQL only."""

from __future__ import annotations

import threading
from contextvars import copy_context

import pytest
from django.db import connection, transaction

from municipality.notifications import letters
from municipality.notifications.models import Letter
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.open_database import on_postgres
from tests.threads import without_lock
from zoning.opinion.services import consultations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def real_database(transactional_db: None) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")


@pytest.mark.parametrize("locked", [True, False])
def test_a_body_is_not_silent_while_its_letter_comes_back(
    request: pytest.FixtureRequest, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch, *, locked: bool
) -> None:
    """Without the lock (the red control), the body is silent although its letter never arrived."""
    with transaction.atomic():
        opinion = request.getfixturevalue("opinion")
        sender = StaffFactory(groups=["operator"])
        row = Letter.objects.get(code="fire")
        letters.mark_posted(letter=row, sender=sender)
    row.refresh_from_db()
    assert row.sent_at is not None
    frozen_clock.move(days=12)
    if not locked:
        without_lock(monkeypatch)
    count: list[int] = []

    def look() -> None:
        count.append(consultations.mark_silent())
        connection.close()

    beside = threading.Thread(target=copy_context().run, args=(look,))
    with transaction.atomic():
        letters.mark_returned(letter=row, sender=sender, sent=row.sent_at.isoformat(), words="no such post box")
        beside.start()
        beside.join(timeout=2)
        assert beside.is_alive() is locked
    beside.join(timeout=30)
    assert count == [0 if locked else 1]
    assert (opinion.consultations.get(code="fire").silent_at is None) is locked
    assert Letter.objects.get(pk=row.pk).state == "failed"

"""A letter recorded as returned while its report comes back by its day: real connections and threads, so PostgreSQL only."""

from __future__ import annotations

import threading
from contextvars import copy_context

import pytest
from django.db import connection, transaction

from municipality.kernel.errors import Refused
from municipality.notifications import letters
from municipality.notifications.models import Letter
from reports.models import Report
from reports.triage import services
from reports.triage.services.letters import HandOverLetter
from tests.conftest import Clock
from tests.factories import reports
from tests.factories.accounts import StaffFactory
from tests.open_database import on_postgres

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def real_database(transactional_db: None) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")


def asked_in_one(letter: HandOverLetter, key: str) -> bool:
    """As `awaits`, but the hand-over is read by the statement that waits for the lock, so as it was before."""
    rows = Report.objects.select_for_update(of=("self",)).filter(hand_overs=int(key), hand_overs__returned_at__isnull=True)
    return rows.first() is not None


@pytest.mark.parametrize("is_read_again", [True, False])
def test_a_letter_does_not_come_back_to_a_report_that_just_did(
    request: pytest.FixtureRequest, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch, *, is_read_again: bool
) -> None:
    """Where the report is not read again after it was locked (the red control), the letter counts as not sent although its report is
    back by the day of the body.
    """
    with transaction.atomic():
        request.getfixturevalue("inspectors")
        report = reports.assigned()
        services.hand_over(report=report, inspector=report.inspector, body="paaf", code="not_ours")
        sender, letter = StaffFactory(groups=["operator"]), Letter.objects.get()
        letters.mark_posted(letter=letter, sender=sender)
    letter.refresh_from_db()
    sent = letter.sent_at.isoformat() if letter.sent_at else ""
    frozen_clock.move(days=30)
    if not is_read_again:
        monkeypatch.setattr(HandOverLetter, "awaits", asked_in_one)
    found: list[str] = []

    def mark() -> None:
        try:
            letters.mark_returned(letter=letter, sender=sender, sent=sent, words="no such post box")
            found.append("returned")
        except Refused as refusal:
            found.append(refusal.code)
        connection.close()

    beside = threading.Thread(target=copy_context().run, args=(mark,))
    with transaction.atomic():
        assert services.come_back() == 1
        beside.start()
        beside.join(timeout=2)
        assert beside.is_alive(), "it waits for the report"
    beside.join(timeout=30)
    assert found == ["body_answered" if is_read_again else "returned"]
    assert Letter.objects.get().state == ("sent" if is_read_again else "failed")
    assert [one.move for one in Report.objects.get().events.order_by("-pk")[:1]] == ["come_back"]

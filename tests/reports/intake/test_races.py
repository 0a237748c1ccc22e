"""The same report at the same instant, with its guards and without them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from municipality.accounts import limits
from municipality.kernel.errors import Refused
from reports.intake import services
from reports.intake.services import Received, ReportPlace
from reports.models import Report
from reports.reporters import services as reporters
from reports.reporters.services import Sender
from tests.database_guards import without_uniqueness
from tests.factories import reports
from tests.published_rules import publish_rules
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
SENDER = Sender(device="phone-1")


@pytest.fixture(autouse=True)
def _rules(transactional_db: None) -> None:
    publish_rules()


def _same_at_once(times: int) -> list[Any]:
    sent = reports.sent()
    return at_once(*(lambda: services.receive(sent, SENDER) for _ in range(times)))


def test_the_same_report_at_once_is_stored_once_and_everybody_is_told_its_number() -> None:
    ends = _same_at_once(12)
    assert all(isinstance(end, Received) for end in ends), ends
    assert len({end.report.pk for end in ends}) == sum(end.is_new for end in ends) == Report.objects.count() == 1


def test_without_its_unique_key_it_is_stored_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporters, "secret_of", lambda key: uuid4().hex)  # made of the key, and unique too
    with without_uniqueness("reports_report", "key"):
        _same_at_once(8)
        assert Report.objects.count() > 1


def _others_at_once(start: int, times: int) -> list[Any]:
    """What became of as many different reports of one sender, from different places."""
    sent = [reports.sent(place=ReportPlace(latitude=29.2 + number / 100, longitude=48.0)) for number in range(start, start + times)]
    return at_once(*(lambda one=one: services.receive(one, SENDER) for one in sent))  # type: ignore[misc]


@pytest.mark.parametrize("locked", [True, False])
def test_the_last_of_an_hour_is_taken_once_because_its_count_is_locked(locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten an hour: after nine, twenty at once. Without the lock of the count they all read nine."""
    for number in range(9):
        services.receive(reports.sent(place=ReportPlace(latitude=29.2 + number / 100, longitude=48.0)), SENDER)
    if not locked:
        read = (
            "SELECT v.key, coalesce(t.hits, v.hits::jsonb) FROM (VALUES {rows}) v (key, hits, at) LEFT JOIN accounts_throttle t USING (key)"
        )
        monkeypatch.setattr(limits, "_ROWS", read)
    ends = _others_at_once(9, 20)
    stored, refused = (sum(isinstance(end, kind) for end in ends) for kind in (Received, Refused))
    assert stored + refused == 20 and Report.objects.count() == 9 + stored, ends
    assert stored == 1 if locked else stored > 1

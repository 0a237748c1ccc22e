"""The acknowledgement of a notification under load, and none at all while the database is away (goal P10)."""

from __future__ import annotations

import os

import pytest
import requests

from tests.tools.chaos.notification_load import bodies, database_away, load, post
from tools.chaos.portal import FULL, Portal, size
from tools.stack.running import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.redis, pytest.mark.postgres, pytest.mark.timeout(3600)]
A_SECOND = size(10, 50)
SECONDS = int(os.environ.get("CHAOS_SECONDS", str(size(6, 600))))


def test_every_notification_is_acknowledged_in_time(portal: Portal) -> None:
    found = load(portal, bodies(portal, size(5, 60)), a_second=A_SECOND, seconds=SECONDS)
    assert not found.wrong
    assert len(portal.sql("SELECT 1 FROM payments_gatewaymessage WHERE kind = 'notification'")) >= len(found.took)
    if FULL:  # on a machine that does nothing else
        assert found.p99 <= 0.5 and found.took[-1] <= 2


def test_a_bank_that_is_slow_to_answer_us_keeps_no_acknowledgement_waiting(portal: Portal) -> None:
    found = load(portal, bodies(portal, 5, "slow_tranpipe:2"), a_second=5, seconds=4)
    assert not found.wrong and found.median < 1


def test_no_acknowledgement_while_the_database_is_away_and_one_when_it_is_back(portal: Portal) -> None:
    body, line = bodies(portal, 1)[0]
    with requests.Session() as session:
        assert post(portal, session, body)[:2] == (200, line)
        with database_away(portal):
            slowest = 0.0
            for _ in range(size(10, 100)):
                status, text, seconds = post(portal, session, body)
                assert status == 503 and "REDIRECT" not in text
                slowest = max(slowest, seconds)
        print(f"\n503 after at most {slowest * 1000:.0f} ms while the database was away")
        if FULL:
            assert slowest <= 2
        wait_until(lambda: post(portal, session, body)[:2] == (200, line), 60, "an acknowledgement")

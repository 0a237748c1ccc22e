"""The same faults over a worker without its guards: each must do harm, else the tests beside this file prove nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.tools.chaos.notification_load import bodies, database_away, load, post
from tools.chaos.portal import Broker, Portal
from tools.stack.running import Template, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.postgres, pytest.mark.redis]


@pytest.fixture(scope="module")
def careless(stack_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal of its own, to be damaged; four jobs at a time."""
    if not stack_template.servers.redis:
        pytest.skip("Redis is not given (REDIS_URL)")
    broker = Broker()
    broker.start()
    own, folder = stack_template.copy(tmp_path_factory.mktemp("careless"))
    running = Portal(own, folder, broker, careless=True)
    try:
        yield running.start()
    finally:
        running.stop()
        broker.stop()


@pytest.fixture
def portal(careless: Portal) -> Iterator[Portal]:
    careless.revive()
    yield careless
    careless.gaps()
    careless.disarm()


def test_without_counting_deaths_a_poison_job_kills_on_and_on(portal: Portal) -> None:
    portal.gaps("endless")
    killing = portal.ask("enqueue_job", kind="licensing.supersede", key="killer", ids={"licence_id": 10**9})

    def has_killed_often() -> bool:
        portal.arm("worker", "licensing.supersede.claimed")
        portal.ask("waiting", pass_time=True)
        return bool(portal.ask("job", pk=killing)["lost_workers"] > 3)

    wait_until(has_killed_often, 240, "a fourth death")
    assert portal.ask("job", pk=killing)["state"] != "dead"
    portal.disarm()
    portal.sql("DELETE FROM jobs_job WHERE id = %s", killing)


def test_without_the_sweep_a_job_whose_bell_is_lost_stays(portal: Portal) -> None:
    (renewal,) = portal.at_bank(1)
    portal.drain()
    portal.gaps("no_sweep")
    time.sleep(1.5)
    portal.pay([renewal])
    assert portal.broker is not None
    portal.broker.flush()
    time.sleep(6)
    assert portal.ask("waiting", pass_time=True) > 0
    assert portal.outcome([renewal])[0]["receipts"] == 0
    # With every gap closed this worker does everything once: the gaps are all that differs.
    portal.gaps()
    portal.ask("inquire_again", trackids=[renewal["trackid"]], times=5)
    portal.prove_issued([renewal])
    assert [finding for finding in portal.ask("damage") if "supersede" not in finding] == []


def test_a_message_with_a_new_key_for_each_try_is_doubled_by_a_kill(portal: Portal) -> None:
    renewals = portal.at_bank(1)
    portal.drain()
    before = portal.texts()
    portal.gaps("new_keys")
    portal.arm("worker", "message.sms.handed_over")
    portal.pay(renewals)  # one text message goes out, about the licence
    wait_until(lambda: not portal.still_armed(), 60, "the kill")
    portal.drain()
    sent = [(message["to"], message["text"]) for message in portal.text_messages() if message["idempotency_key"] not in before]
    assert len(sent) == 2 and len(set(sent)) == 1


def test_a_job_that_ends_when_it_is_taken_is_lost_by_a_kill(portal: Portal) -> None:
    portal.gaps("early_end")
    (renewal,) = portal.at_bank(1)
    portal.drain()
    portal.arm("worker", "health_licence.sealed")
    portal.pay([renewal])
    wait_until(lambda: not portal.still_armed(), 60, "the kill")
    portal.drain()
    time.sleep(3)
    portal.drain()
    book = portal.outcome([renewal])[0]
    assert (book["state"], book["receipts"], book["licences"]) == ("approved", 1, [])
    portal.ask("time_passes", minutes=15)


def test_who_believes_a_notification_gives_a_receipt_for_money_that_was_given_back(portal: Portal) -> None:
    portal.gaps("believing")
    (renewal,) = portal.at_bank(1)
    portal.behave(renewal, "ack_lost")
    portal.pay([renewal])
    wait_until(lambda: portal.outcome([renewal])[0]["receipts"] == 1, 60, "a receipt for nothing")
    assert portal.bank(f"book?trackid={renewal['trackid']}")["transactions"][0]["voided"]


def test_an_acknowledgement_that_asks_the_bank_first_waits_for_a_slow_bank(portal: Portal) -> None:
    portal.gaps("works_in_the_request")
    found = load(portal, bodies(portal, 5, "slow_tranpipe:2"), a_second=5, seconds=4)
    assert found.median >= 2 and found.p99 > 2  # with the guard: the same load in test_acknowledgement.py


def test_an_acknowledgement_of_what_was_not_stored_leaves_no_trace_of_it(portal: Portal) -> None:
    body, line = bodies(portal, 1)[0]
    with requests.Session() as session:
        assert post(portal, session, body)[:2] == (200, line)
        stored = "SELECT count(*) FROM payments_gatewaymessage WHERE kind = 'notification'"
        before = portal.sql(stored)
        portal.gaps("says_ok")
        with database_away(portal):
            status, text, _seconds = post(portal, session, body)
        assert status == 200 and text.startswith("REDIRECT=")
        portal.gaps()
        wait_until(lambda: post(portal, session, body)[:2] == (200, line), 60, "an acknowledgement that is true")
        assert portal.sql(stored)[0][0] == before[0][0] + 1  # the last one; the bank was told so of another one as well


def test_without_lock_row_count_and_unique_key_duplicates_give_more_receipts_than_payments(portal: Portal) -> None:
    assert portal.ask("drop_guards", table="payments_receipt", column="allocation_id") >= 1
    portal.gaps("no_lock")
    renewals = portal.at_bank(5)
    for renewal in renewals:
        portal.behave(renewal, "duplicate_notification:50")
    with portal.held("worker"):  # what it finds when it wakes is done at once, four jobs at a time
        portal.pay(renewals, at_once=2)
        portal.ask("inquire_again", trackids=[renewal["trackid"] for renewal in renewals], times=10)
    wait_until(lambda: sum(book["receipts"] for book in portal.outcome(renewals)) > len(renewals), 90, "a receipt too many")
    wait_until(lambda: [found for found in portal.ask("damage") if "receipts" in found], 60, "a finding about receipts")


def test_two_clocks_without_a_unique_key_do_a_slot_twice(portal: Portal) -> None:
    # The last: without its key no job can be enqueued any more.
    assert portal.ask("drop_guards", table="jobs_job", column="kind") == 1
    portal.gaps("loose_slots")
    with portal.second_clock():
        portal.ask("forget_slots")
        wait_until(lambda: max(_times(portal).values(), default=0) > 1, 60, "a slot done twice")


def _times(portal: Portal) -> Counter[Any]:
    return Counter((kind, key) for kind, key, _ in portal.ask("slots"))

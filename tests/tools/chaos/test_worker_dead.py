"""Nobody works for a while, two clocks tick, a job is poison, a worker is asked to end, the database is away."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tools.chaos.portal import Portal, size
from tools.stack.running import administer, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack]


def test_a_worker_dead_for_ten_minutes_is_reported_and_everything_is_issued_later(portal: Portal) -> None:
    portal.kill("worker")
    renewals = portal.at_bank(size(2, 20))
    portal.pay(renewals)
    assert all(n["status"] == 200 for renewal in renewals for n in portal.notifications(renewal))
    time.sleep(2)
    assert not any(book["receipts"] for book in portal.outcome(renewals))
    portal.ask("time_passes", minutes=10)
    status, told = portal.readyz()
    assert (status, told["status"]) == (200, "degraded")
    for part in ("worker", "outbox"):
        assert told["checks"][part]["status"] == "degraded"
        assert told["checks"][part]["reason"]["ar"] and told["checks"][part]["reason"]["en"]
    portal.revive()
    portal.prove_issued(renewals, seconds=120)
    wait_until(lambda: portal.ready("worker") and portal.ready("outbox"), 30, "a portal that is well")


@pytest.mark.timeout(900)
def test_two_clocks_do_each_slot_once(portal: Portal) -> None:
    with portal.second_clock():
        for _ in range(size(4, 100)):
            portal.ask("forget_slots")
            wait_until(lambda: _done(portal.ask("slots")), 30, "a new slot")
            time.sleep(1.2)  # both clocks have ticked again
            slots = wait_until(lambda: _done(portal.ask("slots")), 30, "the slots of the ticks since")
            assert max(Counter((kind, key) for kind, key, _ in slots).values()) == 1
            assert {tries for _, _, tries in slots} == {1}


def _done(slots: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """The slots, if there are some and all are done."""
    return slots if len(slots) > 1 and all(tries for _, _, tries in slots) else []


@pytest.mark.redis
def test_poison_ends_in_a_visible_row_and_others_go_on(portal: Portal) -> None:
    """A job that always fails has eight tries; one that kills its worker has three. Both then wait for a person."""
    (renewal,) = portal.at_bank(1)
    portal.pay([renewal])
    failing = portal.ask("enqueue_job", kind="licensing.issue_renewal", key="nobody's", ids={"case_id": 10**9})
    portal.arm("worker", "licensing.supersede.claimed")
    killing = portal.ask("enqueue_job", kind="licensing.supersede", key="killer", ids={"licence_id": 10**9})

    def both_are_dead() -> bool:
        portal.ask("hurry")
        portal.arm("worker", "licensing.supersede.claimed")  # just before leases end: a job claimed again unarmed would only fail
        portal.ask("waiting", pass_time=True)
        return {portal.ask("job", pk=pk)["state"] for pk in (failing, killing)} == {"dead"}

    wait_until(both_are_dead, 120, "the end of both jobs")
    portal.disarm()
    ends = portal.ask("job", pk=failing), portal.ask("job", pk=killing)
    assert (ends[0]["tries"], ends[0]["lost_workers"]) == (8, 0)
    assert "DoesNotExist" in ends[0]["error"]
    # On a slow machine the job may be claimed once while its failure is not armed; it then fails by itself.
    assert (ends[1]["tries"], ends[1]["lost_workers"]) in ((0, 2), (1, 2))
    assert "the worker died" in ends[1]["error"]
    portal.prove_issued([renewal])
    assert Counter("is dead" in finding for finding in portal.ask("damage")) == {True: 2, False: 1}  # the third counts them
    portal.ask("forget_jobs", pks=[failing, killing])


def test_a_worker_that_is_asked_to_end_finishes_or_gives_back_its_work(portal: Portal) -> None:
    renewals = portal.at_bank(size(2, 20))
    portal.drain()
    lost_workers = portal.sql("SELECT sum(lost_workers) FROM jobs_job")
    portal.pay(renewals)
    wait_until(lambda: portal.sql("SELECT 1 FROM jobs_job WHERE state = 'running' AND queue = 'documents'"), 60, "a licence being drawn")
    began = time.monotonic()
    portal.running["worker"].terminate()
    portal.running["worker"].wait(timeout=60)
    assert time.monotonic() - began < 60
    assert portal.sql("SELECT count(*) FROM jobs_job WHERE state = 'running'")[0][0] == 0
    portal.revive()
    portal.prove_issued(renewals)
    assert portal.sql("SELECT sum(lost_workers) FROM jobs_job") == lost_workers


@pytest.fixture
def no_database(portal: Portal) -> Iterator[None]:
    """The database takes no connection, and drops those it has."""
    name = urlsplit(portal.servers.database).path[1:]
    administer(portal.servers.database, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    administer(portal.servers.database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    yield
    administer(portal.servers.database, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.mark.postgres
def test_without_a_database_no_notification_is_acknowledged_and_the_bank_gives_the_money_back(
    portal: Portal, request: pytest.FixtureRequest
) -> None:
    (renewal,) = portal.at_bank(1)
    portal.drain()
    request.getfixturevalue("no_database")
    began = time.monotonic()
    portal.pay([renewal])
    assert time.monotonic() - began < 5
    assert [n["status"] for n in portal.notifications(renewal)] == [503]
    assert portal.bank(f"book?trackid={renewal['trackid']}")["transactions"][0]["voided"]
    status, told = portal.readyz()
    assert (status, told["status"], told["checks"]["database"]["status"]) == (503, "down", "down")

    administer(portal.servers.database, f"ALTER DATABASE {urlsplit(portal.servers.database).path[1:]} ALLOW_CONNECTIONS true")
    wait_until(lambda: portal.readyz()[0] == 200, 60, "a portal with its database")
    portal.ask("hurry", trackid=renewal["trackid"])
    wait_until(lambda: portal.outcome([renewal])[0]["attempts"][renewal["trackid"]] == "declined", 60, "bank response")
    assert portal.outcome([renewal])[0]["receipts"] == 0
    again = renewal | portal.ask("pay_again", case=renewal["case"])
    portal.visit(again)
    portal.pay([again])
    portal.prove_issued([again])

"""Redis emptied and Redis gone: the jobs stand in the database, the broker only dispatches them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tools.chaos.citizen import Citizen
from tools.chaos.portal import Broker, Portal, size
from tools.stack.running import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.redis]
PAGES = (
    "/ar/",
    "/en/",
    "/ar/health-licence/",
    "/en/privacy/",
    "/ar/sign-in/",
    "/en/sign-in/",
    "/en/track/",
    "/verify/",
    "/healthz",
    "/readyz",
)
OWN_PAGES = ("/en/my-shops/", "/en/my-requests/", "/en/messages/", "/en/profile/", "/ar/my-shops/", "/ar/my-requests/")


@pytest.fixture
def stopped(portal: Portal, broker: Broker) -> Iterator[Broker]:
    """Redis is not there; afterwards it is, empty."""
    broker.stop()
    yield broker
    if not broker.is_running:
        broker.start()


@pytest.mark.timeout(1800)
def test_a_broker_emptied_again_and_again_during_work_loses_nothing(portal: Portal, broker: Broker) -> None:
    renewals = portal.at_bank(size(3, 40))
    done = threading.Event()

    def empty() -> None:
        while not done.wait(0.7):
            broker.flush()

    emptying = threading.Thread(target=empty)
    emptying.start()
    try:
        portal.pay(renewals)
        wait_until(lambda: _issued(portal, renewals) * 2 > len(renewals), 60 + 10 * len(renewals), "work under a broker that forgets")
    finally:
        done.set()
        emptying.join()
    portal.prove_issued(renewals, seconds=300)


def _issued(portal: Portal, renewals: list[dict[str, Any]]) -> int:
    portal.ask("waiting", pass_time=True)
    return sum(book["state"] == "issued" for book in portal.outcome(renewals))


@pytest.mark.timeout(900)
def test_without_redis_people_read_sign_in_file_and_pay(portal: Portal, stopped: Broker) -> None:
    with Citizen(portal) as rajiv:
        assert {path: _status(rajiv, path) for path in PAGES} == dict.fromkeys(PAGES, 200)
        rajiv.sign_in("Rajiv Menhas")
        assert {path: _status(rajiv, path) for path in OWN_PAGES} == dict.fromkeys(OWN_PAGES, 200)
        rajiv.file(rajiv.renewable())
        renewal = rajiv.go_to_bank()
        portal.pay([renewal])
        assert [n["status"] for n in portal.notifications(renewal)] == [200]
        wait_until(lambda: bool(portal.ask("waiting") >= 1), 30, "an inquiry that is due and waits")

        status, told = portal.readyz()
        assert (status, told["status"], told["checks"]["redis"]["status"]) == (200, "degraded", "degraded")
        assert told["checks"]["redis"]["reason"]["ar"] and told["checks"]["redis"]["reason"]["en"]

        stopped.start()
        portal.prove_issued([renewal], seconds=120)
        wait_until(lambda: portal.ready("redis") and portal.ready("worker"), 60, "a portal that is well")


def _status(citizen: Citizen, path: str) -> int:
    citizen.get(path)
    return citizen.status

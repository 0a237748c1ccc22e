"""A short run of `script/chaos redis`."""

from __future__ import annotations

import contextlib

import pytest

from script.support import services
from tools.chaos import redis as chaos
from tools.stack.running import Servers, Template

JOBS = "SELECT kind, state, tries, due_at, last_error FROM jobs_job WHERE state IN ('queued', 'running')"
pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(900)]


def test_an_emptied_and_a_missing_redis_lose_nothing(
    servers: Servers, stack_template: Template, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = services.free_port()
    with contextlib.ExitStack() as redis:
        broker = redis.enter_context(services.redis(policy="noeviction", append_only=True, port=port))
        with chaos.running(servers, stack_template, tmp_path_factory.mktemp("redis"), broker, clock=True) as portal:
            found = chaos.flushed(portal, broker, 1, 60)
            assert (found.arrived, found.twice) == (found.enqueued, 0)
            redis.close()
            gone = chaos.away(portal, 4, 0, found.enqueued)
            assert gone.failed_pages == 0
            with services.redis(policy="noeviction", append_only=True, port=port):
                chaos.delivered_within(portal, gone.enqueued, 400)
                last = chaos.outcome(portal, gone.enqueued, 0, 0)
                logs = portal.sql(JOBS), portal.log("worker")[-4000:]
        assert (last.arrived, last.twice) == (last.enqueued, 0), f"{last} {logs}"


def test_without_the_clock_an_emptied_redis_loses_work(
    servers: Servers, stack_template: Template, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The red control: the sweep is what finds the work again."""
    with contextlib.ExitStack() as everything:
        broker = everything.enter_context(services.redis(policy="noeviction", append_only=True))
        folder = tmp_path_factory.mktemp("control")
        portal = everything.enter_context(chaos.running(servers, stack_template, folder, broker, clock=False))
        found = chaos.abandoned(portal, broker, 60)
        assert found.arrived < found.enqueued

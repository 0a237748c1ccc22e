"""The portal's processes serve, report, and come back."""

from __future__ import annotations

import signal
import urllib.request

import pytest

from tools.stack.running import Stack, wait_until

pytestmark = pytest.mark.stack


def test_every_part_of_the_portal_reports_well(stack: Stack) -> None:
    assert wait_until(lambda: stack.readyz()[1]["status"] == "ok", 60, "a portal that is well in every part")


def test_the_home_page_is_served_in_both_languages(stack: Stack) -> None:
    for language in ("ar", "en"):
        with urllib.request.urlopen(f"{stack.base_url}/{language}/", timeout=10) as answer:
            assert f'lang="{language}"' in answer.read().decode()


def test_the_demo_is_loaded_and_its_invariants_hold(stack: Stack) -> None:
    assert stack.sql("SELECT count(*) FROM shops_shop")[0][0] >= 300
    assert stack.manage("invariants").returncode == 0


def test_a_killed_worker_is_missed_and_comes_back(stack: Stack) -> None:
    before = stack.pid("worker")
    stack.kill("worker", signal.SIGKILL)
    assert not stack.alive("worker")
    stack.restart("worker")
    assert stack.pid("worker") != before
    noted = stack.sql("SELECT at FROM jobs_heartbeat WHERE part = 'worker'")
    wait_until(lambda: stack.sql("SELECT at FROM jobs_heartbeat WHERE part = 'worker'") != noted, 60, "a tick of the new worker")


def test_the_web_server_finishes_and_ends_when_asked(stack: Stack) -> None:
    stack.restart("web", signal.SIGTERM)
    assert stack.running["web"].poll() is None


@pytest.mark.parametrize(("dead", "alive"), [("beat", "worker"), ("worker", "beat")])
def test_a_dead_part_is_told_apart_from_the_living_one(stack: Stack, dead: str, alive: str) -> None:
    """Each writes its own sign of life: half a minute after its end only the dead part is missed."""
    wait_until(lambda: stack.ready("worker") and stack.ready("beat"), 60, "worker and clock")
    stack.kill(dead, signal.SIGKILL)
    try:
        wait_until(lambda: not stack.ready(dead), 60, f"{dead} to be missed")
        assert stack.ready(alive)
    finally:
        stack.start(dead)
    wait_until(lambda: stack.ready("worker") and stack.ready("beat"), 60, "both again")

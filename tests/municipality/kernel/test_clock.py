"""The clock of a test run: one beginning for all processes, apart from the machine's clock; nobody else can move it."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from municipality.kernel import clock
from script.support.environment import ROOT
from script.support.processes import clean_environment, demo_environment
from tests.architecture.production import VALID
from tools.stack.running import environment

READ = "import django; django.setup(); from municipality.kernel import clock; print(clock.now().timestamp())"


def seconds_apart(surroundings: dict[str, str]) -> float:
    """How far the portal's clock is from the machine's in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ], env=surroundings, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(told.stdout) - time.time()


def test_a_run_begins_at_one_instant_and_time_runs_on() -> None:
    beginning = dt.datetime.fromisoformat(os.environ.get("TEST_CLOCK", "2026-11-24T12:00:00+03:00"))
    assert beginning <= clock.now() < beginning + dt.timedelta(hours=6)
    before = clock.now()
    time.sleep(0.01)
    assert clock.now() > before


def test_the_two_clocks_are_told_from_each_other() -> None:
    machine = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    assert abs(clock.from_machine(machine) - clock.now()) < dt.timedelta(seconds=1)
    assert clock.to_machine(clock.from_machine(machine)) == machine


def test_inside_a_journey_the_instant_stands_whatever_the_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    instant = dt.datetime(2028, 2, 29, 20, 59, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "_offset", dt.timedelta(days=5))
    with clock.at(instant):
        assert clock.now() == instant and clock.today() == dt.date(2028, 2, 29)


@pytest.mark.slow
def test_processes_of_the_tests_share_the_clock_and_no_other_settings_know_it(tmp_path: Path) -> None:
    offset = {"TEST_CLOCK_OFFSET": "86400"}
    assert abs(seconds_apart(environment(8000, tmp_path) | offset) - 86400) < 60
    assert abs(seconds_apart(demo_environment(8000, tmp_path) | offset)) < 60
    production = clean_environment() | VALID | {"DJANGO_SETTINGS_MODULE": "municipality.settings.production", "PORTAL_VAR": str(tmp_path)}
    assert abs(seconds_apart(production | offset)) < 60
    assert "TEST_CLOCK_OFFSET" not in demo_environment(8000, tmp_path)

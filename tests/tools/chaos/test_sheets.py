"""A sheet of the register in real Celery workers: killed within the dry run and the taking in, and two of them at one sheet at once.

`test_register.py` kills a process that calls the same handlers at each step of a batch; here job table, lease, broker and worker are the
real ones, and the moment is whatever the clock says.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from script.support.processes import worker
from tests.tools.chaos.register_office import DEAD, Office
from tools.chaos.portal import size
from tools.stack.running import Stack, Template, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.redis]
ROWS = size(12_000, 40_000)  # three batches and more of a dry run, six and more of the taking
KILLS = size(1, 2)  # of one job: at the third death a job waits for a person
LEASE = 40  # seconds after which a job of a dead worker is somebody else's, with what the clock needs to dispatch it
FAR = 400  # seconds


class Workers:
    """A portal of its own with Celery workers and the clock, and no web server."""

    def __init__(self, template: Template, folder: Path) -> None:
        servers, own = template.copy(folder)
        self.stack = Stack(servers, own)
        self.office = Office({**os.environ, **self.stack.environment}, own)
        self.stack.definitions["second"] = worker(self.stack.definitions["worker"].command[0], name="second")

    def sheet(self) -> dict[str, Any]:
        """How far the newest sheet is."""
        row = self.stack.sql("SELECT read, lines, checked_at, released_at, taken_line, done_at FROM imports_importfile ORDER BY id DESC")[0]
        return dict(zip(("read", "lines", "checked", "released", "taken", "done"), row, strict=True))

    def until(self, what: str, true: Any) -> None:
        wait_until(lambda: true(self.sheet()), FAR, what)

    def undisturbed(self) -> None:
        """From upload to the end by one worker."""
        self.stack.start("worker", "beat", wait=False)
        self.until("the end of the dry run", lambda sheet: sheet["checked"])
        self.office.run("release")
        self.until("the end of the taking", lambda sheet: sheet["done"])

    def lost_workers(self) -> int:
        return int(self.stack.sql("SELECT coalesce(sum(lost_workers), 0) FROM jobs_job WHERE kind LIKE 'imports.%%'")[0][0])


@contextlib.contextmanager
def uploaded(template: Template, folder: Path) -> Iterator[Workers]:
    """A portal in which a sheet was uploaded; all of them begin alike."""
    made = Workers(template, folder / "portal")
    try:
        made.office.run("prepare", str(ROWS))
        yield made
    finally:
        made.stack.stop()


@pytest.fixture(scope="module")
def expected(stack_template: Template, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How the sheet ends where nobody disturbs it."""
    with uploaded(stack_template, tmp_path_factory.mktemp("undisturbed")) as undisturbed:
        undisturbed.undisturbed()
        undisturbed.stack.end_processes()
        assert undisturbed.lost_workers() == 0
        return undisturbed.office.content()


@pytest.fixture
def portal(stack_template: Template, tmp_path: Path) -> Iterator[Workers]:
    with uploaded(stack_template, tmp_path) as made:
        yield made


def kill_within(portal: Workers, chance: random.Random, field: str, end: int) -> None:
    """`kill -9` of the worker with its children after it has begun and before it is through; then a new one."""
    began = portal.sheet()[field]
    portal.until(f"a step of {field}", lambda sheet: sheet[field] > began or sheet["done"])
    time.sleep(chance.uniform(0.05, 0.6))
    portal.stack.kill("worker", signal.SIGKILL)
    assert began < portal.sheet()[field] < end, "killed on the way"
    portal.stack.start("worker", wait=False)


@pytest.mark.timeout(3600)
def test_a_worker_killed_in_the_dry_run_and_in_the_taking_ends_as_an_undisturbed_one(portal: Workers, expected: dict[str, Any]) -> None:
    disturbed = portal
    chance = random.Random(5)
    disturbed.stack.start("worker", "beat", wait=False)
    disturbed.stack.kill("worker")  # before it took anything
    disturbed.stack.start("worker", wait=False)
    for _ in range(KILLS):
        kill_within(disturbed, chance, "read", ROWS)
    disturbed.until("the end of the dry run", lambda sheet: sheet["checked"])
    disturbed.office.run("release")
    for _ in range(KILLS):
        kill_within(disturbed, chance, "taken", ROWS + 1)
    disturbed.until("the end of the taking", lambda sheet: sheet["done"])
    assert disturbed.lost_workers() >= 2 * KILLS, "the new worker took up what the dead one held"
    found = disturbed.office.content()
    assert expected["shops"][0] > ROWS and expected["file"][-1] is True
    assert found == expected


@pytest.mark.timeout(3600)
def test_two_workers_at_one_sheet_take_each_line_once(portal: Workers, expected: dict[str, Any]) -> None:
    """Both jobs of one sheet are due at once (it was stopped and goes on while the first job still runs), in two worker processes."""
    shared = portal
    shared.stack.start("worker", "second", "beat", wait=False)
    shared.office.run("twice", "check")
    shared.until("the end of the dry run", lambda sheet: sheet["checked"])
    shared.office.run("twice", "take")
    shared.until("the end of the taking", lambda sheet: sheet["done"])
    jobs = "SELECT count(*) FROM jobs_job WHERE kind = %s AND state = 'done'"
    for kind in ("imports.check", "imports.take"):
        wait_until(lambda kind=kind: shared.stack.sql(jobs, kind)[0][0] >= 3, FAR, f"the end of both jobs of {kind}")  # type: ignore[misc]
    assert shared.office.content() == expected


def test_an_upload_that_dies_leaves_nothing_and_is_taken_once_afterwards(portal: Workers) -> None:
    one = portal
    files = "SELECT count(*) FROM imports_importfile"
    jobs = "SELECT count(*) FROM jobs_job WHERE kind = 'imports.check'"
    before = one.stack.sql(files)[0][0], one.stack.sql(jobs)[0][0]
    assert one.office.run("upload", crash_at="import.loaded")[0] == DEAD
    assert (one.stack.sql(files)[0][0], one.stack.sql(jobs)[0][0]) == before
    assert one.office.run("upload")[0] == 0
    assert (one.stack.sql(files)[0][0], one.stack.sql(jobs)[0][0]) == (before[0] + 1, before[1] + 1)

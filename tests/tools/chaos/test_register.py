"""`kill -9` of a worker at each step of a sheet of the register: resumed, it ends as an undisturbed one does, row for row."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.chaos.register_office import BATCHES, DEAD, Office
from tools.chaos.portal import size
from tools.stack.running import Stack, Template

pytestmark = [pytest.mark.chaos, pytest.mark.stack]
ROWS = size(1500, 100_000)
POINTS = {
    "check": ("import.checked", "import.check_committed"),
    "take": ("register.written", "register.indexed", "import.taken", "import.taken_committed"),
}


@pytest.fixture(scope="module")
def template(stack_template: Template) -> Template:
    return stack_template


@pytest.fixture
def offices(template: Template, tmp_path: Path) -> Iterator[list[Office]]:
    """Two portals that begin alike."""
    made = []
    with contextlib.ExitStack() as ending:
        for name in ("undisturbed", "disturbed"):
            stack = Stack(*template.copy(tmp_path / name))
            ending.callback(stack.stop)
            office = Office({**os.environ, **stack.environment}, tmp_path)
            office.run("prepare", str(ROWS))
            made.append(office)
        yield made


@pytest.mark.timeout(7200)
def test_a_worker_killed_at_each_step_of_a_sheet_ends_as_an_undisturbed_one(offices: list[Office]) -> None:
    undisturbed, disturbed = offices
    for step in ("check", "take"):
        undisturbed.step(step)
        for point in POINTS[step]:
            assert disturbed.step(step, crash_at=point) == DEAD, point
        if size(0, 1):  # and at moments that nobody chose
            chance = random.Random(7)
            for _ in range(8):
                process = disturbed.start(step, str(BATCHES[step]))
                time.sleep(chance.uniform(2.5, 7))
                process.kill()
                process.communicate()
        assert disturbed.step(step) == 0
    expected, found = undisturbed.content(), disturbed.content()
    assert expected["shops"][0] > ROWS / 2 and expected["file"][-1] is True
    assert found == expected
    assert disturbed.step("take") == 0 and disturbed.content() == expected, "once more changes nothing"


@pytest.mark.timeout(3600)
def test_a_batch_that_is_no_transaction_ends_otherwise(offices: list[Office]) -> None:
    """The red control."""
    undisturbed, torn = offices
    for office in offices:
        office.step("check")
    undisturbed.step("take")
    assert torn.step("take", crash_at="register.indexed", torn=True) == DEAD
    torn.step("take")
    expected, found = undisturbed.content(), torn.content()
    differ = {name for name in expected if expected[name] != found[name]}
    assert {"entries", "lines", "file"} <= differ

"""`kill -9` of a worker at each step of a sheet of the register: resumed, it ends as an undisturbed one does, row for row."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@contextlib.contextmanager
def begun(template: Template, folder: Path) -> Iterator[Office]:
    """A portal with the sheet; all of them begin alike."""
    stack = Stack(*template.copy(folder / "portal"))
    try:
        office = Office({**os.environ, **stack.environment}, folder)
        office.run("prepare", str(ROWS))
        yield office
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def expected(stack_template: Template, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How the sheet ends where nobody disturbs it."""
    with begun(stack_template, tmp_path_factory.mktemp("undisturbed")) as undisturbed:
        assert [undisturbed.step(step) for step in POINTS] == [0, 0]
        return undisturbed.content()


@pytest.fixture
def office(stack_template: Template, tmp_path: Path) -> Iterator[Office]:
    with begun(stack_template, tmp_path) as made:
        yield made


@pytest.mark.timeout(7200)
def test_a_worker_killed_at_each_step_of_a_sheet_ends_as_an_undisturbed_one(office: Office, expected: dict[str, Any]) -> None:
    disturbed = office
    for step in ("check", "take"):
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
    found = disturbed.content()
    assert expected["shops"][0] > ROWS / 2 and expected["file"][-1] is True
    assert found == expected
    assert disturbed.step("take") == 0 and disturbed.content() == expected, "once more changes nothing"


@pytest.mark.timeout(3600)
def test_a_batch_that_is_no_transaction_ends_otherwise(office: Office, expected: dict[str, Any]) -> None:
    """The red control."""
    torn = office
    torn.step("check")
    assert torn.step("take", crash_at="register.indexed", torn=True) == DEAD
    torn.step("take")
    found = torn.content()
    differ = {name for name in expected if expected[name] != found[name]}
    assert {"entries", "lines", "file"} <= differ

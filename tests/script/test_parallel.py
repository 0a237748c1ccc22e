"""Processes of a parallel run share no port, no Redis database and no portal by accident."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from script.support.services import free_port
from tests.conftest import TOGETHER, one_form, together
from tools.stack import running
from tools.stack.running import Servers, Template, next_redis_number, shared_template


@contextmanager
def process(monkeypatch: pytest.MonkeyPatch, number: int, of: int) -> Iterator[None]:
    """As the tests' process of that number would see itself."""
    with monkeypatch.context() as surroundings:
        surroundings.setenv("PYTEST_XDIST_WORKER", f"gw{number}")
        surroundings.setenv("PYTEST_XDIST_WORKER_COUNT", str(of))
        yield


def test_whatever_stays_together_is_there(root: Path) -> None:
    for beginning in TOGETHER:
        file, _, test = beginning.partition("::")
        assert (root / file).exists(), beginning
        assert f"def {test.partition('[')[0]}(" in (root / file).read_text(encoding="utf8") if test else True, beginning


def test_a_test_stays_with_its_file_unless_it_shares_more() -> None:
    assert together("tests/payments/test_rules.py::test_a[b::c]") == "tests/payments/test_rules.py"
    kills, broker = (f"tests/tools/chaos/test_{name}.py" for name in ("kills", "broker"))
    assert together(f"{kills}::test_a") == together(f"{broker}::test_b") != kills
    page = "tests/journeys/test_pages.py::test_a_page_is_accessible_narrow_light_and_still[chromium-{}-home]"
    assert together(page.format("ar")) != together(page.format("en"))


def test_of_each_journey_one_form_is_kept_and_every_language_comes_up() -> None:
    names = [f"test_{number}[{code}]" for number in range(4) for code in ("ar", "en")] + ["test_alone", "test_days[x]", "test_days[y]"]
    kept = one_form(names)
    assert sorted(name.partition("[")[0] for name in kept) == sorted({name.partition("[")[0] for name in names})
    assert {name.partition("[")[2] for name in kept} >= {"ar]", "en]"}


def test_each_process_has_ports_and_redis_databases_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ports, numbers = [], []
    for number in range(3):
        with process(monkeypatch, number, 3):
            ports.append({free_port(6) for _ in range(20)})
            numbers.append({next_redis_number() for _ in range(20)})
    assert max(ports[0]) < min(ports[1]) <= max(ports[1]) < min(ports[2])
    assert not numbers[0] & numbers[1] and not numbers[1] & numbers[2] and not numbers[0] & numbers[2]
    assert all(number % 2 == 1 and number < 16 for number in set().union(*numbers)), "even numbers belong to the tests' own processes"


def _use(folder: Path, both: Any) -> None:
    def make(template: Template, *_: str, **_more: str) -> Template:
        time.sleep(0.2)
        template.folder.mkdir()  # fails if it is there
        with (folder / "made").open("a") as made:
            made.write("made\n")
        return template

    running.Template.make = make  # type: ignore[method-assign]  # of this process only
    with shared_template(Servers(), folder) as template:
        assert template.folder.exists()
        both.wait(120)


def test_two_processes_make_one_template(tmp_path: Path) -> None:
    fresh = multiprocessing.get_context("spawn")
    both = fresh.Barrier(2)
    users = [fresh.Process(target=_use, args=(tmp_path, both)) for _ in range(2)]
    for user in users:
        user.start()
    for user in users:
        user.join(180)
    assert [user.exitcode for user in users] == [0, 0]
    assert (tmp_path / "made").read_text() == "made\n"
    assert not (tmp_path / "users.json").exists(), "the last one has dropped it"

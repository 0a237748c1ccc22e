"""Which files a pass reads, and which tests belong to it (tests/conftest.py)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import pytest_collection_modifyitems, pytest_ignore_collect


def ignored(path: Path, marks: str, text: str) -> bool:
    path.write_text(text, encoding="utf8")
    config: Any = SimpleNamespace(getoption={"--only-marked": marks, "--leave-whole": False}.get)
    return bool(pytest_ignore_collect(path, config))


def test_a_pass_reads_files_with_one_of_its_marks(tmp_path: Path) -> None:
    path = tmp_path / "test_one.py"
    assert not ignored(path, "stack or browser", "pytestmark = pytest.mark.browser")
    assert not ignored(path, "stack", "pytestmark = [pytest.mark.chaos, pytest.mark.stack]")
    assert ignored(path, "stack or browser", "pytestmark = pytest.mark.chaos")
    assert not ignored(path, "", "")
    assert not ignored(tmp_path / "conftest.py", "stack", "")


@pytest.mark.parametrize(("fixture", "mark"), [("browser", "browser"), ("stack", "stack"), ("stack_template", "stack")])
def test_what_drives_a_browser_or_starts_processes_says_so(fixture: str, mark: str) -> None:
    marks: list[str] = []
    item: Any = SimpleNamespace(
        nodeid="tests/test_one.py::test_one",
        get_closest_marker=lambda name: name in marks,
        add_marker=lambda _: None,
        _fixtureinfo=SimpleNamespace(initialnames=(fixture,), name2fixturedefs={}),
    )
    config: Any = SimpleNamespace(getoption=lambda _: False)
    with pytest.raises(pytest.UsageError, match=f"pytest.mark.{mark}"):
        pytest_collection_modifyitems(config, [item])
    marks.append(mark)
    pytest_collection_modifyitems(config, [item])

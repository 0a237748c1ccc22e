"""House rules that a file shows by itself."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from script.support.packages import PACKAGES
from tests.architecture.files import ROOT, name_of, of_kind, tracked

LONGEST = 420
LONGEST_TEST = 500
_TEXT = (".py", ".md", ".txt", ".in", ".toml", ".yml", ".yaml", ".html", ".css", ".js", ".po", ".csv", ".sh", ".conf", ".json", "")
_VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "handler", "handlers", "misc"}
# Built from other words so that this file does not find itself.
_UNDONE = re.compile(r"\b(" + "TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
_MACHINE = re.compile(r"(?<![\w.:])/(" + "wo" + r"rk|ro" + r"ot|ho" + r"me|Us" + r"ers)/\w")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf8")


def _lines(*suffixes: str) -> Iterator[tuple[str, int, str]]:
    for path in tracked():
        if path.suffix in suffixes:
            for number, line in enumerate(_read(path).splitlines(), 1):
                yield name_of(path), number, line


def test_no_module_grows_beyond_a_screenful_of_screens() -> None:
    lines = {path: len(_read(path).splitlines()) for path in of_kind(".py") if "migrations" not in path.parts}
    limits = {path: LONGEST_TEST if path.is_relative_to(ROOT / "tests") else LONGEST for path in lines}
    long = {name_of(path): count for path, count in lines.items() if count > limits[path]}
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [name_of(p) for p in of_kind(".py") if {p.stem, p.parent.name} & _VAGUE]
    assert vague == []


def test_nothing_is_left_for_later_in_the_code() -> None:
    left = [
        f"{name}:{number}" for name, number, line in _lines(".py", ".html", ".css", ".js", ".sh", ".toml", ".yml") if _UNDONE.search(line)
    ]
    assert left == []


def test_no_file_names_a_path_of_some_machine() -> None:
    named = [f"{name}:{number}: {line.strip()[:100]}" for name, number, line in _lines(*_TEXT) if _MACHINE.search(line)]
    assert named == []


def test_the_red_control_of_the_scans_bites() -> None:
    assert _MACHINE.search("see /" + "root/x")
    assert not _MACHINE.search("https://example.test/" + "home/x")
    assert _UNDONE.search("# TO" + "DO later")


@pytest.mark.parametrize("name", ["script/server", "script/test", "script/bench", "script/chaos", "script/attack", ".ci/run"])
def test_the_commands_can_be_run(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(path)]).returncode == 0


def test_no_compiled_or_private_file_is_tracked() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this copy has no git")
    private = [n for n in listed.stdout.splitlines() if re.search(r"\.(pyc|mo|sqlite3|p12|pem|key)$|(^|/)\.env$|demo-keys", n)]
    assert private == []


def test_tests_stand_where_their_code_stands() -> None:
    """A folder of tests has the name of a package, or is one of the kinds of tests."""
    kinds = {"architecture", "journeys", "asvs", "script"}
    strange = []
    for path in of_kind(".py", under="tests"):
        folder = path.parent.relative_to(ROOT / "tests")
        if path.name.startswith("test_") and folder.parts and folder.parts[0] not in kinds and not (ROOT / folder).is_dir():
            strange.append(name_of(path))
    assert strange == []


def test_every_test_name_is_a_sentence() -> None:
    found = {name_of(p): re.findall(r"^\s*(?:async )?def (test_\w+)\(", _read(p), re.M) for p in of_kind(".py", under="tests")}
    short = [f"{path}: {name}" for path, names in found.items() for name in names if name.count("_") < 3]
    assert short == []


def test_every_list_of_the_packages_names_all_of_them() -> None:
    """What an app is missing from is not checked, and nothing else would say so."""
    tools = tomllib.loads(_read(ROOT / "pyproject.toml"))["tool"]
    installed = dict.fromkeys(app.partition(".")[0] for app in settings.INSTALLED_APPS if (ROOT / app.partition(".")[0]).is_dir())
    assert [name for name in installed if name != "sandbox"] == list(PACKAGES)
    assert tools["importlinter"]["root_packages"] == [*PACKAGES, "sandbox"]
    layers, *_others = tools["importlinter"]["contracts"]
    assert layers["layers"] == ["sandbox", *reversed(PACKAGES)]
    for listed in (tools["mypy"]["packages"], tools["ruff"]["lint"]["isort"]["known-first-party"]):
        assert set(PACKAGES) <= set(listed)
    assert f"compileall -q {' '.join(PACKAGES)} " in _read(ROOT / "Dockerfile")

"""What is installed is pinned, hashed and the same everywhere."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from script.support import translations
from script.support.packages import PACKAGES
from tests.architecture.files import ROOT

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[[^\]]*\])?==(?P<version>[^\s;\\]+)", re.M)
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
_WISH = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)", re.M)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf8")
    return {match["name"]: match["version"] for match in _PIN.finditer(text)}


def wishes(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf8").splitlines()
    return [_WISH.match(line)["name"].lower().replace("_", "-") for line in lines if _WISH.match(line)]  # type: ignore[index]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "script/support/uv.txt"])
def test_every_pin_has_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text(encoding="utf8"))
    bare = [block.split()[0] for block in blocks if _PIN.match(block) and "--hash=sha256:" not in block]
    assert bare == []
    assert pins(name)


@pytest.mark.parametrize("stem", ["requirements", "requirements-dev"])
def test_every_wish_is_pinned(stem: str) -> None:
    assert [wish for wish in wishes(f"{stem}.in") if wish not in pins(f"{stem}.txt")] == []


def test_tests_run_with_the_versions_of_production() -> None:
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: (version, development.get(name)) for name, version in runtime.items() if development.get(name) != version} == {}


@cache
def installed() -> Mapping[str, list[str]]:
    """The distributions of each module; made once, since it reads what every package has installed."""
    return packages_distributions()


def brought_by(module: str) -> set[str]:
    """The distributions that bring a module, as pins name them."""
    return {name.lower().replace("_", "-").replace(".", "-") for name in installed().get(module, [module])}


def imported(text: str) -> Iterator[str]:
    """The first names of what a source imports, wherever the line stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def missing_in_production(text: str) -> set[str]:
    pinned = set(pins("requirements.txt"))
    foreign = set(imported(text)) - set(sys.stdlib_module_names) - {*PACKAGES, "sandbox", "script", "tests"}
    return {module for module in foreign if not brought_by(module) & pinned}


def test_whatever_the_portal_imports_is_installed_in_production() -> None:
    """Also inside functions: an environment of development hides that production lacks it."""
    paths = [path for app in PACKAGES for path in sorted((ROOT / app).rglob("*.py"))]
    found = {path.relative_to(ROOT).as_posix(): lacks for path in paths if (lacks := missing_in_production(path.read_text("utf8")))}
    assert found == {}


def test_the_control_a_library_of_development_is_noticed() -> None:
    assert missing_in_production("def draw():\n    import hypothesis\n    from bs4 import BeautifulSoup\n") == {"hypothesis", "bs4"}


def test_no_tool_of_development_is_installed_in_production() -> None:
    assert set(pins("requirements.txt")) & {"pytest", "mypy", "ruff", "playwright", "hypothesis", "django-stubs"} == set()


def test_the_second_postgresql_driver_is_absent() -> None:
    """Django would silently take it instead of psycopg2."""
    assert "psycopg" not in pins("requirements-dev.txt")


def test_every_message_has_its_translation() -> None:
    assert translations.gaps(ROOT) == []


def test_an_untranslated_message_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "locale" / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        HEADER + 'msgid "One"\nmsgstr ""\n\n#, fuzzy\nmsgid "Two"\nmsgstr "اثنان"\n',
        encoding="utf8",
    )
    assert [line.partition(": ")[2] for line in translations.gaps(tmp_path)] == ["untranslated: One", "fuzzy: Two"]


def test_translations_compile_without_any_program(tmp_path: Path) -> None:
    folder = tmp_path / "locale" / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(HEADER + 'msgid "Pay"\nmsgstr "دفع"\n', encoding="utf8")
    assert translations.compile_all(tmp_path) == 1
    assert translations.compile_all(tmp_path) == 0
    import gettext

    assert gettext.translation("django", tmp_path / "locale", ["ar"]).gettext("Pay") == "دفع"

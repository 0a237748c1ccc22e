"""The steps that build the image, run in a copy of the tree that lacks what `.dockerignore` keeps out."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ABSENT = ("sandbox", "tests", "tools", "docs", ".git")


@pytest.fixture(scope="module")
def image(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that `COPY . /app` takes."""
    kept_out = [line.removeprefix("**/") for line in (root / ".dockerignore").read_text(encoding="utf8").split()]
    folder = tmp_path_factory.mktemp("image") / "app"

    def left(directory: str, names: list[str]) -> list[str]:
        inside = Path(directory).relative_to(root)
        return [name for name in names if any(fnmatch.fnmatch(name, p) or (inside / name).as_posix() == p for p in kept_out)]

    shutil.copytree(root, folder, ignore=left)
    return folder


def run(folder: Path, *command: str, **own: str) -> subprocess.CompletedProcess[str]:
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(command, cwd=folder, env=plain | own, capture_output=True, text=True)


def steps(root: Path) -> list[str]:
    """The steps of the RUN line that works on the portal's own files."""
    text = (root / "Dockerfile").read_text(encoding="utf8").replace("\\\n", " ")
    line = next(line for line in text.splitlines() if line.startswith("RUN ") and "collectstatic" in line)
    return [step.strip() for step in line.removeprefix("RUN ").split("&&")]


def test_the_image_has_neither_demo_nor_simulators(image: Path) -> None:
    assert [name for name in ABSENT if (image / name).exists()] == []
    assert (image / "municipality" / "settings" / "production.py").exists()


def test_the_image_is_built_without_them(image: Path, root: Path, tmp_path: Path) -> None:
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for step in steps(root):
        own = re.sub(r"/tmp/build\b", str(tmp_path / "build"), step)
        done = run(image, "sh", "-c", own, PATH=programs, STATIC_ROOT=str(tmp_path / "static"))
        assert done.returncode == 0, (step, done.stderr[-2000:])
    assert (tmp_path / "static" / "staticfiles.json").exists()


def test_the_control_the_demo_does_not_start_in_the_image(image: Path) -> None:
    done = run(image, sys.executable, "manage.py", "check", PORTAL_DEMO="1")
    assert done.returncode == 1 and "No module named 'sandbox'" in done.stderr

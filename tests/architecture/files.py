"""The project's own files, as the repository keeps them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_LEFT_OUT = ("static/vendor/", "static/fonts/", "var/")
_OF_TOOLS = (".venv", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that belongs to the project: tracked by git, or found by a walk where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        names = [str(path) for path in found if path.suffix != ".mo" and not any(part.startswith(_OF_TOOLS) for part in path.parts)]
    return tuple(ROOT / name for name in names if not name.startswith(_LEFT_OUT) and (ROOT / name).is_file())


def of_kind(*suffixes: str, under: str = "") -> list[Path]:
    """Files with one of the suffixes, below a folder."""
    return [path for path in tracked() if path.suffix in suffixes and path.is_relative_to(ROOT / under)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))

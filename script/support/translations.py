"""Compiled message catalogues, and what is missing in them. Runs inside `.venv` (polib)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import polib


def catalogues(root: Path) -> Iterator[Path]:
    """Every message catalogue of the project."""
    yield from sorted((root / "locale").glob("*/LC_MESSAGES/*.po"))


def compile_all(root: Path) -> int:
    """Write each .mo that is older than its .po; how many were written."""
    written = 0
    for path in catalogues(root):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        fresh = target.with_suffix(".mo-new")
        polib.pofile(str(path)).save_as_mofile(str(fresh))
        fresh.replace(target)
        written += 1
    return written


def gaps(root: Path) -> list[str]:
    """One line for each message without a translation, or with one that only resembles it (fuzzy)."""
    return [
        f"{path.relative_to(root)}:{entry.linenum}: {'fuzzy' if entry.fuzzy else 'untranslated'}: {entry.msgid[:80]}"
        for path in catalogues(root)
        for entry in polib.pofile(str(path))
        if not entry.obsolete and (entry.fuzzy or not entry.translated())
    ]


def main() -> int:
    """`--check` also fails on gaps."""
    root = Path(__file__).resolve().parent.parent.parent
    compile_all(root)
    found = gaps(root) if "--check" in sys.argv else []
    print("\n".join(found[:40]) or f"{sum(1 for _ in catalogues(root))} catalogue(s) compiled")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

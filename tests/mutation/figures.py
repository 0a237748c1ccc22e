"""The table of docs/mutation.md out of the verdicts."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

LISTED = Path(__file__).with_name("equivalents.toml")


def listed(path: Path = LISTED) -> dict[tuple[str, str, str, str], str]:
    """Module, operator, line before and line after → why no test can see the mutant."""
    rows = tomllib.loads(path.read_text(encoding="utf8")).get("mutant", [])
    return {(row["module"], row["operator"], row["was"], row["becomes"]): row["why"] for row in rows}


def name_of(verdict: dict[str, Any]) -> tuple[str, str, str, str]:
    """What a list names a mutant by; line numbers move."""
    return verdict["module"], verdict["operator"], verdict["was"], verdict["becomes"]


def interval(killed: int, asked: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, in per cent."""
    if not asked:
        return 0.0, 100.0
    z, share = 1.96, killed / asked
    middle = share + z * z / (2 * asked)
    around = z * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked))
    scale = 100 / (1 + z * z / asked)
    return max(0.0, (middle - around) * scale), min(100.0, (middle + around) * scale)


def rows(verdicts: Iterable[dict[str, Any]], sizes: dict[str, int], equivalent: Iterable[tuple[str, str, str, str]]) -> list[Sequence[str]]:
    """A row for each module of `sizes` (module → mutants that exist) and one of all; where not all were asked, with the interval."""
    equivalent, verdicts = set(equivalent), list(verdicts)
    lines: list[Sequence[str]] = []
    whole = [0, 0, 0, 0]
    for module, size in sizes.items():
        told = [verdict for verdict in verdicts if verdict["module"] == module]
        spared = sum(not verdict["killed"] and name_of(verdict) in equivalent for verdict in told)
        killed = sum(verdict["killed"] for verdict in told)
        lines.append(_row(f"`{module}`", size, len(told), killed, spared))
        whole = [a + b for a, b in zip(whole, (size, len(told), killed, spared), strict=True)]
    return [*lines, _row("**all**", *whole)]


def _row(name: str, size: int, asked: int, killed: int, spared: int) -> Sequence[str]:
    counted = asked - spared
    low, high = interval(killed, counted)
    share = f"{100 * killed / counted:.1f} %" if counted else "–"
    if asked < size:
        share += f" ({low:.0f} to {high:.0f})"
    return name, str(size), str(asked), str(killed), str(counted - killed), str(spared), share


HEADS = ("module", "mutants", "asked", "killed", "alive", "listed equivalent", "killed, of those that count")

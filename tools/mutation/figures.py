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


LABEL_BY_KIND = {"body": "bodies", "import": "at import"}


def rows(
    verdicts: Iterable[dict[str, Any]], sizes: dict[str, dict[str, str]], equivalent: Iterable[tuple[str, str, str, str]]
) -> list[Sequence[str]]:
    """A row for each module and kind of `sizes` (module → key of a mutant → kind), and one for all of a kind.

    Only verdicts on mutants of `sizes` count. Where not all of a kind were asked, its share has its interval.
    """
    known, spared = {verdict["key"]: verdict for verdict in verdicts}, set(equivalent)
    lines: list[Sequence[str]] = []
    for kind, label in LABEL_BY_KIND.items():
        whole: list[str] = []
        for module, mutants in sizes.items():
            keys = [key for key, its in mutants.items() if its == kind]
            whole += keys
            if keys:
                lines.append(_row(f"`{module}`, {label}", keys, known, spared))
        if whole:
            lines.append(_row(f"**all {label}**", whole, known, spared))
    return lines


def _row(name: str, keys: Sequence[str], known: dict[str, dict[str, Any]], equivalent: set[tuple[str, str, str, str]]) -> Sequence[str]:
    told = [known[key] for key in keys if key in known]
    killed = sum(verdict["killed"] for verdict in told)
    spared = sum(not verdict["killed"] and name_of(verdict) in equivalent for verdict in told)
    counted = len(told) - spared
    low, high = interval(killed, counted)
    share = f"{100 * killed / counted:.1f} %" if counted else "–"
    if len(told) < len(keys):  # a sum over modules that were drawn from unequally has no plain interval
        share = "–" if name.startswith("**") else f"{share} ({low:.0f} to {high:.0f})"
    return name, str(len(keys)), str(len(told)), str(killed), str(counted - killed), str(spared), share


HEADS = ("module", "mutants", "asked", "killed", "alive", "listed equivalent", "killed, of those that count")

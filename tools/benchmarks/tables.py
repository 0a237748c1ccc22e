"""Tables in Markdown, printed and written between the marks of docs/performance.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import quantiles

from script.support.environment import ROOT

PATH = ROOT / "docs" / "performance.md"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are right-aligned."""
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines)


def p95(numbers: Sequence[float]) -> float:
    """The ninety-fifth percentile; needs two numbers at least."""
    return quantiles(numbers, n=20, method="inclusive")[-1]


def publish(name: str, content: str, *, write: bool, path: Path = PATH) -> None:
    """Print `content`; with `write`, put it between the marks named `name`. Raises ValueError where the file has no such marks."""
    dated = f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC.\n\n{content}"
    print(f"\n{dated}\n", flush=True)
    if not write:
        return
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = path.read_text(encoding="utf8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{path.name} lacks the marks of {name}")
    path.write_text(f"{before}{begin}\n{dated}\n{end}{after}", encoding="utf8")

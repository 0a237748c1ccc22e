"""Pages against their floor: the same SQL and a template of the same size on the same server, in turns.

One client with one open connection; blocks of page and floor alternate; the ratio of a run is that of its requests a
second, the table shows the median of the runs and their span.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tools.benchmarks import subjects, tables
from tools.benchmarks.client import COUNT, QUERIES, RECORD, ROWS, VALUES, Answer, Ask, Line
from tools.stack.running import Servers, Stack, Template

SETTINGS = "tools.benchmarks.settings"
AIM_PERCENT, AIM_QUERIES = 60, 12
BLOCK = 10
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Side:
    """Page or floor: seconds of every request of every run, and processor seconds of the web server."""

    runs: list[list[float]] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def all(self) -> list[float]:
        return [seconds for run in self.runs for seconds in run]

    def rate(self, run: int) -> float:
        """Requests a second of one run."""
        return len(self.runs[run]) / sum(self.runs[run])


@dataclass
class Measured:
    """A page and its floor."""

    name: str
    size: int
    rows: int
    values: int
    queries: int
    page: Side = field(default_factory=Side)
    floor: Side = field(default_factory=Side)

    @property
    def ratios(self) -> list[float]:
        return [100 * self.page.rate(n) / self.floor.rate(n) for n in range(len(self.page.runs))]

    def row(self) -> list[object]:
        runs = range(len(self.page.runs))
        return [
            self.name,
            self.queries,
            self.rows,
            self.values,
            f"{self.size / 1000:.1f}",
            f"{median(self.page.rate(n) for n in runs):.0f}",
            f"{median(self.floor.rate(n) for n in runs):.0f}",
            f"**{median(self.ratios):.0f} %** ({min(self.ratios):.0f} to {max(self.ratios):.0f})",
            f"{1000 * tables.p95(self.page.all):.1f}",
            f"{1000 * tables.p95(self.floor.all):.1f}",
            f"{100 * self.floor.cpu / self.page.cpu:.0f} %" if self.page.cpu else "",
            f"{1000 * self.page.cpu / len(self.page.all):.1f}",
        ]


HEADS = ("page", "queries", "rows", "values", "kB", "page/s", "floor/s", "ratio (span)", "p95 ms", "floor p95 ms", "ratio of CPU", "CPU ms")


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench pages [--small] [--shops N] [--runs 5] [--requests 100] [--posts 20] [--only KEY] [--write]`."""
    options = _options(arguments)
    if not servers.database:
        print("script/bench pages needs PostgreSQL.", file=sys.stderr)
        return 1
    with portal(servers, small=options.small) as stack:
        if options.shops:
            stack.manage("demo_fill", "--shops", str(options.shops))
        subjects.set_up(stack.environment)
        from shops.models import Shop
        from tools.benchmarks.recording import separate_numbers

        separate_numbers()
        chosen = [*subjects.pages(), subjects.renewals(4 + BLOCK + options.runs * options.posts)]
        found = []
        for page in chosen:
            if options.only in ("", page.key):
                stack.restart("web")
                found.append(_measure(stack, page, options.runs, options.posts if page.key == "renewal" else options.requests))
                print(f"  {page.name}: {median(found[-1].ratios):.0f} %", flush=True)
        text = (
            f"{Shop.objects.count():,} shops, {options.runs} runs of {options.requests} requests each ({options.posts} for the POST).\n\n"
        )
        tables.publish("pages", text + tables.table(HEADS, [m.row() for m in found]), write=options.write)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench pages", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the demo's data, to try the command out")
    parser.add_argument("--shops", type=int, default=0, help="fill the register up to so many shops first")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100, help="of a run, for the page and for the floor each")
    parser.add_argument("--posts", type=int, default=20, help="of a run, for the renewal: each needs a shop of its own")
    parser.add_argument("--only", default="", help="one page: home, service, shops, case, verify or renewal")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    return parser.parse_args(arguments)


@contextmanager
def portal(servers: Servers, *, small: bool = False) -> Iterator[Stack]:
    """The portal's web server with floor views, over the demo's data in a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        template = Template(servers, Path(folder))
        try:
            template.make(*(["--small"] if small else []))
            stack = Stack(servers.with_database(template.database), template.folder, more={"DJANGO_SETTINGS_MODULE": SETTINGS})
            try:
                yield stack.start("web")
            finally:
                stack.end_processes()
        finally:
            template.drop()


def _measure(stack: Stack, page: subjects.Page, runs: int, requests: int) -> Measured:
    line = Line(stack.port)
    measured = _record(line, page)
    asking = _Asking(stack, line, page)
    for _ in range(2):  # warm: both go through code, caches and plans first
        asking.turn([], [], min(requests, BLOCK) // 2)
    measured.page, measured.floor = asking.page, asking.floor
    asking.page.cpu = asking.floor.cpu = 0.0
    for _ in range(runs):
        real: list[float] = []
        bare: list[float] = []
        while len(real) < requests:
            asking.turn(real, bare, min(BLOCK, requests - len(real)))
        asking.page.runs.append(real)
        asking.floor.runs.append(bare)
    line.close()
    return measured


def _record(line: Line, page: subjects.Page) -> Measured:
    """Record the page, then see that its floor sends as many statements and as many bytes. Raises AssertionError."""
    _checked(line, page, page.ask())  # the first request loads what later ones keep
    ask = page.ask()
    recorded = _checked(line, page, Ask(ask.path, {**ask.headers, RECORD: page.key}, ask.form))
    floor = page.floor(ask)
    bare = _checked(line, page, Ask(floor.path, {**floor.headers, COUNT: "1"}, floor.form))
    size = len(recorded.text)
    if len(bare.text) != size:
        raise AssertionError(f"{page.name}: the floor answers {len(bare.text)} bytes, the page {size}")
    real = _checked(line, page, page.ask(**{COUNT: "1"}))
    rows, values = (int(recorded.headers[name.lower()]) for name in (ROWS, VALUES))
    return Measured(page.name, size, rows, values, int(real.headers[QUERIES.lower()]))


def _checked(line: Line, page: subjects.Page, ask: Ask) -> Answer:
    answer = line.ask(ask)
    if answer.status != page.status:
        raise AssertionError(f"{page.name}: {ask.path} answered {answer.status}: {answer.text[:300]!r}")
    return answer


class _Asking:
    """Page and floor in turns."""

    def __init__(self, stack: Stack, line: Line, page: subjects.Page) -> None:
        self.stack, self.line, self.subject = stack, line, page
        self.page, self.floor = Side(), Side()
        self.group = stack.pid("web")

    def turn(self, real: list[float], bare: list[float], count: int) -> None:
        """`count` requests of the page, then as many of the floor by the same visitors."""
        asks = [self.subject.ask() for _ in range(count)]
        self.page.cpu += self._block(asks, real)
        self.floor.cpu += self._block([self.subject.floor(ask) for ask in asks], bare)

    def _block(self, asks: list[Ask], into: list[float]) -> float:
        before = processor_seconds(self.group)
        into.extend(_checked(self.line, self.subject, ask).seconds for ask in asks)
        return processor_seconds(self.group) - before


def processor_seconds(group: int) -> float:
    """What the processes of a group have used so far."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return total / _TICK


def count_queries(line: Line, page: subjects.Page) -> int:
    """Statements of the whole request: session, person, savepoints; without BEGIN and COMMIT."""
    _checked(line, page, page.ask())
    return int(_checked(line, page, page.ask(**{COUNT: "1"})).headers[QUERIES.lower()])

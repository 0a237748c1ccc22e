"""Processor time, statements and waiting time of the most read pages, each as a multiple of a fixed home page.

One client with one open connection. Blocks of the page, of the calibration page (calibration.py) and of the page's floor (floor.py)
take turns, so that load from elsewhere meets all three. The table shows the median of the runs and their range.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from script.support.environment import ROOT
from tools.benchmarks import subjects, tables
from tools.benchmarks.client import COUNT, QUERIES, RECORD, Answer, Ask, Line
from tools.stack.running import Servers, Stack, Template

SETTINGS = "tools.benchmarks.settings"
BLOCK = 10


@dataclass
class Run:
    """One run of a page, its floor or the calibration page: seconds of each request, processor seconds of all."""

    seconds: list[float] = field(default_factory=list)
    web: float = 0.0
    database: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.seconds) / sum(self.seconds)

    @property
    def processor(self) -> float:
        """Processor seconds of a request."""
        return (self.web + self.database) / len(self.seconds)


@dataclass
class Measured:
    """A page with the runs of its floor and of the calibration page."""

    page: subjects.Page
    size: int
    queries: int
    has_floor: bool = True  # False where the recorded statements could not be repeated
    runs: list[tuple[Run, Run, Run]] = field(default_factory=list)

    @property
    def multiples(self) -> list[float]:
        """Processor time of the page, in those of the calibration page."""
        return [page.processor / unit.processor for page, _, unit in self.runs]

    @property
    def misses(self) -> bool:
        """Whether a bound of the page does not hold."""
        return bool(self.page.most and median(self.multiples) > self.page.most) or self.queries > self.page.most_queries

    def row(self) -> list[object]:
        pages = [page for page, _, _ in self.runs]
        web, database = (1000 * median(of(page) / len(page.seconds) for page in pages) for of in (_web, _database))
        ratios = [100 * page.rate / floor.rate for page, floor, _ in self.runs if floor.seconds]
        return [
            self.page.name,
            self.queries,
            f"{self.size / 1000:.1f}",
            f"{web:.1f}",
            f"{database:.1f}",
            f"{1000 * median(page.processor for page in pages):.1f}",
            f"**{median(self.multiples):.1f}** ({min(self.multiples):.1f} to {max(self.multiples):.1f})",
            f"{self.page.most:g}" if self.page.most else "",
            f"{1000 * tables.p95([seconds for page in pages for seconds in page.seconds]):.1f}",
            f"{median(ratios):.0f} %" if ratios else "",
        ]


def _web(run: Run) -> float:
    return run.web


def _database(run: Run) -> float:
    return run.database


HEADS = ("page", "statements", "kB", "web ms", "database ms", "together ms", "× home (range)", "at most", "p95 ms", "of its floor")


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench pages [--small] [--shops N] [--keep NAME] [--runs 5] [--requests 100] [--posts 20] [--only KEY] [--write]`.

    Returns 1 where a page misses a bound.
    """
    options = _options(arguments)
    if not servers.database:
        print("script/bench pages needs PostgreSQL.", file=sys.stderr)
        return 1
    with portal(servers, small=options.small, shops=options.shops, keep=options.keep) as stack:
        subjects.set_up(stack.environment)
        from shops.models import Shop
        from tools.benchmarks.recording import separate_numbers

        separate_numbers()
        chosen = [*subjects.pages(), *subjects.desk_pages(), subjects.renewals(4 + BLOCK + options.runs * options.posts)]
        found = []
        for page in chosen:
            if options.only in ("", page.key):
                stack.restart("web")
                found.append(measure_page(stack, page, options.runs, options.posts if page.key == "renewal" else options.requests))
                print(f"  {page.name}: {median(found[-1].multiples):.1f} × home", flush=True)
        missed = [measured.page.name for measured in found if measured.misses]
        unit = 1000 * median(unit.processor for measured in found for _, _, unit in measured.runs)
        text = (
            f"{Shop.objects.count():,} shops, {options.runs} runs of {options.requests} requests each ({options.posts} for the POST). "
            f"The calibration page took {unit:.1f} ms. Missed bounds: {', '.join(missed) or 'none'}.\n\n"
        )
        tables.publish("pages", text + tables.table(HEADS, [m.row() for m in found]), write=options.write)
    return 1 if missed else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench pages", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the demo's data, to try the command out")
    parser.add_argument("--shops", type=int, default=0, help="fill the register up to so many shops first")
    parser.add_argument("--keep", default="", help="keep the data for later runs, in this database of the server of DATABASE_URL")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100, help="of a run, for the page, its floor and the calibration page each")
    parser.add_argument("--posts", type=int, default=20, help="of a run, for the renewal: each needs a shop of its own")
    parser.add_argument("--only", default="", help="the key of one page, as in subjects.py")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def portal(servers: Servers, *, small: bool = False, shops: int = 0, keep: str = "") -> Iterator[Stack]:
    """The portal's web server with floor views, over the demo's data in a database of its own.

    With `keep`, the data are made once, in that database and in var/bench/, and each run uses a copy.
    """
    with tempfile.TemporaryDirectory() as folder:
        template = Template(servers, ROOT / "var" / "bench" / keep, keep) if keep else Template(servers, Path(folder) / "made")
        complete = template.folder / "complete"
        try:
            if not (complete.exists() and _is_there(servers, template.database)):
                template.drop()
                template.make(*(["--small"] if small else []))
                stack = _stack(servers.with_database(template.database), template.folder)
                if shops:
                    stack.manage("demo_fill", "--shops", str(shops))
                complete.touch()
            stack = _stack(*template.copy(Path(folder) / "copy")) if keep else stack
            try:
                yield stack.start("web")
            finally:
                stack.stop()
        finally:
            if not keep:
                template.drop()


def _is_there(servers: Servers, database: str) -> bool:
    import psycopg2

    try:
        psycopg2.connect(servers.with_database(database).database).close()
    except psycopg2.OperationalError:
        return False
    return True


def _stack(servers: Servers, folder: Path) -> Stack:
    return Stack(servers, folder, more={"DJANGO_SETTINGS_MODULE": SETTINGS})


def measure_page(stack: Stack, page: subjects.Page, runs: int, requests: int) -> Measured:
    line = Line(stack.port)
    measured = _record(line, page)
    asking = _Asking(stack, line, measured)
    asking.run(min(requests, BLOCK))  # warm: all three go through code, caches and plans first
    measured.runs = [asking.run(requests) for _ in range(runs)]
    line.close()
    return measured


def _record(line: Line, page: subjects.Page) -> Measured:
    """Record the page, then see whether its floor sends as many bytes; a page without a floor is measured all the same."""
    _checked(line, page, page.ask())  # the first request loads what later ones keep
    ask = page.ask()
    recorded = _checked(line, page, Ask(ask.path, {**ask.headers, RECORD: page.key}, ask.form))
    bare, size = line.ask(page.floor(ask)), len(recorded.text)
    has_floor = (bare.status, len(bare.text)) == (page.status, size)
    if not has_floor:
        print(f"  {page.name}: no floor; it answers {bare.status} with {len(bare.text)} bytes, the page {size}", flush=True)
    return Measured(page, size, count_queries(line, page), has_floor)


def _checked(line: Line, page: subjects.Page, ask: Ask) -> Answer:
    answer = line.ask(ask)
    if answer.status != page.status:
        raise AssertionError(f"{page.name}: {ask.path} answered {answer.status}: {answer.text[:300]!r}")
    return answer


class _Asking:
    """Page, floor and calibration page in turns."""

    def __init__(self, stack: Stack, line: Line, measured: Measured) -> None:
        self.line, self.subject, self.has_floor = line, measured.page, measured.has_floor
        self.group, self.backends = stack.pid("web"), _Backends()

    def run(self, requests: int) -> tuple[Run, Run, Run]:
        """So many requests of the page, as many of its floor by the same visitors, and of the calibration page."""
        page, floor, unit = Run(), Run(), Run()
        while len(page.seconds) < requests:
            asks = [self.subject.ask() for _ in range(min(BLOCK, requests - len(page.seconds)))]
            self._block(self.subject, asks, page)
            if self.has_floor:
                self._block(self.subject, [self.subject.floor(ask) for ask in asks], floor)
            self._block(subjects.CALIBRATION, [subjects.CALIBRATION.ask() for _ in asks], unit)
        return page, floor, unit

    def _block(self, page: subjects.Page, asks: list[Ask], run: Run) -> None:
        web, database = processor_seconds(self.group), self.backends.seconds()
        run.seconds.extend(_checked(self.line, page, ask).seconds for ask in asks)
        run.web += processor_seconds(self.group) - web
        run.database += self.backends.seconds() - database


def processor_seconds(group: int) -> float:
    """What the processes of a group have used so far."""
    total = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                total += sum(map(_used, process.glob("task/*")))
        except OSError:
            continue
    return total


def _used(task: Path) -> float:
    """Processor seconds of one thread. Raises OSError when it has ended."""
    return int((task / "schedstat").read_text().split()[0]) / 1e9


class _Backends:
    """The processes of PostgreSQL that work for this database."""

    def __init__(self) -> None:
        self.used: dict[int, float] = {}

    def seconds(self) -> float:
        """Processor seconds used so far, also by those that have ended since; 0 for a server on another machine."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type IN ('client backend', 'parallel worker')"
            )
            for (pid,) in cursor.fetchall():
                with contextlib.suppress(OSError):
                    self.used[pid] = _used(Path(f"/proc/{pid}"))
        return sum(self.used.values())


def count_queries(line: Line, page: subjects.Page) -> int:
    """Statements of the whole request: session, person, savepoints; without BEGIN and COMMIT."""
    _checked(line, page, page.ask())
    return int(_checked(line, page, page.ask(**{COUNT: "1"})).headers[QUERIES.lower()])

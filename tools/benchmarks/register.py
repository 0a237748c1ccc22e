"""Taking in a register of 100,000 rows from a sheet: reading, dry run and taking in, against a bare COPY of the same rows.

In this process, through the job table as a worker does it; the portal's own processes are stopped meanwhile. First a sheet of shops
that are all new, then the same register a year later: most licences renewed, each tenth shop renamed or moved. The floor writes the
same rows into the table of shops with its keys and constraints, by one COPY, and is taken back.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.benchmarks import subjects, tables
from tools.benchmarks.pages import portal
from tools.stack.running import Servers

ROWS = 100_000
AIM = 60  # seconds for the whole of one sheet


@dataclass
class Spent:
    """Seconds of one step: by the clock, of the processor in this process, of the processor in the database."""

    clock: float = 0.0
    here: float = 0.0
    database: float = 0.0


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench register [--rows 100000] [--write]`; on SQLite with PORTAL_ON=sqlite. Returns 1 above the aim at full size."""
    parser = argparse.ArgumentParser(prog="script/bench register", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="lines of the sheet")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    with portal(servers, small=True) as stack:
        subjects.set_up(stack.environment)
        stack.end_processes()
        return _measure(options)


def _measure(options: argparse.Namespace) -> int:
    from django.db import connection

    from sandbox.demo.shops.large_register import register
    from tests.shops.imports.sheets import large

    rows = list(register(options.rows, "sheet", start=5_000_000))
    floor = _floor(rows)
    said, slowest = [], 0.0
    for name, content in (("all new", large(rows)), ("a year later", large(rows, next_year=True))):
        steps, file = _taken(content)
        whole = sum(step.clock for step in steps.values())
        slowest = max(slowest, whole)
        for step, spent in steps.items():
            said.append([f"{name}: {step}", *_cells(spent)])
        total = Spent(whole, sum(s.here for s in steps.values()), sum(s.database for s in steps.values()))
        said.append([f"**{name}: all**", *(f"**{cell}**" for cell in _cells(total))])
        print(f"{name}: {file.added:,} added, {file.changed:,} changed, {file.confirmed:,} unchanged, {file.refused:,} refused", flush=True)
    said.append(["floor: one COPY into the table of shops", *_cells(floor)])
    heads = ("step", "s", "s of this processor", "s of the database's processor")
    note = f"{options.rows:,} lines on {connection.vendor}. Aim: {AIM} s for a whole sheet of {ROWS:,} lines on PostgreSQL."
    tables.publish(f"register-{connection.vendor}", f"{note}\n\n{tables.table(heads, said)}", write=options.write)
    return int(slowest > AIM and options.rows >= ROWS)


def _cells(spent: Spent) -> list[str]:
    return [f"{value:.1f}" for value in (spent.clock, spent.here, spent.database)]


def _taken(content: bytes) -> tuple[dict[str, Spent], Any]:
    """Load, read, release and take a sheet; what each step took."""
    from django.contrib.auth.models import Group

    from municipality.accounts.models import User
    from municipality.imports import services
    from municipality.imports.models import ImportFile

    clerk, keeper = (User.objects.get(groups=Group.objects.get(name=name)) for name in ("register_clerk", "register_keeper"))
    steps: dict[str, Spent] = {name: Spent() for name in ("upload", "dry run", "taking in")}
    with _timed(steps["upload"]):
        file = services.load("register", content=content, name="register.csv", loaded_by=clerk)
    with _timed(steps["dry run"]):
        _jobs("imports.check")
    file.refresh_from_db()
    services.release(file=file, released_by=keeper)
    with _timed(steps["taking in"]):
        _jobs("imports.take")
    done = ImportFile.objects.get(pk=file.pk)
    if done.done_at is None:
        raise AssertionError("the sheet was not taken in whole")
    return steps, done


def _jobs(kind: str) -> None:
    from municipality.jobs import services
    from municipality.jobs.models import Job, JobState

    while waiting := list(Job.objects.filter(kind=kind, state=JobState.QUEUED).values_list("pk", flat=True)):
        for pk in waiting:
            services.run(pk)


def _floor(rows: list[Any]) -> Spent:
    from django.db import transaction

    from sandbox.demo.benchmarks import load_register

    spent = Spent()
    with transaction.atomic():
        with _timed(spent):
            load_register(rows)
        transaction.set_rollback(True)
    return spent


@contextmanager
def _timed(spent: Spent) -> Iterator[None]:
    worked, here, began = _worked(), time.process_time(), time.monotonic()
    yield
    spent.clock += time.monotonic() - began
    spent.here += time.process_time() - here
    spent.database += max(_worked() - worked, 0)


def _worked() -> float:
    """Processor seconds so far of the server process behind this connection; nought where it works in this process or elsewhere."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return 0.0
    connection.ensure_connection()
    raw: Any = connection.connection
    return _seconds(lambda: Path(f"/proc/{raw.info.backend_pid}/schedstat").read_text())


def _seconds(read: Callable[[], str]) -> float:
    try:
        return int(read().split()[0]) / 1e9
    except OSError:
        return 0.0


if __name__ == "__main__":
    sys.exit(main(Servers.from_environment(), sys.argv[1:]))

"""From the payment to the sealed licence, end to end: 500 paid at once, then single ones beside a batch of 500; memory of the workers.

A worker of two processes, PostgreSQL and Redis. The times are those of the rows: the payment confirmed, the document in force.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tools.benchmarks import subjects, tables
from tools.benchmarks.pages import portal
from tools.stack.running import Servers, Stack, wait_until

AIMS = (60, 120)  # seconds to the licence: 95th and 99th percentile
AIM_MB = 512  # of each process of the worker
SINGLES, PAUSE = 20, 2.0  # paid beside the batch, and the seconds between them
CONTROL = "in the same queue (control)"  # the single ones wait for it


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench paid [--count 500] [--write]`. Returns 1 where an aim is missed."""
    parser = argparse.ArgumentParser(prog="script/bench paid", description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    if not servers.redis:
        print("script/bench paid needs PostgreSQL and Redis.", file=sys.stderr)
        return 1
    rows: list[tuple[object, ...]] = []
    missed: list[str] = []
    with portal(servers, small=True) as stack:
        subjects.set_up(stack.environment)
        stack.start("worker", "beat")
        for name, took, megabytes in _measured(stack, options.count):
            ordered = sorted(took)
            p95, p99 = (ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.95, 0.99))
            rows.append((name, len(took), f"{ordered[len(ordered) // 2]:.0f}", f"{p95:.0f}", f"{p99:.0f}", f"{megabytes:.0f}"))
            is_missed = p95 > AIMS[0] or p99 > AIMS[1] or megabytes > AIM_MB
            missed += [name] if is_missed and CONTROL not in name else []
            print(f"  {' · '.join(map(str, rows[-1]))}", flush=True)
    text = f"Seconds from the payment to the licence. Missed: {', '.join(missed) or 'none'}.\n\n"
    text += tables.table(("paid", "licences", "median", "p95", "p99", "memory MB"), rows)
    tables.publish("paid", text, write=options.write)
    return int(bool(missed))


def _measured(stack: Stack, count: int) -> Iterator[tuple[str, Sequence[float], float]]:
    """Name, seconds of each licence and the most memory of a process of the worker."""
    from licensing.health.services import issue

    crowd = _renewals(count)
    yield f"{count} at once", *_until_issued(stack, crowd, lambda: _pay(crowd))
    for queue, where in (("bulk", "in its own queue"), ("documents", CONTROL)):
        batch, singles = _renewals(count), _renewals(SINGLES)
        with _queue(issue, queue):
            _pay(batch)
        took, megabytes = _until_issued(stack, singles, partial(_one_by_one, singles))
        yield f"single ones, a batch of {count} waits {where}", took, megabytes


def _one_by_one(cases: Sequence[Any]) -> None:
    for case in cases:
        _pay([case])
        time.sleep(PAUSE)


def _renewals(count: int) -> list[Any]:
    """The cases of so many renewals of clean shops, not paid yet."""
    from municipality.cases.models import Case
    from tools.chaos.inside import renewals

    return list(Case.objects.filter(public_id__in=[one["case"] for one in renewals(count)]).order_by("pk"))


@contextmanager
def _queue(issue: Any, name: str) -> Iterator[None]:
    """What is paid in the block waits in another queue, as renewals of one act do."""
    usual = issue.batches.queue_of
    issue.batches.queue_of = lambda case: name
    try:
        yield
    finally:
        issue.batches.queue_of = usual


def _pay(cases: Sequence[Any]) -> None:
    """Tell the service that the payments are confirmed."""
    from licensing.health.services.issue import take_payment

    for case in cases:
        take_payment(case=case)


def _until_issued(stack: Stack, cases: Sequence[Any], pay: Callable[[], None]) -> tuple[Sequence[float], float]:
    """Pay, and wait for the licences: seconds of each, and the most memory of a process of the worker in MB."""
    from municipality.cases.models import Case, CaseEvent
    from municipality.documents.models import DocumentEvent

    most = 0.0

    def are_issued() -> bool:
        nonlocal most
        most = max(most, _memory(stack.pid("worker")))
        return not Case.objects.filter(pk__in=[case.pk for case in cases]).exclude(state="issued").exists()

    pay()
    wait_until(are_issued, 1800, "the issue of all licences", pause=1)
    paid = dict(CaseEvent.objects.filter(subject__in=cases, move="pay").values_list("subject__public_id", "at"))
    in_force = DocumentEvent.objects.filter(subject__subject__in=[case.key for case in cases], move="activate")
    at = dict(in_force.values_list("subject__subject", "at"))
    return [(at[case.key] - paid[case.public_id]).total_seconds() for case in cases], most


def _memory(leader: int) -> float:
    """The resident memory in MB of the largest process of a group."""
    most = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == leader:
                most = max(most, int((folder / "statm").read_text().split()[1]))
        except OSError:
            continue
    return most * 4096 / 1_000_000


if __name__ == "__main__":
    sys.exit("Run it as script/bench paid")

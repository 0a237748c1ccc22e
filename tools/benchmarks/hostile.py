"""A thousand hostile query strings through HTTP, on pages and interface: none an error of ours, each within 100 ms.

Each comes from a visitor of its own. One that took longer is asked twice more, and the quickest counts: the machine may be shared.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict

from tests.shops.open_data.hostile import queries
from tools.benchmarks import tables
from tools.benchmarks.client import Ask, Line
from tools.benchmarks.pages import portal
from tools.stack.running import Servers

COUNT, MOST = 1000, 0.1  # seconds
TRIES = 3


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench hostile [--count 1000] [--seed N] [--write]`. Fails for an error of ours or a slow answer."""
    parser = argparse.ArgumentParser(prog="script/bench hostile", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    taken: dict[str, list[float]] = defaultdict(list)
    first: list[float] = []
    wrong: list[str] = []
    with portal(servers, small=True) as stack:
        line = Line(stack.port)
        hostile = list(queries(options.count, options.seed))
        pages = sorted({address.partition("?")[0] for _kind, address in hostile if address.isascii() and " " not in address})
        for path in ("/api/v1/shops/?q=x", "/ar/shops/?q=x", *pages) * 3:  # the processes have loaded what they need
            line.ask(Ask(path, {"Accept-Language": "en"}))
        for number, (kind, address) in enumerate(hostile):
            # A raw byte beyond ASCII goes out as it is in a browser of bad manners; spaces would end the request line.
            path = re.sub(r"\s", "%20", address)
            seconds = []
            for attempt in range(TRIES):
                client = f"10.{attempt}.{number // 250}.{number % 250 + 1}"
                answer = line.ask(Ask(path, {"X-Forwarded-For": client, "Accept-Language": "en"}))
                seconds.append(answer.seconds)
                if answer.status >= 500:
                    wrong.append(f"{answer.status} {kind} {path[:150]}")
                if answer.seconds <= MOST:
                    break
            first.append(seconds[0])
            taken[kind].append(min(seconds))
            if min(seconds) > MOST:
                wrong.append(f"{min(seconds) * 1000:.0f} ms {kind} {path[:150]}")
    rows = [(kind, len(s), f"{tables.p95(s) * 1000:.1f}", f"{max(s) * 1000:.1f}") for kind, s in sorted(taken.items())]
    whole = [value for values in taken.values() for value in values]
    rows.append(("all", len(whole), f"{tables.p95(whole) * 1000:.1f}", f"{max(whole) * 1000:.1f}"))
    asked_again = sum(1 for value in first if value > MOST)
    text = tables.table(("kind", "queries", "p95 ms", "slowest ms"), rows)
    text += f"\n\n{len(wrong)} wrong; {asked_again} took longer than {MOST * 1000:.0f} ms at the first try."
    tables.publish("hostile", text, write=options.write)
    print("\n".join(wrong))
    return 1 if wrong else 0

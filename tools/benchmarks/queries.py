"""Statements of each page in a small and in a large register: they must be the same.

Counted over the whole request: session, person and savepoints included, BEGIN and COMMIT not.
"""

from __future__ import annotations

import argparse
import sys

from tools.benchmarks import subjects, tables
from tools.benchmarks.client import Line
from tools.benchmarks.pages import BLOCK, count_queries, portal
from tools.stack.running import Servers

VISITS = 20


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench queries [--shops 300000] [--write]`. Returns 1 where a page asks more in the large register than in the small."""
    parser = argparse.ArgumentParser(prog="script/bench queries", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the demo's data to begin with")
    parser.add_argument("--shops", type=int, default=300_000, help="size of the large register")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    if not servers.database:
        print("script/bench queries needs PostgreSQL.", file=sys.stderr)
        return 1
    with portal(servers, small=options.small) as stack:
        subjects.set_up(stack.environment)
        from django.db import connection

        from shops.models import Shop

        pages = [*subjects.pages(), *subjects.desk_pages(), subjects.renewals(2 * (BLOCK + VISITS))]
        first = Shop.objects.count()
        before = [_visit(stack.port, page) for page in pages]
        print(stack.manage("demo_fill", "--shops", str(options.shops)).stdout.strip().splitlines()[-1], flush=True)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        stack.restart("web")
        after = [_visit(stack.port, page) for page in pages]
        last = Shop.objects.count()
    rows = [
        (page.name, small[0], large[0], f"{small[1]:.1f}", f"{large[1]:.1f}")
        for page, small, large in zip(pages, before, after, strict=True)
    ]
    heads = ("page", f"queries, {first:,} shops", f"queries, {last:,} shops", f"p95 ms, {first:,}", f"p95 ms, {last:,}")
    over = [page.name for page, large in zip(pages, after, strict=True) if large[0] > page.most_queries]
    grown = [row[0] for row in rows if row[1] != row[2]]
    note = f"Over their bound: {', '.join(over) or 'none'}. Not constant: {', '.join(grown) or 'none'}."
    tables.publish("queries", f"{tables.table(heads, rows)}\n\n{note}", write=options.write)
    return 1 if grown else 0


def _visit(port: int, page: subjects.Page) -> tuple[int, float]:
    """Statements of a visit, and the 95th percentile of twenty in milliseconds."""
    line = Line(port)
    queries = count_queries(line, page)
    seconds = [line.ask(page.ask()).seconds for _ in range(VISITS)]
    line.close()
    return queries, 1000 * tables.p95(seconds)


if __name__ == "__main__":
    sys.exit("Run it as script/bench queries")

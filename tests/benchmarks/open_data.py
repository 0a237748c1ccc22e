"""The files of the open data for a large register: time of each step, size of the files, most memory of the process that writes them."""

from __future__ import annotations

import argparse
import re
import time

from tests.benchmarks import subjects, tables
from tests.benchmarks.pages import portal
from tests.benchmarks.search import MILLION, _fill
from tests.stack.running import Servers

AIM_SECONDS, AIM_MEGABYTES = 110, 300  # the limit of the job; memory of a worker


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench open_data [--shops 1000000] [--write]`. Fails beyond the job's limit or 300 MB."""
    parser = argparse.ArgumentParser(prog="script/bench open_data", description=__doc__)
    parser.add_argument("--shops", type=int, default=MILLION)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    rows = []
    with portal(servers, small=True) as stack:
        subjects.set_up(stack.environment)
        _fill(options.shops)
        for night in ("first night", "second night"):
            began = time.monotonic()
            told = stack.manage("open_data", "-v", "2").stdout
            seconds = time.monotonic() - began
            steps = dict(re.findall(r"(\w+): ([0-9.]+)", told))
            rows.append((night, f"{seconds:.1f}", steps["compared"], steps["written"], steps["memory"]))
        from shops.models import Edition

        edition = Edition.objects.order_by("-pk")[0]
        sizes = ", ".join(f"{said['name']} {said['bytes'] / 1e6:.0f} MB" for said in edition.files)
        count = edition.rows
    text = tables.table(("command", "whole s", "compared s", "written s", "most memory MB"), rows)
    text += f"\n\n{count:,} rows: {sizes}."
    tables.publish("open-data", text, write=options.write)
    return 1 if any(max(float(row[2]), float(row[3])) > AIM_SECONDS or float(row[4]) > AIM_MEGABYTES for row in rows) else 0

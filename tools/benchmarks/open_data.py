"""The files of the open data for a large register: time of each step, size of the files, most memory of the process that writes them."""

from __future__ import annotations

import argparse
import re
import time

from tools.benchmarks import subjects, tables
from tools.benchmarks.pages import portal
from tools.benchmarks.search import MILLION, _fill
from tools.stack.running import Servers

# A job ends at 110 seconds and begins no step after 40, no slice after 60; memory is that of a worker.
AIM_STEP, AIM_SLICE, AIM_MEGABYTES = 70, 50, 300


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench open_data [--shops 1000000] [--write]`. Fails where a step does not fit into a job, or beyond 300 MB."""
    parser = argparse.ArgumentParser(prog="script/bench open_data", description=__doc__)
    parser.add_argument("--shops", type=int, default=MILLION)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    rows = []
    steps: dict[str, float] = {}
    is_bad = False
    with portal(servers, small=True) as stack:
        subjects.set_up(stack.environment)
        _fill(options.shops)
        _look_over()
        for night in ("first night", "second night"):
            began = time.monotonic()
            told = stack.manage("open_data", "-v", "2").stdout
            seconds = time.monotonic() - began
            whole = dict(re.findall(r"(\w+): ([0-9.]+)", told))
            took = {name: float(part) for name, part in re.findall(r"^(\S.*) took ([0-9.]+) s$", told, re.M)}
            cut = max(part for name, part in took.items() if name.startswith("slice "))
            step = max((name for name in took if not name.startswith("slice ")), key=lambda name: took[name])
            rows.append((night, f"{seconds:.1f}", whole["compared"], cut, whole["written"], f"{took[step]:.1f} ({step})", whole["memory"]))
            steps = steps or took
            is_bad = is_bad or cut > AIM_SLICE or took[step] > AIM_STEP or float(whole["memory"]) > AIM_MEGABYTES
        from shops.models import Edition

        edition = Edition.objects.filter(dataset="shops").order_by("-pk")[0]
        sizes = ", ".join(f"{said['name']} {said['bytes'] / 1e6:.0f} MB" for said in edition.files)
        count = edition.rows
    text = tables.table(("command", "whole s", "compared s", "longest slice s", "written s", "longest step s", "most memory MB"), rows)
    text += f"\n\n{count:,} rows: {sizes}."
    text += f" Steps of the first night: {', '.join(f'{name} {part:.1f} s' for name, part in steps.items() if name.startswith('shops.'))}."
    tables.publish("open-data", text, write=options.write)
    return 1 if is_bad else 0


def _look_over() -> None:
    """What the database does by itself some time after a load: learn how large its tables are."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

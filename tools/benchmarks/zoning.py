"""Zoning at 10,000, 300,000 and 1,000,000 plots with 30 layers: point to plot, answer, plot page, tile and all plots of an area.

The queries run in this process on the database of the portal; page and tile are asked over HTTP as in `script/bench pages`.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from statistics import median
from typing import Any

from tools.benchmarks import grid, subjects, tables
from tools.benchmarks.pages import measure_page, portal
from tools.stack.running import Servers, Stack

SIZES = (10_000, 300_000, 1_000_000)
FULL = 300_000  # the size of the aims
CHUNK = 100_000  # plots of one transaction, below the limit of a statement's time
TIMES = 300
AIMS = {"point to plot, in the database": 5.0, "answer": 30.0, "tile": 60.0}  # p95, milliseconds
FLAT = 1.2  # times of the smallest size, at most


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench zoning [--sizes 10000,300000,1000000] [--keep NAME] [--write]`. Returns 1 where an aim is missed."""
    parser = argparse.ArgumentParser(prog="script/bench zoning", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="plots, smallest first")
    parser.add_argument("--keep", default="", help="keep the demo's data for later runs, or use those that `pages --keep` made")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    if not servers.database:
        print("script/bench zoning needs PostgreSQL.", file=sys.stderr)
        return 1
    sizes = [int(size) for size in options.sizes.split(",")]
    with portal(servers, small=True, keep=options.keep) as stack:
        subjects.set_up(stack.environment)
        layers = grid.load_layers(math.isqrt(sizes[-1]) + 1)
        columns, loaded = {}, 0
        for size in sizes:
            for start in range(loaded, size, CHUNK):
                grid.load_plots(start, min(size, start + CHUNK))
            loaded = size
            grid.analyze()
            columns[size] = _at_size(stack, size)
            print(f"  {size:,} plots: " + ", ".join(f"{name} {value:.1f}" for name, value in columns[size].items()), flush=True)
    rows = [[name, *(f"{columns[size][name]:.1f}" for size in sizes)] for name in columns[sizes[0]]]
    missed = _missed(columns)
    text = f"{layers} layers, {TIMES} random plots a size. Missed: {', '.join(missed) or 'none'}.\n\n"
    tables.publish("zoning", text + tables.table(("milliseconds", *(f"{size:,} plots" for size in sizes)), rows), write=options.write)
    return 1 if missed else 0


def _missed(columns: dict[int, dict[str, float]]) -> list[str]:
    found = []
    for name, most in AIMS.items():
        found += [f"{name}, p95 at {size:,}" for size, values in columns.items() if size <= FULL and values[f"{name}, p95"] > most]
    smallest, largest = columns[min(columns)], columns[max(columns)]
    found += [f"{name}, growth" for name in AIMS if largest[f"{name}, median"] > FLAT * smallest[f"{name}, median"]]
    found += [f"plot page at {size:,}" for size, values in columns.items() if values["plot page, times home"] > 6]
    return found


def _at_size(stack: Stack, size: int) -> dict[str, float]:
    """Milliseconds by name, and the plot page as a multiple of the calibration page."""
    from municipality.kernel import clock
    from zoning.answer.queries import ActivityQuestion
    from zoning.plots import queries
    from zoning.plots.summary import summary

    rng, today = Random(f"zoning {size}"), clock.today()  # noqa: S311 - the same plots each time
    numbers = [rng.randrange(size) for _ in range(TIMES)]
    plots = [queries.by_public_id(grid.public_id(number)) for number in numbers]
    question = ActivityQuestion("WSAL", 0)
    places = [grid.middle(number) for number in numbers]
    found: dict[str, float] = {}
    _add(found, "point to plot, in the database", [_in_database(partial(queries.at_point, *at, today)) for at in places])
    _add(found, "answer", [_seconds(partial(summary, plot, today, question)) for plot in plots if plot is not None])
    stack.restart("web")
    tile = measure_page(stack, subjects.Page("tile", "tile", _tiles(places), language="", most_queries=12), 3, 100)
    _add(found, "tile", [seconds for page, _, _ in tile.runs for seconds in page.seconds])
    page = measure_page(stack, subjects.Page("plot page", "plot", _pages(numbers), most=6), 3, 60)
    found["plot page, times home"] = median(page.multiples)
    _add(found, "plot page", [seconds for run, _, _ in page.runs for seconds in run.seconds])
    return found


def _add(found: dict[str, float], name: str, seconds: list[float]) -> None:
    found[f"{name}, median"], found[f"{name}, p95"] = 1000 * median(seconds), 1000 * tables.p95(seconds)


def _seconds(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _in_database(act: Callable[[], Any]) -> float:
    """Seconds that the statements take, seen from this process."""
    from django.db import connection

    spent = 0.0

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent += time.perf_counter() - began

    with connection.execute_wrapper(timed):
        act()
    return spent


def _tiles(places: list[tuple[float, float]]) -> Iterator[Any]:
    from zoning.maps.tiles import LEVELS, tile_of

    level = LEVELS[-1]
    while True:
        for longitude, latitude in places:
            tile = tile_of(level, longitude, latitude)
            yield subjects.visit(f"/map-tiles/{level.grid}/{tile.x}/{tile.y}.json")


def _pages(numbers: list[int]) -> Iterator[Any]:
    while True:
        for number in numbers:
            yield subjects.visit(f"/ar/plots/{grid.public_id(number)}/?activity=WSAL&floor=0&on=")

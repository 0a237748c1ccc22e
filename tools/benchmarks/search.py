"""The search of shops in a large register, through HTTP and in the database, against its floor; hits of the judged queries.

The floor is a view that serializes twenty shops by primary key with the same serializer, as Django REST framework does it; beside it
stands the same view by the search's own short ways. One client with one open connection; blocks of search and floors alternate.
Database time is that of all statements of a question, asked once more inside this process. Processor time is that of the web server's
processes, and says more than the clock where the machine is shared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools.benchmarks import subjects, tables
from tools.benchmarks.client import Ask, Line
from tools.benchmarks.pages import SETTINGS, portal, processor_seconds
from tools.stack.running import Servers, Stack

MILLION = 1_000_000
BLOCK = 20
AIM_HTTP, AIM_DATABASE, AIM_SQLITE, AIM_RATIO = 12, 6, 15, 50
OF_A_MUTATION = 5
_visitors = count(1)


@dataclass
class Shape:
    """Queries of one kind, and what was measured of them: seconds."""

    name: str
    paths: list[str]
    http: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)  # of the database


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench search [--shops 1000000] [--rounds 3] [--database URL] [--write]`; on SQLite with PORTAL_ON=sqlite."""
    options = _options(arguments)
    with _register(servers, options) as stack:
        shapes = _shapes()
        for shape in shapes:
            measured = [_in_database(path) for path in shape.paths for _ in range(options.rounds)]
            shape.database, shape.processor = [clock for clock, _ in measured], [used for _, used in measured]
        text = _text(shapes, *_through_http(stack, shapes, options.rounds))
        if not options.no_judging:
            text += f"\n\n{_judged()}"
        tables.publish(f"search-{_engine()}", text, write=options.write)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench search", description=__doc__)
    parser.add_argument("--shops", type=int, default=MILLION, help="size of the register")
    parser.add_argument("--rounds", type=int, default=3, help="how often each of the queries is asked")
    parser.add_argument("--database", default="", help="URL of a database that holds the register and its index already")
    parser.add_argument("--no-judging", action="store_true", help="leave out the judged queries")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    return parser.parse_args(arguments)


@contextmanager
def _register(servers: Servers, options: argparse.Namespace) -> Iterator[Stack]:
    if options.database:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("run", "log"):
                (Path(folder) / name).mkdir()
            given = Servers(options.database, servers.redis, servers.cache)
            stack = Stack(given, Path(folder), more={"DJANGO_SETTINGS_MODULE": SETTINGS})
            subjects.set_up(stack.environment)
            try:
                yield stack.start("web")
            finally:
                stack.end_processes()
        return
    with portal(servers, small=True) as stack:
        subjects.set_up(stack.environment)
        _fill(options.shops)
        stack.restart("web")
        yield stack


def _fill(shops: int) -> None:
    from django.db import connection

    from sandbox.demo.benchmarks import load_register
    from shops.search import index
    from tests.shops.search.mutations import judged_register

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        began = time.monotonic()
        load_register(judged_register(shops))
        print(f"{shops:,} shops in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        print(f"{index.rebuild():,} indexed in {time.monotonic() - began:.0f} s", flush=True)
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE shops_searchentry")


def _engine() -> str:
    from django.db import connection

    return str(connection.vendor)


def _shapes() -> list[Shape]:
    """200 queries: 5 of each class of the judged ones, of a seed of their own, and fifty of the worst."""
    from sandbox.demo.shops.large_register import names
    from tests.shops.search import mutations

    by_kind: dict[str, list[str]] = {}
    for query in mutations.queries("bench", OF_A_MUTATION):
        kind = query.kind.split()[0] if query.kind.split()[0] in ("fold", "typed", "number") else query.kind
        by_kind.setdefault(kind, []).append(query.text)
    words = [ar for ar, _en, _meaning in names().words.values]
    worst = {
        "two letters": ["صا", "نو", "ال", "sa", "al", "مح", "خي", "ba", "كو", "عب"],
        "most common words": ["صالون", "حلاق", "النور", "مصبغة", "salon", "ladies", "laundry", "الأمل", "سيارات", "هواتف"],
        "two common words": [f"صالون {word}" for word in words[:5]]
        + ["ladies salon", "al nour salon", "حلاق النور", "car wash", "زينة سيارات"],
        "no hit": ["زقزقوقة", "qxzvkw", "صالون زقزقوقة", "99999999", "xx yy zz", "ظظظظ", "hjkl salon", "كلا كلو كلي", "zzzz", "ضضض ططط"],
    }
    shapes = [Shape(kind, [_path(q=text) for text in texts]) for kind, texts in (by_kind | worst).items()]
    here = "29.3339,48.0286"
    near = [_path(q="صالون", near=here), _path(near=here), _path(q="al nour", near="29.2771,47.9588")]
    narrow = [_path(q="صالون", governorate="HA"), _path(q="النور", activity="WSAL", open="1"), _path(governorate="JA")]
    rare = [_path(q="صالون النور", governorate="JA", activity="BARB"), _path(q="laundry", licence="active")]
    rare += [_path(q="نو", governorate="MU"), _path(activity="PETS")]
    return [*shapes, Shape("filters and near", near + narrow + rare)]


def _path(**given: str) -> str:
    return "/api/v1/shops/?" + "&".join(f"{name}={quote(value)}" for name, value in given.items())


def _in_database(path: str) -> tuple[float, float]:
    """Seconds that the statements of a question take, seen from this process, and processor seconds of the database for them.

    SQLite works inside this process, also while rows are fetched: there both are those of the whole question.
    """
    from django.db import connection
    from django.http import QueryDict

    from shops.search import results
    from shops.search.forms import ShopSearchForm
    from shops.search.queries import search_shops

    spent = used = 0.0

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal spent, used
        worked, began = _worked(), time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent += time.perf_counter() - began
            used += _worked() - worked

    form = ShopSearchForm(QueryDict(path.partition("?")[2]))
    with connection.execute_wrapper(timed):
        if not form.is_valid():
            raise AssertionError(f"{path}: {form.errors}")
        connection.ensure_connection()
        worked, began = _worked(), time.perf_counter()
        results.rows(search_shops(form.query()))
    if connection.vendor == "sqlite":
        return time.perf_counter() - began, _worked() - worked
    return spent, used


def _worked() -> float:
    """Processor seconds of the database so far: of this connection's process on this machine, or of this thread for SQLite."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return time.thread_time()
    raw: Any = connection.connection
    try:
        return int(Path(f"/proc/{raw.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:  # a server elsewhere
        return 0.0


def _through_http(stack: Stack, shapes: list[Shape], rounds: int) -> tuple[list[float], list[float], tuple[float, float]]:
    """Fills in the seconds of each request; returns those of the floor and of the floor by the search's own short ways, and processor
    seconds of search and floor.
    """
    from shops.models import Shop

    line, group = Line(stack.port), stack.pid("web")
    keys = ",".join(map(str, Shop.objects.order_by("pk").values_list("pk", flat=True)[1000:1020]))
    below = f"/floor-shops?keys={keys}"
    shortly = f"{below}&way=own"
    todo = [(shape, path) for _ in range(rounds) for shape in shapes for path in shape.paths]
    for _, path in todo[:BLOCK]:
        for asked in (path, below, shortly):
            _seconds(line, asked)
    floor: list[float] = []
    short: list[float] = []
    cpu = [0.0, 0.0]
    for start in range(0, len(todo), BLOCK):
        before = processor_seconds(group)
        for shape, path in todo[start : start + BLOCK]:
            shape.http.append(_seconds(line, path))
        between = processor_seconds(group)
        floor += [_seconds(line, below) for _ in todo[start : start + BLOCK]]
        cpu = [cpu[0] + between - before, cpu[1] + processor_seconds(group) - between]
        short += [_seconds(line, shortly) for _ in todo[start : start + BLOCK]]
    line.close()
    return floor, short, (cpu[0], cpu[1])


def _seconds(line: Line, path: str) -> float:
    n = next(_visitors)
    answer = line.ask(Ask(path, {"X-Forwarded-For": f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"}))
    if answer.status != 200:
        raise AssertionError(f"{path} answered {answer.status}: {answer.text[:300]!r}")
    return answer.seconds


def _text(shapes: list[Shape], floor: list[float], short: list[float], cpu: tuple[float, float]) -> str:
    from shops.models import SearchEntry

    http = [seconds for shape in shapes for seconds in shape.http]
    database = [seconds for shape in shapes for seconds in shape.database]
    processor = [seconds for shape in shapes for seconds in shape.processor]
    rows = [[s.name, len(s.paths), *(f"{1000 * tables.p95(t):.1f}" for t in (s.http, s.database, s.processor))] for s in shapes]
    rows.append(["**all**", sum(len(s.paths) for s in shapes), *(f"**{1000 * tables.p95(t):.1f}**" for t in (http, database, processor))])
    rows.append(["floor: 20 shops by primary key", "", f"{1000 * tables.p95(floor):.1f}", "", ""])
    rows.append(["the same by the search's own short ways", "", f"{1000 * tables.p95(short):.1f}", "", ""])
    ratio, shortly = (100 * (len(http) / sum(http)) / (len(times) / sum(times)) for times in (floor, short))
    heads = ("queries", "how many", "HTTP p95 ms", "database p95 ms", "processor of the database, p95 ms")
    note = (
        f"{SearchEntry.objects.count():,} shops on {_engine()}. Requests a second of the floor: **{ratio:.0f} %** (aim {AIM_RATIO} %),"
        f" {shortly:.0f} % where the floor takes the search's own short ways;"
        f" by processor time of the web server {100 * cpu[1] / cpu[0] if cpu[0] else 0:.0f} %"
        f" ({1000 * cpu[0] / len(http):.1f} ms a search, {1000 * cpu[1] / len(floor):.1f} ms the floor)."
        f" Aim at a million shops: HTTP p95 {AIM_HTTP} ms and database p95 {AIM_DATABASE} ms on PostgreSQL, {AIM_SQLITE} ms on SQLite."
    )
    return f"{note}\n\n{tables.table(heads, rows)}"


def _judged() -> str:
    from shops.models import Shop
    from tests.shops.search import judging
    from tests.shops.search.mutations import REGISTER

    shops = list(Shop.objects.filter(facts_source="made_up").order_by("pk").values_list("pk", flat=True)[:REGISTER])
    tallies = judging.judge(judging.read(), shops)
    one, five = judging.rates(tallies)
    rows = [[kind, t.asked, f"{t.first / t.asked:.3f}", f"{t.five / t.asked:.3f}"] for kind, t in tallies.items()]
    rows.append(["**all**", sum(t.asked for t in tallies.values()), f"**{one:.3f}**", f"**{five:.3f}**"])
    return "Hits of the judged queries in this register:\n\n" + tables.table(("class", "asked", "hit@1", "hit@5"), rows)


if __name__ == "__main__":
    sys.exit(main(Servers.from_environment(), sys.argv[1:]))

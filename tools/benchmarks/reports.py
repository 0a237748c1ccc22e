"""Reports: intake without and with photos against storing the same bytes; status page, staff list, map and Open311 with many reports."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from statistics import median

from tools.benchmarks import report_load, report_rows, subjects, tables
from tools.benchmarks.client import Ask, Line
from tools.benchmarks.pages import HEADS, Measured, Run, _Backends, measure_page, portal, processor_seconds
from tools.stack.running import Servers, Stack

PHOTOS = {"no photo": 0, "photo of 222 kB": 222_000, "photo of 2 MB": 2_000_000}  # of a sender whom nothing but the report names
NAMED = {f"{name}, device_id": PHOTOS[name] for name in ("no photo", "photo of 222 kB")}  # whose limits and stops are looked up
BORDER = "benchmark"
BOX = "29.30,48.00,29.36,48.06"
OPEN311 = "/open311/v2/requests.json"
STORE = "/floor-store"  # urls.py: the same bytes received and stored, nothing more
BLOCK = 5
INTAKE = ("intake", "reports/s", "web ms", "database ms", "together ms", "storing them ms", "× storing", "× home")


@dataclass(frozen=True)
class Posted(Ask):
    """A form with files."""

    body: bytes = b""

    def raw(self, host: str) -> bytes:
        kind = f"multipart/form-data; boundary={BORDER}"
        headers = {"Host": host, **self.headers, "Content-Type": kind, "Content-Length": str(len(self.body))}
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench reports [--small] [--keep NAME] [--reports 100000,1000000] [--runs 5] [--requests 60] [--posts 20] [--only PART]…`."""
    parser = argparse.ArgumentParser(prog="script/bench reports", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the demo's data, to try the command out")
    parser.add_argument("--keep", default="", help="keep the demo's data for later runs, as pages does")
    parser.add_argument("--reports", default="100000,1000000", help="sizes, one after another")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=60, help="of a run, for a page, its floor and the calibration page each")
    parser.add_argument("--posts", type=int, default=20, help="of a run, for each kind of report")
    parser.add_argument("--seconds", type=float, default=20, help="of each of the two rounds of several clients")
    parser.add_argument("--only", default="", help="intake, or the key of one page")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args(arguments)
    if not servers.database:
        print("script/bench reports needs PostgreSQL.", file=sys.stderr)
        return 1
    texts: list[str] = []

    def publish(text: str) -> None:
        texts.append(text)
        tables.publish("reports", "\n\n".join(texts), write=options.write)

    with portal(servers, small=options.small, keep=options.keep) as stack:
        subjects.set_up(stack.environment)
        ask = _reports()
        if options.only in ("", "intake"):
            rows = [intake(stack, ask, name, options.runs, options.posts) for name in PHOTOS | NAMED]
            publish(f"Intake by Open311, {options.runs} runs of {options.posts} reports.\n\n{tables.table(INTAKE, rows)}")
            publish(report_load.text(stack, lambda: ask("photo of 222 kB"), options.seconds))
        for size in map(int, options.reports.split(",")):
            print(f"{report_rows.copy(size):,} reports written", flush=True)
            _count()
            if options.only in ("", "intake"):
                row = intake(stack, _reports(), "no photo", options.runs, options.posts)  # a key whose hour is not full of reports
                publish(f"Intake with {size:,} reports in the database.\n\n{tables.table(INTAKE, [row])}")
            found = list(_measured(stack, options))
            missed = ", ".join(one.page.name for one in found if one.misses) or "none"
            head = f"{size:,} reports, {options.runs} runs of {options.requests} requests. Missed bounds: {missed}."
            publish(f"{head}\n\n{tables.table(HEADS, [one.row() for one in found])}")
    return 0


def _count() -> None:
    """What a job does every ten minutes."""
    from reports.public_page import counts, figures

    counts.refresh()
    figures.refresh()


def _measured(stack: Stack, options: argparse.Namespace) -> Iterator[Measured]:
    from tools.benchmarks.recording import separate_numbers

    separate_numbers()
    for page in _pages():
        if options.only in ("", page.key):
            stack.restart("web")
            yield (found := measure_page(stack, page, options.runs, options.requests))
            print(f"  {page.name}: {median(found.multiples):.1f} × home", flush=True)


def _pages() -> Iterator[subjects.Page]:
    """What is read most, of a report that was copied and of the inspector who has them all."""
    from django.urls import reverse
    from django.utils import translation

    from reports.models import Report

    row = Report.objects.filter(inspector__isnull=False, state="assigned").order_by("-pk")[0]
    whole = Report.objects.filter(photos__isnull=False, closures__isnull=False, hidden_at__isnull=True).order_by("pk")[0]
    with translation.override("ar"):
        status, end = (reverse("reports:report", args=[one.public_id]) for one in (row, whole))
        chart = reverse("reports:map")
        figures, data = reverse("reports:figures"), reverse("reports:map_data")
    yield subjects.Page("Status page", "report-status", subjects._always(status), most=3)
    yield subjects.Page("Status page, closed, with photos", "report-end", subjects._always(end), most=3)
    session = subjects._session(row.inspector)
    listed = subjects._always(reverse("admin:eye"), session)
    yield subjects.Page("Staff list of 50", "report-list", listed, most=8, most_queries=15, language="")
    yield subjects.Page("Map of Kuwait", "report-map", subjects._always(chart))
    yield subjects.Page("Map of a part of a town", "report-box", subjects._always(f"{chart}?box={BOX}"))
    yield subjects.Page("The same as GeoJSON", "report-data", subjects._always(f"{data}?box={BOX}"))
    yield subjects.Page("Figures", "report-figures", subjects._always(figures))
    shown = subjects._always("/open311/v2/requests.json?page_size=50")
    yield subjects.Page("Open311, 50 reports", "report-open311", shown, language="")


def _reports() -> Callable[..., Posted]:
    """A function that gives a new report with the photo of a name of PHOTOS or NAMED, for the address of reports or another one."""
    from municipality.accounts.models import User
    from reports.open311 import keys

    operator = User.objects.filter(is_staff=True, groups__name=keys.ROLE).order_by("pk")[0]
    _row, key = keys.make(name="Benchmark", contact="-", per_hour=10**6, by=operator)
    made, numbers = {size: _photo(size) if size else b"" for size in PHOTOS.values()}, count()
    photos = {name: made[size] for name, size in (PHOTOS | NAMED).items()}
    return lambda name, path=OPEN311: Posted(path, subjects._headers(), None, _body(key, next(numbers), photos[name], name in NAMED))


def intake(stack: Stack, ask: Callable[..., Posted], name: str, runs: int, posts: int) -> tuple[object, ...]:
    """The row of a kind of report. Blocks of reports, of the same bytes stored, and of the calibration page take turns."""
    stack.restart("web")
    line = Line(stack.port)
    for path in (OPEN311, STORE):
        _block(stack, line, lambda path=path: ask(name, path), 3, Run())  # type: ignore[misc]
    measured = [_run(stack, line, lambda path: ask(name, path), posts) for _ in range(runs)]
    line.close()
    found = _row_of(name, measured)
    print(f"  {name}: {found[1]} reports a second, {found[-1]} × home", flush=True)
    return found


def _run(stack: Stack, line: Line, ask: Callable[[str], Posted], posts: int) -> tuple[Run, Run, Run]:
    report, stored, home = Run(), Run(), Run()
    for _ in range(0, posts, BLOCK):
        _block(stack, line, lambda: ask(OPEN311), BLOCK, report)
        _block(stack, line, lambda: ask(STORE), BLOCK, stored)
        _block(stack, line, subjects.CALIBRATION.ask, BLOCK, home)
    return report, stored, home


def _block(stack: Stack, line: Line, ask: Callable[[], Ask], many: int, run: Run) -> None:
    asks, backends = [ask() for _ in range(many)], _Backends()
    web, database = processor_seconds(stack.pid("web")), backends.seconds()
    for one in asks:
        answer = line.ask(one)
        if answer.status != 200:
            raise AssertionError(f"{one.path} answered {answer.status}: {answer.text[:300]!r}")
        run.seconds.append(answer.seconds)
    run.web += processor_seconds(stack.pid("web")) - web
    run.database += backends.seconds() - database


def _row_of(name: str, runs: list[tuple[Run, Run, Run]]) -> tuple[object, ...]:
    def ms(of: Callable[[Run], float], place: int = 0) -> float:
        return 1000 * median(of(run[place]) for run in runs)

    return (
        name,
        f"{median(report.rate for report, _, _ in runs):.1f}",
        f"{ms(lambda run: run.web / len(run.seconds)):.1f}",
        f"{ms(lambda run: run.database / len(run.seconds)):.1f}",
        f"{ms(lambda run: run.processor):.1f}",
        f"{ms(lambda run: run.processor, 1):.1f}",
        f"**{median(report.processor / stored.processor for report, stored, _ in runs):.1f}**",
        f"{median(report.processor / home.processor for report, _, home in runs):.1f}",
    )


def _body(key: str, number: int, photo: bytes, is_named: bool = False) -> bytes:
    """A report that was never sent before; its photo differs from every other in its last bytes, which are no part of the picture."""
    fields = {"api_key": key, "service_code": "waste", "lat": "29.3328", "long": "48.0283", "description": f"أنقاض {number}"}
    fields |= {"device_id": f"device {number}"} if is_named else {}
    parts = [f'--{BORDER}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    if photo:
        head = f'--{BORDER}\r\nContent-Disposition: form-data; name="media"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        parts.append(head.encode() + photo + f"{number:012d}\r\n".encode())
    return b"".join([*parts, f"--{BORDER}--\r\n".encode()])


def _photo(size: int) -> bytes:
    """A JPEG of noise with about so many bytes."""
    from PIL import Image

    side = 50
    while True:
        out = io.BytesIO()
        Image.frombytes("RGB", (side, side), os.urandom(3 * side * side)).resize((2 * side, 2 * side)).save(out, "JPEG", quality=85)
        if out.tell() >= size:
            return out.getvalue()
        side = int(side * max(1.02, (size / out.tell()) ** 0.5))

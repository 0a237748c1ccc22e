"""A batch of sealed licences in one process: processor time, memory as it goes on, and the seal of every file checked afterwards.

The licences of the demo are rendered and sealed in turn, each with the day of its own issue, as the queue `bulk` does at the end of a year.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import cycle, islice
from pathlib import Path

from tools.benchmarks import subjects, tables
from tools.stack.running import Servers

AIM_GROWTH = 1.10  # memory at the end to that after the first tenth
PARTS = 10


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench documents [--count 5000] [--write]`. Returns 1 if memory grows or a file is not valid."""
    parser = argparse.ArgumentParser(prog="script/bench documents", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    with subjects.small_demo(servers) as files:
        rows, growth = issue(options.count, files)
        wrong, kilobytes = check(files)
    text = tables.table(("licences", "CPU ms each", "memory MB"), rows)
    text += f"\n\nMemory at the end is {growth:.2f} × that after the first tenth (aim {AIM_GROWTH}). "
    text += f"{wrong} of {options.count} files are not valid by the checker; {kilobytes:.0f} kB each."
    tables.publish("documents", text, write=options.write)
    return int(growth > AIM_GROWTH or wrong > 0)


def issue(count: int, files: Path) -> tuple[list[tuple[str, ...]], float]:
    """Render and seal so many licences into a folder. Returns the rows of the table, and how much memory grew after the first of them."""
    from licensing.health.documents import HealthLicenceFacts
    from municipality.documents import services
    from municipality.documents.models import Document
    from municipality.documents.states import LIVE

    documents = list(Document.objects.filter(kind=HealthLicenceFacts.kind, state__in=LIVE).order_by("pk")[:500])
    rows: list[tuple[str, ...]] = []
    memory: list[float] = []
    began, part = time.process_time(), max(count // PARTS, 1)
    for number, document in enumerate(islice(cycle(documents), count), 1):
        (files / f"{number}.pdf").write_bytes(services.render_and_seal(HealthLicenceFacts, document))
        if number % part == 0:
            memory.append(_resident())
            rows.append((f"{number:,}", f"{1000 * (time.process_time() - began) / part:.0f}", f"{memory[-1]:.0f}"))
            began = time.process_time()
    return rows, memory[-1] / memory[0]


def check(files: Path) -> tuple[int, float]:
    """How many files the checker of seals does not accept, and the mean size in kB."""
    from django.conf import settings

    from municipality.documents import seal, verification

    root = seal.root_pem(Path(settings.SIGNER_KEY_FILE))
    wrong = size = 0
    paths = list(files.iterdir())
    for path in paths:
        content = path.read_bytes()
        size += len(content)
        wrong += not verification.check(content, root_pem=root).accepted
    return wrong, size / len(paths) / 1000


def _resident() -> float:
    """Memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1_000_000


if __name__ == "__main__":
    sys.exit("Run it as script/bench documents")

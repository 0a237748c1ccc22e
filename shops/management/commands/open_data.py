"""Writes the files of the open data now, as the worker does every night."""

from __future__ import annotations

import resource
import time
from operator import itemgetter
from typing import Any

from django.core.management.base import BaseCommand

from municipality.kernel.open_data import OPEN_SETS
from shops.open_data import feed, writer
from shops.search import index


class Command(BaseCommand):
    help = "Compares the register with what was published, numbers what changed and writes the files of every set of the open data."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        index.index_missing()
        slices: list[tuple[str, float]] = []
        marked = 0
        last: int | None = 0
        while last is not None:
            since = time.monotonic()
            found = feed.compare_slice(last)
            marked, last = marked + found.marked, found.last
            slices.append((f"slice {len(slices) + 1}", time.monotonic() - since))
        compared = time.monotonic()
        steps: list[tuple[str, float]] = []
        editions = [writer.publish(key, report=lambda *step: steps.append(step)) for key in OPEN_SETS]
        if options["verbosity"] > 1:
            self.stdout.write(f"compared: {compared - began:.1f} s, written: {time.monotonic() - compared:.1f} s")
            for part in (max(slices, key=itemgetter(1)), *steps):
                self.stdout.write(f"{part[0]} took {part[1]:.1f} s")
            self.stdout.write(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f} MB at most")
        for edition in editions:
            self.stdout.write(f"{edition.rows} {edition.dataset} in {len(edition.files)} files ({edition.folder})")
        self.stdout.write(f"{marked} shops had changed unmarked")

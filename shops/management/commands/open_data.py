"""Writes the files of the open data now: what the worker does every night."""

from __future__ import annotations

import resource
import time
from typing import Any

from django.core.management.base import BaseCommand

from shops.open_data import feed, writing
from shops.search import indexing


class Command(BaseCommand):
    help = "Compares the register with what was published, numbers what changed and writes CSV, JSON Lines and GeoJSON of all shops."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        indexing.index_missing()
        marked = feed.find_unmarked()
        compared = time.monotonic()
        edition = writing.publish()
        if options["verbosity"] > 1:
            self.stdout.write(f"compared: {compared - began:.1f} s, written: {time.monotonic() - compared:.1f} s")
            self.stdout.write(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f} MB at most")
        self.stdout.write(f"{edition.rows} shops in {len(edition.files)} files ({edition.folder}); {marked} had changed unmarked")

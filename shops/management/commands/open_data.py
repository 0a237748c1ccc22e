"""Writes the files of the open data now: what the worker does every night."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from shops.open_data import feed, writing
from shops.search import indexing


class Command(BaseCommand):
    help = "Compares the register with what was published, numbers what changed and writes CSV, JSON Lines and GeoJSON of all shops."

    def handle(self, *args: Any, **options: Any) -> None:
        indexing.index_missing()
        marked = feed.find_unmarked()
        edition = writing.publish()
        self.stdout.write(f"{edition.rows} shops in {len(edition.files)} files ({edition.folder}); {marked} had changed unmarked")

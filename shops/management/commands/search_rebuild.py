"""Rebuilds the index of the shop search."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from shops.search import index


class Command(BaseCommand):
    help = "Write the index of the shop search again: batch by batch beside running searches, or --from-scratch at once while they wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from-scratch", action="store_true", help="empty the index first; some seconds for 10,000 shops")

    def handle(self, *args: Any, **options: Any) -> None:
        count = index.rebuild() if options["from_scratch"] else index.refresh_all()
        self.stdout.write(f"{count} shops indexed")

"""Imports owners of commercial licences from a file of the commercial register."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shops.commercial_register.owners import COLUMNS, import_owners


class Command(BaseCommand):
    help = f"Take in a CSV of the commercial register with the columns {', '.join(COLUMNS)}; civil numbers are kept as keyed hashes only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as lines:
                result = import_owners(lines)
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{result.written} owners taken in, {len(result.skipped)} lines left out.")
        if result.skipped:
            self.stdout.write(f"Lines without a valid number: {', '.join(map(str, result.skipped[:50]))}")

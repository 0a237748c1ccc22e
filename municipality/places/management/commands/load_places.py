"""`manage.py load_places`: governorates, branches and areas, in production as in the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from municipality.places.seeds import AREAS, load_places


class Command(BaseCommand):
    help = "Write or refresh governorates, branches and areas. Safe to run again; deletes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, default=AREAS, help="another list of areas with the same columns, such as PACI's own")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = load_places(options["file"])
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"The list of areas cannot be used: {error}") from error
        self.stdout.write(", ".join(f"{count} {name}" for name, count in counts.items()) + ".")

"""`manage.py demo_fill --shops 300000`: a register of real size, for benchmarks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sandbox.demo.benchmarks import fill
from sandbox.demo.management.commands.demo import require_demo


class Command(BaseCommand):
    help = "Add made-up shops with owners and licences until there are so many. Load the demo first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shops", type=int, required=True, metavar="N", help="how many there shall be in all")

    def handle(self, *args: Any, **options: Any) -> None:
        require_demo()
        try:
            added = fill(options["shops"], lambda line: self.stdout.write(f"  {line}"))
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{added} shops added.")

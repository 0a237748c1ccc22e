"""What must always be true, asked of the whole database. Run after every fault test and every night."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Ask every app's invariants; list what does not hold and fail if anything does not."

    def handle(self, *args: Any, **options: Any) -> None:
        found = asked = 0
        for config in apps.get_app_configs():
            if find_spec(f"{config.name}.invariants") is None:
                continue
            asked += 1
            for finding in import_module(f"{config.name}.invariants").findings():
                found += 1
                self.stdout.write(f"{config.label}: {finding}")
        if found:
            raise CommandError(f"{found} findings.")
        self.stdout.write(f"0 findings in {asked} apps.")

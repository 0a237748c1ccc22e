"""`manage.py invariants`: check what must always hold in the database. Run after every fault test and every night."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Ask every app's invariants; list what does not hold and fail if anything does not."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = app_count = 0
        for config in apps.get_app_configs():
            if find_spec(f"{config.name}.invariants") is None:
                continue
            app_count += 1
            for finding in import_module(f"{config.name}.invariants").findings():
                findings += 1
                self.stdout.write(f"{config.label}: {finding}")
        if findings:
            raise CommandError(f"{findings} findings.")
        self.stdout.write(f"0 findings in {app_count} apps.")

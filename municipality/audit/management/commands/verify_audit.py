"""Verify the whole chain of the record."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from municipality.audit import queries
from municipality.audit.models import Link


class Command(BaseCommand):
    help = "Verify numbers, hashes and links of the record from the first row to the last."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for fault in queries.faults():
            found += 1
            self.stdout.write(f"{fault.number}: {fault.what}")
        if found:
            raise CommandError(f"{found} faults in the record.")
        last = Link.objects.order_by("-number").first()
        head = f"{last.number} {last.hash}" if last else "empty"
        self.stdout.write(f"0 faults. Head: {head}. Not yet numbered: {queries.unnumbered().count()}.")

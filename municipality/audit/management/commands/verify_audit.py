"""`manage.py verify_audit`: verify the hash chain of the audit log."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from municipality.audit import queries
from municipality.audit.models import AccessLogEntry, AuditEvent, Link


class Command(BaseCommand):
    help = "Verify numbers, hashes and links of the audit log from the first event to the last, and that no event waits for its number."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = 0
        for fault in queries.verify():
            faults += 1
            self.stdout.write(f"{fault.number}: {fault.what}")
        for event in queries.overdue().order_by("pk")[:50]:
            faults += 1
            self.stdout.write(f"act {event.pk}: waits for its number since {event.at:%Y-%m-%d %H:%M:%S}")
        for table in queries.tables_with_invented_ids(AuditEvent._meta.db_table, AccessLogEntry._meta.db_table):
            faults += 1
            self.stdout.write(f"{table}: a row's number is above the database's counter")
        if faults:
            raise CommandError(f"{faults} faults in the record.")
        last = Link.objects.order_by("-number").first()
        head = f"{last.number} {last.hash}" if last else "empty"
        self.stdout.write(f"0 faults. Head: {head}. Not yet numbered: {queries.unnumbered().count()}.")

"""Questions to the record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from municipality.audit.models import AccessLogEntry, AuditEvent, Link
from municipality.audit.services import GENESIS, chain_hash
from municipality.kernel import clock

WAIT = dt.timedelta(minutes=1)  # an act is numbered within a second


@dataclass(frozen=True)
class Fault:
    number: int
    what: str


def faults(after: int = 0) -> Iterator[Fault]:
    """Verify the chain from the first row (or after a known good number). Yields what does not fit.

    A cut tail or a rewrite of everything after a row cannot be seen from inside; that takes a copy outside the building.
    """
    previous, expected = GENESIS, 1
    if after:
        known = Link.objects.get(number=after)
        previous, expected = known.hash, after + 1
    for link in Link.objects.filter(number__gt=after).select_related("act").order_by("number").iterator(2000):
        if link.number != expected:
            yield Fault(link.number, "gap")
        if link.previous_hash != previous:
            yield Fault(link.number, "broken_chain")
        if chain_hash(link.previous_hash, link.number, link.act) != link.hash:
            yield Fault(link.number, "changed_row")
        previous, expected = link.hash, link.number + 1


def unnumbered() -> QuerySet[AuditEvent]:
    """Acts that the sequencer has not reached."""
    return AuditEvent.objects.filter(link__isnull=True)


def overdue() -> QuerySet[AuditEvent]:
    """Acts that wait for a number longer than `WAIT`, and those that bear a time still to come, which hides how long they wait."""
    now = clock.now()
    return unnumbered().exclude(at__gte=now - WAIT, at__lte=now + WAIT)


def uncounted(*tables: str) -> list[str]:
    """Tables among these with a row whose number is above the database's counter: it was invented.

    SQLite's counter follows such a row, so there nothing comes before it.
    """
    if connection.vendor != "postgresql":
        return []
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                "SELECT pg_get_serial_sequence(%s, attname) , attname FROM pg_attribute WHERE attrelid = %s::regclass"
                " AND attidentity <> ''",
                [table, table],
            )
            for sequence, column in cursor.fetchall():
                name = connection.ops.quote_name(column)
                # The rows are those of the statement's beginning, the counter is as far as it is by now.
                cursor.execute(f"SELECT max({name}) > (SELECT last_value FROM {sequence}) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names from the catalogue
                if cursor.fetchone()[0]:
                    found.append(table)
    return found


def looks_at(person_key: str) -> QuerySet[AccessLogEntry]:
    """Who looked at this person's data, newest first."""
    return AccessLogEntry.objects.filter(person_key=person_key).order_by("-pk")


def access_log_of(person_key: str, subject: str) -> list[AccessLogEntry]:
    """The last twenty looks at one matter of a person."""
    return list(looks_at(person_key).filter(subject=subject)[:20])

"""Queries on the audit log and the access log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet

from municipality.audit.models import AccessLogEntry, ActText, AuditEvent, Link
from municipality.audit.services import GENESIS, chain_hash, commitment_of, record
from municipality.kernel import clock, request_cache
from municipality.kernel.actors import Actor, system

VERIFIED = "audit.verified"
VERIFIED_NEWEST = "audit.verified_newest"
CHAIN = "audit:chain"
PART = 300_000  # events that one run of the job verifies: some 30 seconds
MOST_NOW = 10_000  # events that are verified while somebody waits: some two seconds
PAUSE = dt.timedelta(hours=20)  # between the end of one verification of the whole chain and the start of the next
MAX_WAIT = dt.timedelta(minutes=1)  # an event is normally numbered within a second


@dataclass(frozen=True)
class Fault:
    number: int
    what: str


def faults(after: int = 0, until: int | None = None) -> Iterator[Fault]:
    """Verify the chain, from the first event or after the number `after`, which was verified before, to `until`. Yields the faults.

    Then the texts that were not erased are compared with the commitments of their events.

    A removed tail, or a rewrite of everything after a row, can be detected only with an external copy.
    """
    previous, expected = GENESIS, 1
    if after:
        last_verified = Link.objects.get(number=after)
        previous, expected = last_verified.hash, after + 1
    end = _last_number() if until is None else until
    links = Link.objects.filter(number__gt=after, number__lte=end)
    for link in links.select_related("act").order_by("number").iterator(2000):
        if link.number != expected:
            yield Fault(link.number, "gap")
        if link.previous_hash != previous:
            yield Fault(link.number, "broken_chain")
        if chain_hash(link.previous_hash, link.number, link.act) != link.hash:
            yield Fault(link.number, "changed_row")
        previous, expected = link.hash, link.number + 1
    texts = ActText.objects.filter(act__link__number__gt=after, act__link__number__lte=end).order_by("act__link__number")
    for number, commitment, salt, text in texts.values_list("act__link__number", "act__commitment", "salt", "text").iterator(2000):
        if commitment_of(salt, text) != commitment:
            yield Fault(number, "changed_text")


def _last_number() -> int:
    return Link.objects.order_by("-number").values_list("number", flat=True).first() or 0


def verify() -> list[Fault]:
    """Verify the chain from the first event to the last and record the result. Returns the faults."""
    last = _last_number()
    found = list(faults(until=last))
    _record_verified(last, found, is_whole=True)
    return found


def verify_part(most: int = PART) -> list[Fault]:
    """Verify the next `most` events and record the result; the last part says what the whole chain has. Returns the faults found now.

    After the last part nothing is verified for a PAUSE.
    """
    before = AuditEvent.objects.filter(subject=CHAIN, action=VERIFIED).order_by("-pk").first()
    after, earlier = 0, 0
    if before is not None and not before.data.get("is_whole") and Link.objects.filter(number=before.data["to"]).exists():
        after, earlier = before.data["to"], before.data["faults"]
    elif before is not None and before.at > clock.now() - PAUSE:
        return []
    last = _last_number()
    end = min(after + most, last)
    found = list(faults(after, end))
    _record_verified(end, found, earlier=earlier, is_whole=end == last)
    return found


def _record_verified(to: int, found: list[Fault], *, earlier: int = 0, is_whole: bool) -> None:
    data = {"to": to, "faults": earlier + len(found), "rows": [fault.number for fault in found[:20]], "is_whole": is_whole}
    with transaction.atomic():
        record(VERIFIED, subject=CHAIN, actor=system("audit"), data=data)


def last_verification() -> AuditEvent | None:
    """The event of the last verification of the whole chain; None before the first. Read once a request."""
    return request_cache.get_or_set("audit.last_verification", _last_verification)


def _last_verification() -> AuditEvent | None:
    return AuditEvent.objects.filter(subject=CHAIN, action=VERIFIED, data__is_whole=True).order_by("-pk").first()


def last_of_newest() -> AuditEvent | None:
    """The event of the last verification by hand, where it covers more than that of the whole chain; None otherwise."""
    event = AuditEvent.objects.filter(subject=CHAIN, action=VERIFIED_NEWEST).order_by("-pk").first()
    whole = last_verification()
    return event if event is not None and (whole is None or event.data["to"] > whole.data["to"]) else None


def verify_newest(actor: Actor) -> AuditEvent | None:
    """Verify the next MOST_NOW lines after those that were verified before, and record the result; None where there are none.

    The result covers all lines since the whole verification, with the faults that were found in them before.
    """
    newest, whole = last_of_newest(), last_verification()
    before = newest or whole
    after = before.data["to"] if before is not None and Link.objects.filter(number=before.data["to"]).exists() else 0
    end = min(after + MOST_NOW, _last_number())
    if end <= after:
        return None
    found = list(faults(after, end))
    first, faulty, rows = (newest.data["from"], newest.data["faults"], newest.data["rows"]) if newest and after else (after + 1, 0, [])
    rows = [*rows, *(fault.number for fault in found)][:20]
    data = {"from": first, "to": end, "faults": faulty + len(found), "rows": rows}
    with transaction.atomic():
        return record(VERIFIED_NEWEST, subject=CHAIN, actor=actor, data=data)


def verify_since(event: AuditEvent) -> tuple[int, list[Fault]] | None:
    """Verify the chain from the last verification of the whole to a newer event: the first number and the faults; nothing is recorded.

    None where the whole verification covers the event, or where more than MOST_NOW events lie between.
    """
    last = last_verification()
    after = last.data["to"] if last is not None else 0
    if not after < event.link.number <= after + MOST_NOW or (after and not Link.objects.filter(number=after).exists()):
        return None
    return after + 1, list(faults(after, event.link.number))


def unnumbered() -> QuerySet[AuditEvent]:
    """Events without a number yet."""
    return AuditEvent.objects.filter(link__isnull=True)


def overdue() -> QuerySet[AuditEvent]:
    """Events that have waited for a number longer than MAX_WAIT, and those with a time in the future, whose wait is unknown."""
    now = clock.now()
    return unnumbered().exclude(at__gte=now - MAX_WAIT, at__lte=now + MAX_WAIT)


def tables_with_invented_ids(*tables: str) -> list[str]:
    """Those of `tables` with a row whose id is above its sequence, so that the database did not assign it.

    Empty on SQLite, whose counter follows inserted ids.
    """
    if connection.vendor != "postgresql":
        return []
    invented = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                "SELECT pg_get_serial_sequence(%s, attname) , attname FROM pg_attribute WHERE attrelid = %s::regclass"
                " AND attidentity <> ''",
                [table, table],
            )
            for sequence, column in cursor.fetchall():
                name = connection.ops.quote_name(column)
                # The rows are those of the statement's snapshot; the sequence may be further by now, never behind.
                cursor.execute(f"SELECT max({name}) > (SELECT last_value FROM {sequence}) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names from the catalogue
                if cursor.fetchone()[0]:
                    invented.append(table)
    return invented


def access_log_of(person_key: str) -> QuerySet[AccessLogEntry]:
    """The accesses to a person's data, newest first."""
    return AccessLogEntry.objects.filter(person_key=person_key).order_by("-pk")


def recent_accesses(person_key: str, subject: str) -> list[AccessLogEntry]:
    """The last twenty accesses to one subject of a person."""
    return list(access_log_of(person_key).filter(subject=subject)[:20])

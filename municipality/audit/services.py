"""Writing the audit log and the access log, and chaining the events."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Min

from municipality.audit.models import AccessLogEntry, ActText, AuditEvent, Link
from municipality.audit.registry import branch_of
from municipality.kernel import clock
from municipality.kernel.actors import Actor

GENESIS = "0" * 64
MAX_LATE = 10_000  # events


def record(action: str, *, subject: str, actor: Actor, data: dict[str, Any] | None = None, text: str = "") -> AuditEvent:
    """Insert an audit event in the caller's transaction. `data` holds codes, numbers and opaque ids only.

    `text`, which a person wrote, is stored separately, bound by a salted commitment. Raises RuntimeError outside a transaction.
    """
    salt = secrets.token_hex(16) if text else ""
    event = _event(NewAuditEvent(action, subject, actor, data or {}))
    event.commitment = commitment_of(salt, text) if text else ""
    event.save(force_insert=True)
    if text:
        ActText.objects.create(act=event, salt=salt, text=text)
    return event


def commitment_of(salt: str, text: str) -> str:
    """The salted commitment to a text: SHA-256 in hexadecimal digits."""
    return hashlib.sha256((salt + text).encode()).hexdigest()


class NewAuditEvent(NamedTuple):
    """An event that is not yet recorded: what `record` takes, without a text."""

    action: str
    subject: str
    actor: Actor
    data: Mapping[str, Any] = MappingProxyType({})


def record_all(events: Iterable[NewAuditEvent]) -> None:
    """As `record`, several events by one statement. Raises RuntimeError outside a transaction."""
    AuditEvent.objects.bulk_create([_event(one) for one in events])


def _event(act: NewAuditEvent) -> AuditEvent:
    if not connection.in_atomic_block:
        raise RuntimeError("an act and its record commit together")
    data = {**act.data, **act.actor.event_data}
    return AuditEvent(at=clock.now(), action=act.action, subject=act.subject, actor_key=act.actor.key, actor_role=act.actor.role, data=data)


def log_access(*, viewer: Actor, person_key: str, subject: str, purpose: str) -> None:
    """Insert an access of staff to a person's data; call it before the page is rendered."""
    log_accesses(viewer=viewer, seen=[(person_key, subject)], purpose=purpose)


def log_accesses(*, viewer: Actor, seen: Iterable[tuple[str, str]], purpose: str) -> None:
    """Insert the accesses of one page or file to the data of several people: `seen` are their keys and the subjects. One statement."""
    viewed = {"at": clock.now(), "viewer_key": viewer.key, "viewer_role": viewer.role, "purpose": purpose}
    branch: Any = branch_of(viewer.key)
    AccessLogEntry.objects.bulk_create(
        AccessLogEntry(person_key=key, subject=subject, viewer_branch=branch, **viewed) for key, subject in seen
    )


def canonical(event: AuditEvent) -> bytes:
    """The canonical form of an event that its hash covers: JSON, sorted keys, UTC instants to the microsecond."""
    fields = [
        event.pk,
        event.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        event.action,
        event.subject,
        event.actor_key,
        event.actor_role,
        event.data,
        event.commitment,
    ]
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def chain_hash(previous: str, number: int, event: AuditEvent) -> str:
    """SHA-256 over the previous hash, the number and the canonical event."""
    return hashlib.sha256(f"{previous}:{number}:".encode() + canonical(event)).hexdigest()


def sequence(limit: int = 2000) -> int:
    """Number and chain the events that have no number yet, lowest id first. Returns how many.

    Of several calls at once the primary key lets only one commit; the others raise IntegrityError.
    """
    with transaction.atomic():
        last = Link.objects.order_by("-number").first()
        number, previous = (last.number, last.hash) if last else (0, GENESIS)
        # Ids are assigned before commits, so a smaller id may appear after larger ones were numbered, at most MAX_LATE of them during a
        # long transaction. Counted in events, not in ids, so that a gap in the ids, or one far too large, hides no event.
        recent = Link.objects.filter(number__gt=number - MAX_LATE)
        floor = (recent.aggregate(least=Min("act_id"))["least"] or 0) - 1 if number > MAX_LATE else 0
        links = []
        for event in AuditEvent.objects.filter(pk__gt=floor, link__isnull=True).order_by("pk")[:limit]:
            number += 1
            digest = chain_hash(previous, number, event)
            links.append(Link(number=number, act=event, previous_hash=previous, hash=digest))
            previous = digest
        Link.objects.bulk_create(links)
    return len(links)

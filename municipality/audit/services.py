"""Writing the record, and chaining it."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from municipality.audit.models import AccessLogEntry, ActText, AuditEvent, Link
from municipality.kernel import clock
from municipality.kernel.actors import Actor

GENESIS = "0" * 64
LATE = 10_000  # acts


def record(action: str, *, subject: str, actor: Actor, data: dict[str, Any] | None = None, text: str = "") -> AuditEvent:
    """Write one act in the caller's transaction. `data` holds codes, numbers and opaque ids only.

    `text` (a person's words) is kept apart and bound by a salted commitment. Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an act and its record commit together")
    salt = secrets.token_hex(16) if text else ""
    act = AuditEvent.objects.create(
        at=clock.now(),
        action=action,
        subject=subject,
        actor_key=actor.key,
        actor_role=actor.role,
        data={**(data or {}), **actor.event_data},
        commitment=hashlib.sha256((salt + text).encode()).hexdigest() if text else "",
    )
    if text:
        ActText.objects.create(act=act, salt=salt, text=text)
    return act


def log_access(*, viewer: Actor, person_key: str, subject: str, purpose: str) -> None:
    """Write one read of a person's data by staff; before the page is shown."""
    AccessLogEntry.objects.create(
        at=clock.now(), viewer_key=viewer.key, viewer_role=viewer.role, person_key=person_key, subject=subject, purpose=purpose
    )


def canonical(act: AuditEvent) -> bytes:
    """The fixed form of a row that its hash covers: JSON, sorted keys, UTC instants to the microsecond."""
    fields = [
        act.pk,
        act.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        act.action,
        act.subject,
        act.actor_key,
        act.actor_role,
        act.data,
        act.commitment,
    ]
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def chain_hash(previous: str, number: int, act: AuditEvent) -> str:
    """SHA-256 over the previous hash, the number and the canonical row."""
    return hashlib.sha256(f"{previous}:{number}:".encode() + canonical(act)).hexdigest()


def sequence(limit: int = 2000) -> int:
    """Number and chain the acts that have no number yet, oldest id first. Returns how many.

    Several sequencers may be rung at once: the primary key lets only one win, the others roll back.
    """
    with transaction.atomic():
        last = Link.objects.order_by("-number").first()
        number, previous = (last.number, last.hash) if last else (0, GENESIS)
        # Ids are given before commits, so a smaller id may appear late; none later than a long transaction, in which others number this
        # many. Counted in acts and not in ids: a gap in the ids, or one that is far too large, hides nothing after it.
        lately = Link.objects.filter(number__gt=number - LATE)
        floor = (lately.aggregate(least=Min("act_id"))["least"] or 0) - 1 if number > LATE else 0
        links = []
        for act in AuditEvent.objects.filter(pk__gt=floor, link__isnull=True).order_by("pk")[:limit]:
            number += 1
            digest = chain_hash(previous, number, act)
            links.append(Link(number=number, act=act, previous_hash=previous, hash=digest))
            previous = digest
        Link.objects.bulk_create(links)
    return len(links)

"""Health licences from paper, carried over in bulk, with the events and audit events of carrying them over one by one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from django.db.models import OuterRef, QuerySet, Subquery

from licensing.models import HealthLicence
from municipality.audit.models import AuditEvent
from municipality.documents.models import Document, DocumentEvent
from municipality.documents.states import DocumentState
from municipality.kernel.actors import Actor, system
from sandbox.demo.bulk import audit_event, event, move, take_numbers
from sandbox.demo.seeds import typed_code
from shops.models import Shop

KIND = "health_licence"
CARRIER = system("licensing")
MOVES = {DocumentState.SUPERSEDED: "supersede", DocumentState.SUSPENDED: "suspend", DocumentState.REVOKED: "revoke"}


@dataclass
class Paper:
    """One licence of a shop. `at` is when it was carried over, `moved_at` when it left that state, if it did."""

    shop: Shop
    first_day: dt.date
    last_day: dt.date
    at: dt.datetime
    state: DocumentState = DocumentState.CARRIED_OVER
    moved_at: dt.datetime | None = None
    reason: str = ""
    mover: Actor = CARRIER
    registered_facts: dict[str, str] | None = None
    about: str = ""  # subject of the document, if not the shop
    previous: HealthLicence | None = None  # the licence before it, if that is on file already
    number: str = ""
    document: Document | None = field(default=None, repr=False)
    licence: HealthLicence | None = field(default=None, repr=False)


def carry_over(papers: Sequence[Paper], rng: Random) -> int:
    """Carry papers over, in the caller's transaction. Returns how many.

    The last paper of a shop by its first day is the current one. Shops are read by `shops.register.queries.with_names`.
    """
    ordered = sorted(papers, key=lambda p: (p.first_day, p.shop.pk))
    if not ordered:
        return 0
    numbers = take_numbers([f"HLT-{paper.shop.branch_id}-{paper.first_day.year}" for paper in ordered])
    for paper, number in zip(ordered, numbers, strict=True):
        paper.number = number
    documents = Document.objects.bulk_create([_document(paper, rng) for paper in ordered])
    for paper, document in zip(ordered, documents, strict=True):
        paper.document = document
    _licences(ordered)
    rows = Document.objects.filter(pk__in=[document.pk for document in documents])
    events, audit_events = [], []
    for paper in sorted(ordered, key=lambda p: p.at):
        one = event(paper.document, "carry_over", DocumentState.DRAFT, DocumentState.CARRIED_OVER, paper.at, CARRIER)
        events.append(one)
        audit_events.append(audit_event("document.carried_over", f"document:{one.subject_id}", one.at, CARRIER, {"number": paper.number}))
    DocumentEvent.objects.bulk_create(events)
    move(rows.filter(state=DocumentState.DRAFT), DocumentState.CARRIED_OVER)
    audit_events += _move_documents(ordered, rows)
    AuditEvent.objects.bulk_create(sorted(audit_events, key=lambda row: row.at))
    return len(ordered)


def _document(paper: Paper, rng: Random) -> Document:
    shop = paper.shop
    return Document(
        kind=KIND,
        number=paper.number,
        code=typed_code(rng),
        subject=paper.about or shop.key,
        holder_key=f"organisation:{shop.organisation.public_id}" if shop.organisation else shop.licensee.key,  # type: ignore[union-attr]
        valid_from=paper.first_day,
        valid_to=paper.last_day,
        public_facts=shop.public_facts(),
        created_at=paper.at,
    )


def _licences(ordered: Sequence[Paper]) -> None:
    """Create the licences by generation, each with the previous one."""
    chains: dict[int, list[Paper]] = defaultdict(list)
    for paper in ordered:
        chains[paper.shop.pk].append(paper)
    for generation in range(max(map(len, chains.values()))):
        current = [(chain, chain[generation]) for chain in chains.values() if len(chain) > generation]
        rows = HealthLicence.objects.bulk_create(
            HealthLicence(
                shop=paper.shop,
                document=paper.document,
                first_day=paper.first_day,
                last_day=paper.last_day,
                previous=chain[generation - 1].licence if generation else paper.previous,
                is_current=paper is chain[-1],
                registered_facts=paper.registered_facts or paper.shop.registered_facts(),
            )
            for chain, paper in current
        )
        for (_, paper), row in zip(current, rows, strict=True):
            paper.licence = row


def _move_documents(ordered: Sequence[Paper], rows: QuerySet[Document]) -> list[AuditEvent]:
    audit_events = []
    for state, name in MOVES.items():
        found = sorted((p for p in ordered if p.state == state), key=lambda p: p.moved_at or p.at)
        if not found:
            continue
        events = []
        for paper in found:
            one = event(paper.document, name, DocumentState.CARRIED_OVER, state, paper.moved_at or paper.at, paper.mover, paper.reason)
            events.append(one)
            audit_events.append(
                audit_event(
                    f"document.{state}", f"document:{one.subject_id}", one.at, paper.mover, {"reason": paper.reason} if paper.reason else {}
                )
            )
        DocumentEvent.objects.bulk_create(events)
        changes = {}
        if state == DocumentState.SUPERSEDED:
            successor = HealthLicence.objects.filter(previous__document=OuterRef("pk")).values("document")[:1]
            changes["replaced_by"] = Subquery(successor)
        move(rows.filter(pk__in=[p.document.pk for p in found if p.document], state=DocumentState.CARRIED_OVER), state, **changes)
    return audit_events

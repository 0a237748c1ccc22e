"""Issue documents, and change their states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet

from municipality.audit.services import record
from municipality.documents import rendering, signing, store
from municipality.documents.facts import Facts
from municipality.documents.models import Document, VerificationCheck
from municipality.documents.states import LIVE, DocumentState
from municipality.kernel import clock, ids
from municipality.kernel.actors import Actor
from municipality.kernel.failpoints import failpoint
from municipality.kernel.transitions import transition

M = TypeVar("M", bound=Model)


def draft(
    *,
    kind: str,
    number: str,
    subject: str,
    holder_key: str,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
    facts: dict[str, Any] | None = None,
    public_facts: dict[str, Any] | None = None,
) -> Document:
    """Create a draft. `facts` come from `Facts.dump`; `public_facts`, for the check page, have no personal data."""
    return Document.objects.create(
        kind=kind,
        number=number,
        subject=subject,
        holder_key=holder_key,
        valid_from=valid_from,
        valid_to=valid_to,
        facts=facts or {},
        public_facts=public_facts or {},
        created_at=clock.now(),
    )


def issue(
    facts: type[Facts],
    *,
    waiting: QuerySet[M],
    draft_lookup: dict[str, Any] | None,
    new: Callable[[M], Document],
    link: Callable[[M, Document], object] = lambda _row, _document: None,
    actor: Actor,
    lock: Sequence[str] = ("self",),
) -> Document | None:
    """Draft, render, seal and activate a document. Idempotent. Returns None if no row waits for it (any more).

    `waiting` selects the row that waits for the document. It is locked (with the relations in `lock`) while the draft is created by
    `new`, and again while the document is activated and `link` is called; rendering happens in between, outside any transaction.
    `draft_lookup` finds the draft of an earlier try, whose number is used again; with None each call creates a draft. Raises
    RendererMissing or SignerMissing where a capability is missing (a job waits), FactsRefused or RenderingRefused where the facts
    cannot be printed (a job fails permanently).
    """
    waiting = waiting.select_for_update(of=tuple(lock))
    with transaction.atomic():
        row = waiting.first()
        if row is None:
            return None
        drafts = Document.objects.filter(kind=facts.kind, state=DocumentState.DRAFT)
        document = drafts.filter(**draft_lookup).first() if draft_lookup else None
        document = document or new(row)
    failpoint(f"{facts.kind}.drafted")
    content = render_and_seal(facts, document)
    failpoint(f"{facts.kind}.sealed")
    with transaction.atomic():
        row = waiting.first()
        if row is None:
            return None
        document = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
        if document.state != DocumentState.DRAFT:
            return None
        activate(document, content=content, media_type="application/pdf", actor=actor)
        failpoint(f"{facts.kind}.stored")
        link(row, document)
    failpoint(f"{facts.kind}.committed")
    return document


def render_and_seal(facts: type[Facts], document: Document) -> bytes:
    """The sealed PDF of a document as the database holds it, whatever the caller's object says.

    Raises Document.DoesNotExist, RendererMissing, SignerMissing, FactsRefused, RenderingRefused.
    """
    stored = Document.objects.get(pk=document.pk)
    printed = facts.load(
        stored.facts,
        number=stored.number,
        verification_code=stored.code,
        verification_url=f"{settings.PORTAL_URL}/verify/{stored.code}",
        verification_address=f"{settings.PORTAL_URL.partition('://')[2]}/verify",
        sealed_by=signing.signer().certificate_subject,
        demo=settings.DEMO,
    )
    content = rendering.render(
        printed.template,
        printed.context(),
        title=f"{printed.title} {printed.number}",
        attachment=printed.as_json(),
        single_page=printed.is_one_page,
        density=printed.density,
        smallest=printed.smallest,
        at=printed.at,
    )
    return signing.sign_pdf(content, reason=printed.reason, at=clock.now())


def activate(document: Document, *, content: bytes, media_type: str, actor: Actor) -> None:
    """Store the file and put the document in force, in the caller's transaction."""
    document.file = store.put(content, media_type)
    transition(document, "activate", actor=actor, data={"sha256": document.file.sha256}, file=document.file)
    record(
        "document.activated",
        subject=f"document:{document.pk}",
        actor=actor,
        data={"number": document.number, "sha256": document.file.sha256},
    )


def supersede(document: Document, *, by: Document, actor: Actor) -> None:
    """Mark a document in force as replaced by another."""
    if document.state in LIVE:
        transition(document, "supersede", actor=actor, data={"by": by.number}, replaced_by=by)
        record("document.superseded", subject=f"document:{document.pk}", actor=actor, data={"by": by.number})


@transaction.atomic
def suspend(document: Document, *, reason: str, actor: Actor) -> None:
    """Suspend a document. Raises TransitionRefused."""
    transition(document, "suspend", actor=actor, reason=reason)
    record("document.suspended", subject=f"document:{document.pk}", actor=actor, data={"reason": reason})


@transaction.atomic
def resume(document: Document, *, reason: str, actor: Actor) -> None:
    """Put a suspended document back in force. Raises TransitionRefused."""
    transition(document, "resume" if document.file_id else "resume_paper", actor=actor, reason=reason)
    record("document.resumed", subject=f"document:{document.pk}", actor=actor, data={"reason": reason})


@transaction.atomic
def revoke(document: Document, *, reason: str, actor: Actor) -> None:
    """End a document for good. Raises TransitionRefused."""
    transition(document, "revoke", actor=actor, reason=reason)
    record("document.revoked", subject=f"document:{document.pk}", actor=actor, data={"reason": reason})


def look_up(code: str) -> Document | None:
    """The document with a typed verification code, or None. Counts the check anonymously."""
    typed = ids.normalise_code(code)
    document = None
    if set(typed) <= set(ids.ALPHABET):  # PostgreSQL raises for some other characters
        rows = Document.objects.filter(code=typed).exclude(state="draft").select_related("replaced_by", "file")
        document = rows.defer("facts", "replaced_by__facts", "replaced_by__public_facts").first()
    VerificationCheck.objects.create(at=clock.now(), document=document, found=document is not None)
    return document

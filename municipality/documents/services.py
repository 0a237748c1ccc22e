"""Issuing documents and moving them through their life."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from municipality.audit.services import record
from municipality.documents import store
from municipality.documents.models import Document, VerificationCheck
from municipality.documents.states import LIVE
from municipality.kernel import clock, ids
from municipality.kernel.actors import Actor
from municipality.kernel.transitions import transition


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
    """A document before its bytes exist."""
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


def activate(document: Document, *, content: bytes, media_type: str, actor: Actor) -> None:
    """Keep the exact bytes and put the document in force, in the caller's transaction."""
    document.file = store.put(content, media_type)
    transition(document, "activate", actor=actor, data={"sha256": document.file.sha256}, file=document.file)
    record(
        "document.activated",
        subject=f"document:{document.pk}",
        actor=actor,
        data={"number": document.number, "sha256": document.file.sha256},
    )


def supersede(document: Document, *, by: Document, actor: Actor) -> None:
    """End a live document because another follows it."""
    if document.state in LIVE:
        transition(document, "supersede", actor=actor, data={"by": by.number}, replaced_by=by)
        record("document.superseded", subject=f"document:{document.pk}", actor=actor, data={"by": by.number})


@transaction.atomic
def suspend(document: Document, *, reason: str, actor: Actor) -> None:
    """Take a document out of force until further notice; the check page says so at once. Raises TransitionRefused."""
    transition(document, "suspend", actor=actor, reason=reason)
    record("document.suspended", subject=f"document:{document.pk}", actor=actor, data={"reason": reason})


@transaction.atomic
def resume(document: Document, *, reason: str, actor: Actor) -> None:
    """Put a suspended document back in force, as sealed file or as paper. Raises TransitionRefused."""
    transition(document, "resume" if document.file_id else "resume_paper", actor=actor, reason=reason)
    record("document.resumed", subject=f"document:{document.pk}", actor=actor, data={"reason": reason})


@transaction.atomic
def revoke(document: Document, *, reason: str, actor: Actor) -> None:
    """End a document for good. Raises TransitionRefused."""
    transition(document, "revoke", actor=actor, reason=reason)
    record("document.revoked", subject=f"document:{document.pk}", actor=actor, data={"reason": reason})


def look_up(code: str) -> Document | None:
    """The document of a typed code, if any; the check is counted without saying who asked."""
    typed = ids.normalise_code(code)
    document = None
    if set(typed) <= set(ids.ALPHABET):  # anything else is no code; PostgreSQL would refuse some of it outright
        rows = Document.objects.filter(code=typed).exclude(state="draft").select_related("replaced_by", "file")
        document = rows.defer("facts", "replaced_by__facts", "replaced_by__public_facts").first()
    VerificationCheck.objects.create(at=clock.now(), document=document, found=document is not None)
    return document

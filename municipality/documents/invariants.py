"""Invariants of documents and their files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.documents import store
from municipality.documents.models import Document, StoredFile
from municipality.documents.states import DocumentState
from municipality.kernel import clock
from municipality.kernel.transitions import state_findings


def findings() -> Iterator[str]:
    """Every row has its file and every file its row, states match events, no draft is older than a day."""
    for stored in StoredFile.objects.iterator():
        try:
            store.read(stored)
        except (OSError, ValueError) as fault:
            yield f"file {stored.sha256[:12]}: {fault}"
    for path in store.orphans():
        yield f"file {path.name[:16]} has no row"
    yield from state_findings(Document)
    stale = clock.now() - dt.timedelta(hours=24)
    for document in Document.objects.filter(state=DocumentState.DRAFT, created_at__lt=stale)[:50]:
        yield f"{document.number} is a draft since more than a day"

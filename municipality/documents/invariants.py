"""What must hold of documents and their files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.documents import store
from municipality.documents.models import Document, StoredFile
from municipality.documents.states import DocumentState
from municipality.kernel import clock
from municipality.kernel.transitions import misfits


def findings() -> Iterator[str]:
    """Every row has its exact bytes, every file its row, every active document a file, every gap in the numbers an owner."""
    for stored in StoredFile.objects.iterator():
        try:
            store.read(stored)
        except (OSError, ValueError) as fault:
            yield f"file {stored.sha256[:12]}: {fault}"
    yield from _orphans()
    yield from misfits(Document)
    stale = clock.now() - dt.timedelta(hours=24)
    for document in Document.objects.filter(state=DocumentState.DRAFT, created_at__lt=stale)[:50]:
        yield f"{document.number} is a draft since more than a day"


def _orphans() -> Iterator[str]:
    root = store.root()
    if not root.exists():
        return
    known = set(StoredFile.objects.values_list("sha256", flat=True))
    old = clock.to_machine(clock.now()).timestamp() - 24 * 3600
    for path in root.rglob("*"):
        if path.is_file() and path.name not in known and path.stat().st_mtime < old:
            yield f"file {path.name[:16]} has no row"

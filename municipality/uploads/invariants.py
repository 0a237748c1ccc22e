"""Invariants of uploads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import F

from municipality.kernel import clock
from municipality.kernel.transitions import state_findings
from municipality.uploads import parts, queries
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState

SETTLED = dt.timedelta(minutes=10)  # after which a file that has fully arrived must be finished


def findings() -> Iterator[str]:
    """States match events, no file waits too long, files being checked exist, replaced files are removed, no part is left over."""
    yield from state_findings(Upload)
    late = clock.now() - queries.UNFINISHED * 2
    for upload in queries.unfinished_since(late)[:50]:
        yield f"{upload.key} is unfinished since more than two days"
    for upload in Upload.objects.filter(state=UploadState.CHECKING).order_by("pk")[:500]:
        if not parts.path(upload.public_id).exists():
            yield f"{upload.key} is being checked, but nothing of it is there"
        elif upload.touched_at < late:
            yield f"{upload.key} waits to be checked since more than two days"
    for upload in Upload.objects.filter(state=UploadState.RECEIVING, received=F("size"), touched_at__lt=clock.now() - SETTLED)[:50]:
        yield f"{upload.key} has wholly arrived and was never finished"
    for upload in Upload.objects.filter(state=UploadState.READY, sha256="")[:50]:
        yield f"{upload.key} is shown, but what arrived has no hash"
    for upload in Upload.objects.filter(state=UploadState.READY, replaces__state=UploadState.READY)[:50]:
        yield f"{upload.key} replaced a file that is still shown"
    for name in parts.leftovers(queries.with_parts(), older_than=2 * parts.OLD_SECONDS)[:50]:
        yield f"{name} lies among the parts since more than two days, and no file needs it"

"""What must hold of uploads."""

from __future__ import annotations

from collections.abc import Iterator

from municipality.kernel import clock
from municipality.kernel.transitions import misfits
from municipality.uploads import parts, queries
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState


def findings() -> Iterator[str]:
    """States follow their events; no file waits for more than a day; what is being checked is really there."""
    yield from misfits(Upload)
    late = clock.now() - queries.UNFINISHED * 2
    for upload in queries.unfinished_since(late)[:50]:
        yield f"{upload.key} is unfinished since more than two days"
    for upload in Upload.objects.filter(state=UploadState.CHECKING).order_by("pk")[:500]:
        if not parts.path(upload.public_id).exists():
            yield f"{upload.key} is being checked, but nothing of it is there"
        elif upload.touched_at < late:
            yield f"{upload.key} waits to be checked since more than two days"

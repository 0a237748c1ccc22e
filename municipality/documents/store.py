"""The private store: files named by their hash, written to a temporary file and renamed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from municipality.documents.models import StoredFile
from municipality.kernel import clock

GRACE_SECONDS = 24 * 3600


class Damaged(ValueError):
    """A stored file is missing, or its bytes have changed."""

    def __init__(self, stored: StoredFile, why: str) -> None:
        super().__init__(f"stored file {stored.pk} {why}")
        self.sha256 = stored.sha256


def root() -> Path:
    return Path(settings.VAR_DIR) / "documents"


def put(content: bytes, media_type: str) -> StoredFile:
    """Write bytes durably and return their row; the same bytes are the same row. Raises OSError where the disk fails."""
    sha256 = hashlib.sha256(content).hexdigest()
    row = StoredFile(sha256=sha256, size=len(content), media_type=media_type, created_at=clock.now())
    target = root() / row.path
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as part:
                part.write(content)
                part.flush()
                os.fsync(part.fileno())
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    stored, _ = StoredFile.objects.get_or_create(
        sha256=sha256, defaults={"size": row.size, "media_type": media_type, "created_at": row.created_at}
    )
    return stored


def read(stored: StoredFile) -> bytes:
    """The content of a file. Raises Damaged where it is missing or has changed."""
    try:
        content = (root() / stored.path).read_bytes()
    except OSError as error:
        raise Damaged(stored, "cannot be read") from error
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise Damaged(stored, "was changed")
    return content


def orphans() -> Iterator[Path]:
    """Files older than a day that have no row: their transaction was rolled back."""
    before = clock.to_machine(clock.now()).timestamp() - GRACE_SECONDS
    for path in root().rglob("*"):
        if path.is_file() and path.stat().st_mtime < before and not StoredFile.objects.filter(sha256=path.name).exists():
            yield path


def sweep() -> int:
    """Delete the orphans. Returns how many."""
    paths = list(orphans())
    for path in paths:
        path.unlink()
    return len(paths)

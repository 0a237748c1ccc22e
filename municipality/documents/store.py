"""The private store: one file a hash, written beside and renamed into place, so that no half file is ever seen."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings

from municipality.documents.models import StoredFile
from municipality.kernel import clock

GRACE_SECONDS = 24 * 3600


class Damaged(ValueError):
    """A kept file is missing, or its bytes are not those that were kept."""

    def __init__(self, stored: StoredFile, why: str) -> None:
        super().__init__(f"stored file {stored.pk} {why}")
        self.sha256 = stored.sha256


def root() -> Path:
    return Path(settings.VAR_DIR) / "documents"


def put(content: bytes, media_type: str) -> StoredFile:
    """Write bytes durably and return their row; the same bytes again are the same row. Raises OSError when the disk refuses."""
    sha256 = hashlib.sha256(content).hexdigest()
    row = StoredFile(sha256=sha256, size=len(content), media_type=media_type, created_at=clock.now())
    target = root() / row.path
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as part:
                part.write(content)
                part.flush()
                os.fsync(part.fileno())
            os.replace(beside, target)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    stored, _ = StoredFile.objects.get_or_create(
        sha256=sha256, defaults={"size": row.size, "media_type": media_type, "created_at": row.created_at}
    )
    return stored


def read(stored: StoredFile) -> bytes:
    """The exact bytes. Raises Damaged if they are lost or are not the bytes that were kept."""
    try:
        content = (root() / stored.path).read_bytes()
    except OSError as error:
        raise Damaged(stored, "cannot be read") from error
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise Damaged(stored, "was changed")
    return content


def sweep() -> int:
    """Remove files that no row names since more than a day: their transaction never committed. Returns how many."""
    old = clock.to_machine(clock.now()).timestamp() - GRACE_SECONDS
    gone = 0
    for path in root().rglob("*"):
        if path.is_file() and path.stat().st_mtime < old and not StoredFile.objects.filter(sha256=path.name).exists():
            path.unlink()
            gone += 1
    return gone

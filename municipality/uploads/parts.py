"""The received bytes of uploads in a private folder, one file each, deleted after the inspection."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from municipality.kernel import clock

OLD_SECONDS = 24 * 3600
PIECE = 1024 * 1024  # bytes in memory while a file is copied


class PartBusy(Exception):
    """Another request is writing the same file."""


def root() -> Path:
    return Path(settings.VAR_DIR) / "uploads"


def path(public_id: str) -> Path:
    """The path of the part of an upload."""
    return root() / "parts" / f"{public_id}.part"


def folder(name: str) -> Path:
    """A private folder below the root, created if needed."""
    folder_path = root() / name
    folder_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder_path


@contextmanager
def writing(public_id: str) -> Iterator[Any]:
    """The part, opened for reading and writing under an exclusive lock. Raises PartBusy."""
    folder("parts")
    handle = os.open(path(public_id), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PartBusy from None
        yield part


def write(part: Any, offset: int, content: bytes) -> None:
    """Write bytes durably at `offset` and truncate after them. On OSError none of them stay."""
    part.seek(offset)
    try:
        _write_all(part, content)
        part.truncate()
        os.fsync(part.fileno())
    except OSError:
        part.truncate(offset)
        raise


def _write_all(part: Any, content: bytes) -> None:
    remaining = memoryview(content)
    while remaining:
        remaining = remaining[part.write(remaining) :]


def write_whole(public_id: str, content: Any, head_bytes: int, sha256: str = "") -> tuple[str, bytes]:
    """Write a Django file durably as the part of a new upload. Returns its SHA-256 (`sha256` where given) and its first bytes.

    On OSError nothing stays.
    """
    computed, head = hashlib.sha256(), b""
    content.seek(0)
    try:
        with writing(public_id) as part:
            while piece := content.read(PIECE):
                head = head or piece[:head_bytes]
                if not sha256:
                    computed.update(piece)
                _write_all(part, piece)
            os.fsync(part.fileno())
    except OSError:
        drop(public_id)
        raise
    return sha256 or computed.hexdigest(), head


def digest(public_id: str) -> str:
    """SHA-256 of the received bytes."""
    with path(public_id).open("rb") as part:
        return hashlib.file_digest(part, "sha256").hexdigest()


def head(public_id: str, length: int) -> bytes:
    with path(public_id).open("rb") as part:
        return part.read(length)


def drop(public_id: str) -> None:
    path(public_id).unlink(missing_ok=True)


@contextmanager
def work_folder() -> Iterator[Path]:
    """A temporary folder for one inspection."""
    with tempfile.TemporaryDirectory(dir=folder("work"), prefix="look-") as name:
        yield Path(name)


def sweep(needed: set[str]) -> int:
    """Delete parts that are older than a day and not needed, and work folders of killed workers. Returns how many."""
    count = 0
    for entry in _old(needed, OLD_SECONDS):
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
        count += 1
    return count


def leftovers(needed: set[str], *, older_than: float) -> list[str]:
    """Names of parts that are not needed and older than some seconds."""
    return sorted(entry.name for entry in _old(needed, older_than))


def _old(needed: set[str], seconds: float) -> Iterator[Path]:
    before = clock.to_machine(clock.now()).timestamp() - seconds
    for name in ("parts", "work"):
        for entry in list((root() / name).iterdir()) if (root() / name).is_dir() else []:
            if entry.stat().st_mtime < before and entry.stem not in needed:
                yield entry


def is_unwritable() -> bool:
    """Whether the folder of parts cannot be written to."""
    try:
        with tempfile.TemporaryFile(dir=folder("parts")) as file:
            file.write(b".")
    except OSError:
        return True
    return False

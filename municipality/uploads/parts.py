"""What has arrived of a file, in a private folder: one file for each upload, named by its public id, gone once it was looked at."""

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


class PartBusy(Exception):
    """Another request is writing the same file."""


def root() -> Path:
    return Path(settings.VAR_DIR) / "uploads"


def path(public_id: str) -> Path:
    """Where the part of an upload lies."""
    return root() / "parts" / f"{public_id}.part"


def folder(name: str) -> Path:
    """A folder below the root that only the portal reads."""
    made = root() / name
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made


@contextmanager
def writing(public_id: str) -> Iterator[Any]:
    """The part, open for reading and writing and locked against every other writer. Raises Busy."""
    folder("parts")
    handle = os.open(path(public_id), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PartBusy from None
        yield part


def write(part: Any, offset: int, content: bytes) -> None:
    """Put bytes at a place, durably; what a torn try left behind it is cut off. Raises OSError, and then none of them stay."""
    left = memoryview(content)
    part.seek(offset)
    try:
        while left:
            left = left[part.write(left) :]
        part.truncate()
        os.fsync(part.fileno())
    except OSError:
        part.truncate(offset)
        raise


def digest(public_id: str) -> str:
    """SHA-256 of what arrived."""
    with path(public_id).open("rb") as part:
        return hashlib.file_digest(part, "sha256").hexdigest()


def head(public_id: str, length: int) -> bytes:
    with path(public_id).open("rb") as part:
        return part.read(length)


def drop(public_id: str) -> None:
    path(public_id).unlink(missing_ok=True)


@contextmanager
def workroom() -> Iterator[Path]:
    """An empty folder for one look at one file, gone afterwards."""
    with tempfile.TemporaryDirectory(dir=folder("work"), prefix="look-") as made:
        yield Path(made)


def sweep(wanted: set[str]) -> int:
    """Remove parts older than a day whose upload does not need them, and rooms that a killed worker left. Returns how many."""
    gone = 0
    for entry in _old(wanted, OLD_SECONDS):
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
        gone += 1
    return gone


def left(wanted: set[str], *, older_than: float) -> list[str]:
    """Names of what a sweep would have taken long ago (seconds): nothing, while it runs."""
    return sorted(entry.name for entry in _old(wanted, older_than))


def _old(wanted: set[str], seconds: float) -> Iterator[Path]:
    before = clock.to_machine(clock.now()).timestamp() - seconds
    for name in ("parts", "work"):
        for entry in list((root() / name).iterdir()) if (root() / name).is_dir() else []:
            if entry.stat().st_mtime < before and entry.stem not in wanted:
                yield entry


def trouble() -> bool:
    """Whether what people send cannot be written now."""
    try:
        with tempfile.TemporaryFile(dir=folder("parts")) as tried:
            tried.write(b".")
    except OSError:
        return True
    return False

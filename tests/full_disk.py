"""A disk without room: a small tmpfs where the tests may mount one, else the system's own error at each write."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SIZE = 256 * 1024  # bytes


@contextmanager
def full_disk(folder: Path, *, room: int = 0) -> Iterator[Path]:
    """`folder` on a disk with room for `room` bytes (whole pages of 4,096), which may be given back by `empty`."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = os.geteuid() == 0 and _mount(folder)
    if not mounted:
        with _refusing(room):
            yield folder
        return
    try:
        for place in ("uploads/parts", "uploads/work", "documents"):
            (folder / place).mkdir(parents=True)
        with (folder / "filler").open("wb") as filler:
            filler.write(b"\0" * (SIZE - 64 * 1024))
        free = os.statvfs(folder).f_bavail * 4096
        with (folder / "filler2").open("wb") as filler:
            filler.write(b"\0" * max(0, free - room))
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def empty(folder: Path) -> None:
    """Make room again."""
    for name in ("filler", "filler2"):
        (folder / name).unlink(missing_ok=True)


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def _refusing(room: int) -> Iterator[None]:
    """Where nothing can be mounted: what is made durable beyond `room` bytes is refused as a full disk does."""
    sync = os.fsync

    def refuse(handle: Any) -> None:
        if os.fstat(handle if isinstance(handle, int) else handle.fileno()).st_size > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        yield

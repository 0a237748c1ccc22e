"""Looking at a file in a child process that can do no harm: see `inspector` for what it does there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from municipality.uploads.parts import workroom
from municipality.uploads.refusals import SENTENCES

PROGRAM = Path(__file__).with_name("inspector.py")
MEMORY = 256 * 1024 * 1024  # bytes of address space
SECONDS = 20  # of processor time
WALL_SECONDS = 45
OUTPUT = 48 * 1024 * 1024  # bytes of one written file
PIXELS = 24_000_000
METADATA = 2 * 1024 * 1024  # bytes
OBJECTS = 100_000  # of a PDF
RESOLUTION = 150  # dots an inch
SIDE = 4000  # pixels of a page's longer side
# The kernel at the limit of time or output, the library itself at the limit of memory.
ENDED_BY_LIMITS = (signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGABRT)
_BEGINS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-"}


class InspectorFailed(Exception):
    """The child failed for a reason of ours (a library is missing, say): the job is tried again."""


@dataclass(frozen=True)
class Drawn:
    """What was made of a file; sizes in pixels of the first page."""

    content: bytes
    preview: bytes
    media_type: str
    pages: int
    width: int
    height: int


def look_at(path: Path, kind: str, **other_limits: Any) -> Drawn | str:
    """The file drawn anew, or the code of the reason why it is not taken. Raises InspectorFailed.

    `kind` is JPEG, PNG, WEBP or PDF; `other_limits` are for tests, which try what happens without one.
    """
    with workroom() as room:
        status = _run(path, kind, room, limits() | other_limits)
        if status is None or -status in ENDED_BY_LIMITS:
            return "heavy"
        if status < 0:
            return "broken"  # it broke the decoder, which is why the decoder is elsewhere
        if status:
            raise InspectorFailed(f"the inspector ended with {status}")
        return _answer(room)


def limits() -> dict[str, Any]:
    """What the child may use."""
    return {
        "limited": True,
        "memory": MEMORY,
        "seconds": SECONDS,
        "output": OUTPUT,
        "pixels": PIXELS,
        "metadata": METADATA,
        "objects": OBJECTS,
        "pages": settings.UPLOADS_MAX_PAGES,
        "resolution": RESOLUTION,
        "side": SIDE,
    }


def _run(path: Path, kind: str, room: Path, bounds: dict[str, Any]) -> int | None:
    """The child's status, negative for a signal, None where it took too long. It inherits neither environment nor files."""
    command = [sys.executable, "-I", "-B", str(PROGRAM), json.dumps(bounds | {"kind": kind})]
    with path.open("rb") as source, (room / "answer").open("wb") as answer:
        child = subprocess.Popen(
            command,
            stdin=source,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            cwd=room,
            env={"LANG": "C.UTF-8"},
            close_fds=True,
            start_new_session=True,
        )
        try:
            return child.wait(timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _answer(room: Path) -> Drawn | str:
    """What the child says, believed no further than it can be checked: it has read a stranger's file."""
    try:
        with (room / "answer").open("rb") as answer:
            said = json.loads(answer.read(4096))
        if "refused" in said:
            return said["refused"] if said["refused"] in SENTENCES else "broken"
        media_type, pages, width, height = (said[name] for name in ("media_type", "pages", "width", "height"))
        content, preview = _bytes(room / "file"), _bytes(room / "preview.jpg")
        if not (content.startswith(_BEGINS[media_type]) and preview.startswith(_BEGINS["image/jpeg"])):
            return "broken"
        if not all(isinstance(number, int) and 0 < number < 100_000 for number in (pages, width, height)):
            return "broken"
    except (OSError, ValueError, KeyError, TypeError):
        return "broken"
    return Drawn(content, preview, media_type, pages, width, height)


def _bytes(path: Path) -> bytes:
    if path.is_symlink() or path.stat().st_size > OUTPUT:
        raise ValueError("not what the inspector writes")
    return path.read_bytes()

"""Runs `inspector` in a restricted child process."""

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

from municipality.uploads.parts import work_folder
from municipality.uploads.refusals import PIXELS, SENTENCES

PROGRAM = Path(__file__).with_name("inspector.py")
MEMORY = 256 * 1024 * 1024  # bytes of address space
SECONDS = 20  # of processor time
WALL_SECONDS = 45
OUTPUT = 48 * 1024 * 1024  # bytes of one written file
METADATA = 2 * 1024 * 1024  # bytes
OBJECTS = 100_000  # of a PDF
RESOLUTION = 150  # dots an inch
SIDE = 4000  # pixels of a page's longer side
# Signals of the kernel at the limits of time and output, and of libraries at the limit of memory.
ENDED_BY_LIMITS = (signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGABRT)
_MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-"}


class InspectorFailed(Exception):
    """The child failed for a reason other than the file, such as a missing library. The job is tried again."""


@dataclass(frozen=True)
class Reencoded:
    """A file that was encoded again from its decoded content; sizes in pixels of the first page."""

    content: bytes
    preview: bytes
    media_type: str
    pages: int
    width: int
    height: int


def inspect_file(path: Path, kind: str, **other_limits: Any) -> Reencoded | str:
    """The file encoded again, or the code of a refusal. Raises InspectorFailed.

    `kind` is JPEG, PNG, WEBP or PDF; `other_limits` are for tests.
    """
    with work_folder() as folder:
        status = _run(path, kind, folder, limits() | other_limits)
        if status is None or -status in ENDED_BY_LIMITS:
            return "heavy"
        if status < 0:
            return "broken"  # the decoder crashed
        if status:
            raise InspectorFailed(f"the inspector ended with {status}")
        return _read_answer(folder)


def limits() -> dict[str, Any]:
    """The limits of the child."""
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


def _run(path: Path, kind: str, folder: Path, limit_values: dict[str, Any]) -> int | None:
    """The exit status of the child, negative for a signal, None after WALL_SECONDS. It inherits neither environment nor files."""
    command = [sys.executable, "-I", "-B", str(PROGRAM), json.dumps(limit_values | {"kind": kind})]
    with path.open("rb") as source, (folder / "answer").open("wb") as answer:
        child = subprocess.Popen(
            command,
            stdin=source,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            cwd=folder,
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


def _read_answer(folder: Path) -> Reencoded | str:
    """The validated answer of the child, which is not trusted."""
    try:
        with (folder / "answer").open("rb") as answer:
            result = json.loads(answer.read(4096))
        if "refused" in result:
            return result["refused"] if result["refused"] in SENTENCES else "broken"
        media_type, pages, width, height = (result[name] for name in ("media_type", "pages", "width", "height"))
        content, preview = _read_output(folder / "file"), _read_output(folder / "preview.jpg")
        if not (content.startswith(_MAGIC[media_type]) and preview.startswith(_MAGIC["image/jpeg"])):
            return "broken"
        if not all(isinstance(number, int) and 0 < number < 100_000 for number in (pages, width, height)):
            return "broken"
    except (OSError, ValueError, KeyError, TypeError):
        return "broken"
    return Reencoded(content, preview, media_type, pages, width, height)


def _read_output(path: Path) -> bytes:
    if path.is_symlink() or path.stat().st_size > OUTPUT:
        raise ValueError("not what the inspector writes")
    return path.read_bytes()

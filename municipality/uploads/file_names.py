"""Names and kinds of files, read from what a stranger says and sends."""

from __future__ import annotations

import re
import unicodedata

MOST = 120
_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"}
HEAD = 32  # bytes that tell the kind


def cleaned(name: str) -> str:
    """A name to show: the last part of a path, without control and direction marks, at most 120 letters; `file` for none.

    It is shown escaped and goes into a download's name; it is never a path.
    """
    name = unicodedata.normalize("NFC", name.encode("utf8", "replace").decode("utf8"))
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(" " if c.isspace() else c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") or c.isspace())
    name = " ".join(name.split()).strip(". ")
    if len(name) > MOST:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: MOST - len(ending) - 2]}….{ending}" if dot and len(ending) <= 8 else name[:MOST]
    return name or "file"


def download_name(name: str, media_type: str, fallback: str) -> str:
    """What a download is called: the sender's stem with the ending of what it really is now."""
    stem = name.rpartition(".")[0] or name
    return f"{stem.strip('. ') or fallback}.{_EXTENSIONS[media_type]}"


def kind_of(head: bytes) -> str:
    """JPEG, PNG, WEBP or PDF by the first bytes; `heic` or `type` for what is not taken; `empty` for nothing."""
    if not head:
        return "empty"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith(b"%PDF-"):
        return "PDF"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "heic"
    return "type"


TAKEN = frozenset({"JPEG", "PNG", "WEBP", "PDF"})

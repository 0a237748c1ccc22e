"""Names and kinds of uploaded files, which are not trusted."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 120
_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"}
HEAD = 32  # bytes for `kind_of`


def clean_name(name: str) -> str:
    """The last part of a path without control and direction characters, at most MAX_LENGTH characters; `file` for none.

    For display and for the name of a download, never a path.
    """
    name = unicodedata.normalize("NFC", name.encode("utf8", "replace").decode("utf8"))
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(" " if c.isspace() else c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") or c.isspace())
    name = " ".join(name.split()).strip(". ")
    if len(name) > MAX_LENGTH:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: MAX_LENGTH - len(ending) - 2]}….{ending}" if dot and len(ending) <= 8 else name[:MAX_LENGTH]
    return name or "file"


def download_name(name: str, media_type: str, fallback: str) -> str:
    """The name of a download: the uploaded name with the extension of the media type."""
    stem = name.rpartition(".")[0] or name
    return f"{stem.strip('. ') or fallback}.{_EXTENSIONS[media_type]}"


def kind_of(head: bytes) -> str:
    """JPEG, PNG, WEBP or PDF by the first bytes; else the code of a refusal: `heic`, `type` or `empty`."""
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


ACCEPTED = frozenset({"JPEG", "PNG", "WEBP", "PDF"})

"""How the rows of a set lie in a file: JSON Lines from the register; CSV, GeoJSON and compressed twins from that file.

Each function writes one file and says what is in it. The same lines always give the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from municipality.kernel.failpoints import failpoint

CHUNK = 2000
BLOCK = 1 << 20
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "jsonl": "application/x-ndjson", "geojson": "application/geo+json"}
PACKED = "application/gzip"
# A spreadsheet takes a text that begins so for a formula (OWASP, CSV injection).
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_SUSPECT = re.compile('":"(?:[=+@＝＋－＠-]|\\\\[trn])'.encode())  # a line without it has no such text
compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Out:
    """One file, hashed and counted while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hash, self._bytes = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """For whoever takes this for a file; it is written out at its end."""

    def described(self, name: str) -> dict[str, Any]:
        form, _dot, packed = name.partition(".")[2].partition(".")
        return {"name": name, "format": form, "is_compressed": bool(packed), "bytes": self._bytes, "sha256": self._hash.hexdigest()}


class Writing:
    """A file under a name of its own, until `finish` has brought all of it to the disk and given it its name."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        self._file = self._part.open("wb")
        self.out = Out(self._file)

    def finish(self) -> dict[str, Any]:
        """What is said of the whole file. The disk may take long, so nobody waits for this inside a transaction."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        return self.out.described(self._path.name)

    def drop(self) -> None:
        """Take away what was not finished."""
        self._file.close()
        self._part.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[Writing]:
    """A file that is there whole or not at all; the block calls `finish`."""
    made = Writing(path)
    try:
        yield made
    finally:
        made.drop()


def _chunks(lines: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(lines)
    while chunk := list(islice(source, CHUNK)):
        yield chunk
        failpoint("shops.open_data.chunk")


def write_lines(out: Out, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """JSON Lines of the rows, CHUNK of them in memory at a time. Returns how many."""
    count = 0
    for chunk in _chunks(rows):
        out.write("".join([f"{compact(dict(zip(names, row, strict=True)))}\n" for row in chunk]).encode())
        count += len(chunk)
    return count


def harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula, behind an apostrophe; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value


def write_csv(lines: Path, path: Path, names: Sequence[str]) -> dict[str, Any]:
    """The file of lines as CSV. Returns what is said of it."""
    with lines.open("rb") as source, writing(path) as made:
        made.out.write(("\ufeff" + _csv([names])).encode())  # without the mark Excel reads no Arabic
        for chunk in _chunks(source):
            made.out.write(_csv([_cells(line) for line in chunk]).encode())
        return made.finish()


def _cells(line: bytes) -> Iterable[Any]:
    values = json.loads(line).values()
    return [harmless(value) for value in values] if _SUSPECT.search(line) else values


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def write_geojson(lines: Path, path: Path, head: dict[str, Any]) -> dict[str, Any]:
    """The file of lines as a FeatureCollection with the members of `head`. Returns what is said of it."""
    with lines.open("rb") as source, writing(path) as made:
        made.out.write(('{"type":"FeatureCollection",' + compact(head)[1:-1] + ',"features":[').encode())
        between = b"\n"
        for chunk in _chunks(source):
            made.out.write(between + b",\n".join([_feature(line.rstrip(b"\n")) for line in chunk]))
            between = b",\n"
        made.out.write(b"\n]}\n")
        return made.finish()


def _feature(line: bytes) -> bytes:
    row = json.loads(line)
    east, north = row["longitude"], row["latitude"]
    place = f'{{"type":"Point","coordinates":[{east!r},{north!r}]}}' if north is not None else "null"
    return f'{{"type":"Feature","id":{compact(row["id"])},"geometry":{place},"properties":'.encode() + line + b"}"


def write_packed(plain: Path, path: Path) -> dict[str, Any]:
    """The compressed twin of a file. Returns what is said of it."""
    with plain.open("rb") as source, writing(path) as made:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=made.out, mtime=0) as packed:  # type: ignore[call-overload]
            while block := source.read(BLOCK):
                packed.write(block)
        return made.finish()

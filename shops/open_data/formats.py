"""The file formats: JSON Lines from the register; CSV, GeoJSON and compressed files from that file.

Each function writes one file and returns its description. The same rows always give the same bytes.
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
# Characters at the start of a text that make spreadsheets read a formula (OWASP, CSV injection).
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_SUSPECT = re.compile('":"(?:[=+@＝＋－＠-]|\\\\[trn])'.encode())  # a line without a match has no such text
compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Output:
    """An output file, hashed and counted while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hash, self._bytes = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Does nothing; required by writers such as gzip."""

    def described(self, name: str) -> dict[str, Any]:
        form, _dot, packed = name.partition(".")[2].partition(".")
        return {"name": name, "format": form, "is_compressed": bool(packed), "bytes": self._bytes, "sha256": self._hash.hexdigest()}


class Writing:
    """A file with a temporary name until `finish` syncs and renames it."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        self._file = self._part.open("wb")
        self.out = Output(self._file)

    def finish(self) -> dict[str, Any]:
        """Sync and rename the file; returns its description. May take long: do not call it in a transaction."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        return self.out.described(self._path.name)

    def drop(self) -> None:
        """Delete an unfinished file."""
        self._file.close()
        self._part.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[Writing]:
    """An atomically written file; the block calls `finish`."""
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


def write_lines(out: Output, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write the rows as JSON Lines, CHUNK of them in memory at a time. Returns how many."""
    count = 0
    for chunk in _chunks(rows):
        out.write("".join([f"{compact(dict(zip(names, row, strict=True)))}\n" for row in chunk]).encode())
        count += len(chunk)
    return count


def escape_formula(value: Any) -> Any:
    """The value; a text that spreadsheets would read as a formula with a leading apostrophe."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value


def write_csv(lines: Path, path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Write the JSON Lines as CSV. Returns the description of the file."""
    with lines.open("rb") as source, writing(path) as writing_file:
        writing_file.out.write(("\ufeff" + _csv([names])).encode())  # Excel needs the byte order mark to read Arabic
        for chunk in _chunks(source):
            writing_file.out.write(_csv([_cells(line) for line in chunk]).encode())
        return writing_file.finish()


def _cells(line: bytes) -> Iterable[Any]:
    values = json.loads(line).values()
    return [escape_formula(value) for value in values] if _SUSPECT.search(line) else values


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def write_geojson(lines: Path, path: Path, head: dict[str, Any]) -> dict[str, Any]:
    """Write the JSON Lines as a FeatureCollection with the members of `head`. Returns the description of the file."""
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
    if "outline" in row:
        place, line = row.pop("outline") or "null", compact(row).encode()
    else:
        east, north = row["longitude"], row["latitude"]
        place = f'{{"type":"Point","coordinates":[{east!r},{north!r}]}}' if north is not None else "null"
    return f'{{"type":"Feature","id":{compact(row["id"])},"geometry":{place},"properties":'.encode() + line + b"}"


def write_gzip(plain: Path, path: Path) -> dict[str, Any]:
    """Compress a file. Returns the description of the result."""
    with plain.open("rb") as source, writing(path) as made:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=made.out, mtime=0) as packed:  # type: ignore[call-overload]
            while block := source.read(BLOCK):
                packed.write(block)
        return made.finish()

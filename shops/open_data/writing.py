"""The files of a night: CSV, JSON Lines and GeoJSON of all shops, each also compressed, written in one pass and shown all at once."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction

from municipality.kernel import clock
from municipality.kernel.failpoints import failpoint
from shops.open_data import feed, table
from shops.open_data.models import Edition, Pending

log = logging.getLogger(__name__)

CHUNK = 2000
KEPT = 3  # editions whose files stay in the store
FOLDER = "open-data"
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "jsonl": "application/x-ndjson", "geojson": "application/geo+json"}
PACKED = "application/gzip"
# A spreadsheet takes a text that begins so for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class _Out:
    """One file and its compressed twin, hashed and counted while they are written."""

    def __init__(self, folder: Path, form: str) -> None:
        self.form, self._hash, self._bytes = form, hashlib.sha256(), 0
        self.path, self.packed = folder / f"shops.{form}", folder / f"shops.{form}.gz"
        self._plain: BinaryIO = self.path.open("wb")
        self._packed_file: BinaryIO = self.packed.open("wb")
        self._zip = gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=self._packed_file, mtime=0)

    def write(self, text: str) -> None:
        data = text.encode()
        self._hash.update(data)
        self._bytes += len(data)
        self._plain.write(data)
        self._zip.write(data)

    def close(self) -> None:
        self._zip.close()
        for file in (self._plain, self._packed_file):
            if not file.closed:
                file.flush()
                os.fsync(file.fileno())
                file.close()

    def described(self) -> list[dict[str, Any]]:
        with self.packed.open("rb") as packed:
            digest = hashlib.file_digest(cast(Any, packed), "sha256").hexdigest()
        plain = {
            "name": self.path.name,
            "format": self.form,
            "is_compressed": False,
            "bytes": self._bytes,
            "sha256": self._hash.hexdigest(),
        }
        return [plain, {**plain, "name": self.packed.name, "is_compressed": True, "bytes": self.packed.stat().st_size, "sha256": digest}]


def harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula, behind an apostrophe; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def write_files(folder: Path, rows: Iterator[table.Row], as_of: dt.datetime, cursor: int) -> tuple[int, list[dict[str, Any]]]:
    """Write all files into an empty folder. Returns the number of rows and what is said of each file. Holds CHUNK rows at a time."""
    outs = {form: _Out(folder, form) for form in MEDIA_TYPES}
    count = 0
    try:
        outs["csv"].write("\ufeff" + _csv([table.NAMES]))  # without the mark Excel reads no Arabic
        head = {"as_of": as_of.isoformat(), "cursor": feed.token_of(cursor), "licence": settings.OPEN_DATA_LICENCE_URL}
        outs["geojson"].write('{"type":"FeatureCollection",' + _compact(head)[1:-1] + ',"features":[')
        while chunk := list(islice(rows, CHUNK)):
            lines = [_compact(dict(zip(table.NAMES, row, strict=True))) for row in chunk]
            outs["jsonl"].write("\n".join(lines) + "\n")
            outs["csv"].write(_csv([[harmless(value) for value in row] for row in chunk]))
            features = (_feature(row, line) for row, line in zip(chunk, lines, strict=True))
            outs["geojson"].write((",\n" if count else "\n") + ",\n".join(features))
            count += len(chunk)
            failpoint("shops.open_data.chunk")
        outs["geojson"].write("\n]}\n")
    finally:
        for out in outs.values():
            out.close()
    return count, [said for out in outs.values() for said in out.described()]


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _feature(row: table.Row, properties: str) -> str:
    place = table.point(row)
    geometry = f'{{"type":"Point","coordinates":[{place[0]!r},{place[1]!r}]}}' if place else "null"
    return f'{{"type":"Feature","id":{_compact(row[0])},"geometry":{geometry},"properties":{properties}}}'


@contextmanager
def _one_moment() -> Iterator[None]:
    """All that is read inside is the state of one moment. SQLite gives that to one statement, without holding up who writes."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def publish() -> Edition:
    """Write the files of now and show them. Any failure leaves the edition before it as it is, and no file of this one."""
    made_in = Path(settings.VAR_DIR) / "open-data.part"
    made_in.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=made_in))
    try:
        edition = _written(folder)
        _store(folder, edition)
        failpoint("shops.open_data.stored")
        edition.made_at = clock.now()
        edition.save(force_insert=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _forget_old()
    return edition


def _written(folder: Path) -> Edition:
    for _try in range(5):
        feed.number_all()
        with _one_moment():
            if Pending.objects.exists() and _try < 4:
                continue
            now, cursor = clock.now(), feed.last_number()
            count, files = write_files(folder, (row for _, row in table.rows(clock.today())), now, cursor)
            name = f"{now:%Y%m%dT%H%M%SZ}-{folder.name[-6:]}"
            return Edition(as_of=now, cursor=cursor, rows=count, folder=name, files=files)
    raise AssertionError("the last try does not go on")


class _Moved(File):  # type: ignore[type-arg]
    """A finished file that the store may take as it is, without copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _store(folder: Path, edition: Edition) -> None:
    for said in edition.files:
        with (folder / said["name"]).open("rb") as made:
            wanted = path_of(edition, said["name"])
            if default_storage.save(wanted, _Moved(made, name=str(folder / said["name"]))) != wanted:
                raise FileExistsError(wanted)


def path_of(edition: Edition, name: str) -> str:
    """Where a file of an edition lies in the store."""
    return f"{FOLDER}/{edition.folder}/{name}"


def _forget_old() -> None:
    """Take files out of the store that nobody is led to any more; whoever reads one reads on."""
    for edition in Edition.objects.order_by("-pk")[KEPT : KEPT + 5]:
        for said in edition.files:
            default_storage.delete(path_of(edition, said["name"]))

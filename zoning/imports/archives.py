"""The bytes of a file as a private file that GDAL may open: nothing of it is followed, executed or unpacked beyond its limits."""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
from pathlib import Path, PurePosixPath

from zoning.imports.columns import MAX_UNPACKED
from zoning.imports.problems import NotReadable

SQLITE, ZIP = b"SQLite format 3\x00", b"PK\x03\x04"
# Without the index (.shx): it is made anew, since one that names the same outline many times would fill the memory.
_PARTS = (".shp", ".dbf", ".prj", ".cpg")
_NEEDED = {".shp", ".dbf"}
_BESIDE = {".shx", ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".xml", ".cst", ".fbn", ".fbx"}  # written by GIS programs, never read
_APPLICATION = 68  # where the header of SQLite has the application's number
_APPLICATIONS = (b"GPKG", b"GP10", b"GP11")
_TABLES = "gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"
_RTREE = re.compile(r"\bUSING\s+\"?rtree", re.IGNORECASE)


def unpack_shapefile(content: bytes, folder: Path) -> Path:
    """Write the parts of the one shapefile of an archive into a folder, under names of our own. Returns the path of its .shp.

    Sizes are those of the archive's directory, which Python never reads beyond. Raises NotReadable: damaged, zip_path, zip_parts,
    zip_size, deleted.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = _parts(archive.infolist())
            for suffix, entry in parts.items():
                (folder / f"plots{suffix}").write_bytes(archive.read(entry))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        if isinstance(error, NotReadable):
            raise
        raise NotReadable("damaged") from error
    if _has_deleted((folder / "plots.dbf").read_bytes()):
        raise NotReadable("deleted")
    return folder / "plots.shp"


def _has_deleted(table: bytes) -> bool:
    """Whether a dBASE table still holds records that are marked as deleted: GDAL counts and skips them, but reads none of them."""
    count, first, size = (int.from_bytes(table[at:end], "little") for at, end in ((4, 8), (8, 10), (10, 12)))
    return size > 0 and b"*" in table[first : first + count * size : size]


def _parts(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename or is_link:
            raise NotReadable("zip_path")
        if entry.is_dir() or path.name.startswith(".") or "__MACOSX" in path.parts:
            continue
        suffix = path.suffix.lower()
        if suffix in _BESIDE:
            continue
        if suffix not in _PARTS or suffix in found:
            raise NotReadable("zip_parts")
        found[suffix] = entry
    if not set(found) >= _NEEDED or len({PurePosixPath(entry.filename.replace("\\", "/")).stem for entry in found.values()}) > 1:
        raise NotReadable("zip_parts")
    if ".prj" not in found:
        raise NotReadable("no_system")
    if sum(entry.file_size for entry in found.values()) > MAX_UNPACKED:
        raise NotReadable("zip_size")
    return found


def check_geopackage(content: bytes, path: Path, *, whole: bool) -> None:
    """Refuse a database that is no GeoPackage with one layer of stored rows; `whole` checks every page, which takes a second a 100 MB.

    Views, computed columns and pages that are used twice could make a small file endless. Raises NotReadable: damaged, not_gpkg,
    layers, computed.
    """
    if content[_APPLICATION : _APPLICATION + 4] not in _APPLICATIONS:
        raise NotReadable("not_gpkg")
    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        schema = database.execute("SELECT type, name, COALESCE(sql, '') FROM sqlite_master").fetchall()
        tables = {name: sql for kind, name, sql in schema if kind == "table"}
        if any(kind == "view" or (sql.upper().startswith("CREATE VIRTUAL") and not _RTREE.search(sql)) for kind, _, sql in schema):
            raise NotReadable("computed")
        if not set(_TABLES) <= set(tables):
            raise NotReadable("not_gpkg")
        for name in tables:
            if any(column[6] in (2, 3) for column in database.execute("SELECT * FROM pragma_table_xinfo(?)", [name])):
                raise NotReadable("computed")
        layers = database.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features' LIMIT 2").fetchall()
        if len(layers) != 1 or layers[0][0] not in tables or tables[layers[0][0]].upper().startswith("CREATE VIRTUAL"):
            raise NotReadable("layers")
        if whole and database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise NotReadable("damaged")
    except sqlite3.Error as error:
        raise NotReadable("damaged") from error
    finally:
        database.close()

"""Reads plots, or surfaces of a layer, from GeoPackage and zipped shapefile through pyogrio (GDAL), and from GeoJSON.

GDAL opens only a private file whose kind was recognised before, so no address and no path of the content is ever followed. GeoJSON
goes through Python and shapely: GDAL would fetch the reference system from an address that the file names.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from django.conf import settings
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry import shape

from municipality.imports.registry import Row
from zoning.imports import archives
from zoning.imports.columns import COLUMNS, MAX_BYTES, MAX_JSON, MAX_ROWS, NEEDED, PLOT_COLUMNS, FileColumns
from zoning.imports.problems import NotReadable

pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": True})
CHUNK = 2000  # rows read from GDAL at once
_DRIVERS = {"GPKG", "ESRI Shapefile"}
_EPSG = {4326: "wgs84", 32638: "utm38", 32639: "utm39"}
_GRID = 31901  # the Municipality's; its transformation is a setting
_NAMED = re.compile(r"(?:urn:ogc:def:crs:)?EPSG:(?:[0-9.]{0,9}:)?([0-9]{1,6})", re.ASCII)
_OGC = {"urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "CRS84"}


class PlotSource(Protocol):
    """An opened file: the code of its system (`SYSTEMS`), how many rows it has, and its rows."""

    system: str
    count: int

    def rows(self, skip: int) -> Iterator[tuple[dict[str, Any], Any]]:
        """Values by column, and the geometry: well-known binary, a geometry of shapely or None."""


class PlotReader:
    """The reader of the platform's import for plots (`municipality.imports.registry.Reader`)."""

    columns: Mapping[str, Sequence[str]] = COLUMNS
    needed: Sequence[str] = NEEDED
    max_bytes = MAX_BYTES
    media = "application/octet-stream"
    accept = ".gpkg,.zip,.geojson,.json"

    def inspect(self, content: bytes) -> tuple[str, int]:
        """The reference system (a code of `SYSTEMS`) and the number of rows. Raises NotReadable."""
        with opened(content, whole=True) as source:
            if not source.count:
                raise NotReadable("empty")
            if source.count > MAX_ROWS:
                raise NotReadable("too_many_lines")
            return source.system, source.count

    def rows(self, content: bytes, skip: int = 0) -> Iterator[Row]:
        """Rows after the first `skip`, numbered from 1; the column `geometry` has well-known binary, None, or a text that is a code."""
        with opened(content) as source:
            for number, (values, geometry) in enumerate(source.rows(skip), skip + 1):
                yield number, {**values, "geometry": geometry}, False


@contextmanager
def opened(content: bytes, *, whole: bool = False, columns: FileColumns = PLOT_COLUMNS) -> Iterator[PlotSource]:
    """The file of some bytes with the columns of its kind; `whole` checks a GeoPackage page by page. Raises NotReadable."""
    if not content:
        raise NotReadable("empty")
    if len(content) > MAX_BYTES:
        raise NotReadable("too_big")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        yield PlotFeatures(content, columns)
        return
    with tempfile.TemporaryDirectory(prefix="plots-") as folder:
        if content.startswith(archives.SQLITE):
            path = Path(folder) / "plots.gpkg"
            path.write_bytes(content)
            archives.check_geopackage(content, path, whole=whole)
        elif content.startswith(archives.ZIP):
            path = archives.unpack_shapefile(content, Path(folder))
        else:
            raise NotReadable("not_a_map")
        yield _layer(path, columns)


def _layer(path: Path, columns: FileColumns) -> PlotLayer:
    try:
        found = pyogrio.read_info(path, force_feature_count=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError, ValueError) as error:
        raise NotReadable("damaged") from error
    if found["driver"] not in _DRIVERS:
        raise NotReadable("not_a_map")
    return PlotLayer(path, _system(found["crs"]), int(found["features"]), _known(list(found["fields"]), columns))


def _known(names: list[str], columns: FileColumns) -> dict[str, str]:
    """The known columns of a file by their names in it. Raises NotReadable: no_columns, column_twice."""
    known = columns.codes(names)
    missing = [code for code in columns.needed if code not in known.values()]
    if missing:
        raise NotReadable("no_columns", columns=", ".join(missing))
    twice = sorted({code for code in known.values() if list(known.values()).count(code) > 1})
    if twice:
        raise NotReadable("column_twice", columns=", ".join(twice))
    return known


def _system(crs: str | None) -> str:
    """The code of a reference system as a file names it. Raises NotReadable: no_system, system."""
    if not crs:
        raise NotReadable("no_system")
    try:
        return _of_epsg(CRS.from_user_input(crs).to_epsg(min_confidence=70))
    except CRSError as error:
        raise NotReadable("system") from error


def _of_epsg(number: int | None) -> str:
    if number == _GRID:
        return str(settings.ZONING_GRID)
    if number not in _EPSG:
        raise NotReadable("system")
    return _EPSG[number]


@dataclass
class PlotLayer:
    """A layer that GDAL reads, some rows at a time."""

    path: Path
    system: str
    count: int
    known: dict[str, str]  # column of the file → code

    def rows(self, skip: int) -> Iterator[tuple[dict[str, Any], Any]]:
        for start in range(skip, self.count, CHUNK):
            try:
                meta, _, shapes, values = pyogrio.raw.read(
                    self.path, columns=list(self.known), skip_features=start, max_features=CHUNK, datetime_as_string=True
                )
            except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, UnicodeDecodeError) as error:
                raise NotReadable("damaged") from error
            names = [self.known[name] for name in meta["fields"]]
            for index, geometry in enumerate(shapes):
                yield dict(zip(names, (_plain(column[index]) for column in values), strict=True)), geometry


def _plain(value: Any) -> Any:
    """A value of numpy as one of Python; what is missing as None."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and value != value else value


class PlotFeatures:
    """A GeoJSON FeatureCollection (RFC 7946; `crs` as the drafts before it had it)."""

    def __init__(self, content: bytes, columns: FileColumns) -> None:
        """Raises NotReadable."""
        if len(content) > MAX_JSON:
            raise NotReadable("too_big_json")
        try:
            found = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
        except NotReadable:
            raise
        except (ValueError, RecursionError) as error:  # ValueError: also a number of more digits than Python reads
            raise NotReadable("damaged") from error
        features = found.get("features") if isinstance(found, dict) and found.get("type") == "FeatureCollection" else None
        if not isinstance(features, list) or not all(map(_is_feature, features)):
            raise NotReadable("json_kind")
        self._features = features
        self.count = len(features)
        self.system = "wgs84" if found.get("crs") is None else _named_system(found["crs"])
        names = {name for one in features for name in one.get("properties") or {}} if features else set(columns.needed)
        self._known = _known(sorted(names), columns)

    def rows(self, skip: int) -> Iterator[tuple[dict[str, Any], Any]]:
        for feature in self._features[skip:]:
            properties = feature.get("properties") or {}
            values = {code: properties.get(name) for name, code in self._known.items()}
            yield values, _wkb(feature.get("geometry"))


def _is_feature(one: Any) -> bool:
    return isinstance(one, dict) and one.get("type") == "Feature" and isinstance(one.get("properties"), dict | None)


def _refuse(name: str) -> Any:
    raise NotReadable("json_number")


def _named_system(crs: Any) -> str:
    """The system of the member `crs` by its name; an address is not followed."""
    name = crs.get("properties", {}).get("name") if isinstance(crs, dict) and isinstance(crs.get("properties"), dict) else None
    if not isinstance(name, str) or crs.get("type") != "name":
        raise NotReadable("system")
    match = _NAMED.fullmatch(name)
    return "wgs84" if name in _OGC else _of_epsg(int(match[1]) if match else None)


def _wkb(geometry: Any) -> Any:
    """Well-known binary of a geometry of GeoJSON, None where there is none, the code `malformed` where it cannot be read."""
    if geometry is None:
        return None
    try:
        return shapely.to_wkb(shape({"type": geometry["type"], "coordinates": geometry["coordinates"]}))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, shapely.errors.ShapelyError):
        return "no_polygon" if isinstance(geometry, dict) and geometry.get("type") == "GeometryCollection" else "malformed"

"""Files of plots in three formats and four systems, and files that somebody made to do harm."""

from __future__ import annotations

import io
import json
import socket
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from django.utils import translation
from shapely.geometry import LineString, Polygon

from tests.zoning.imports.files import AREA, SOUTH, WEST, feature, geojson, geopackage, row, shapefile, square
from zoning.geometry import shapes
from zoning.geometry.shapes import BadShape
from zoning.imports import archives, columns, reader
from zoning.imports.problems import NotReadable
from zoning.imports.reader import PlotReader

READER = PlotReader()
MAKERS = {"GeoPackage": geopackage, "shapefile": shapefile, "GeoJSON": geojson}


def code_of(content: bytes) -> str:
    """The code with which a file is refused as a whole; its sentence says how to mend it."""
    with pytest.raises(NotReadable) as refusal:
        READER.inspect(content)
    with translation.override("en"):
        assert "Please" in refusal.value.sentence or refusal.value.code == "no_columns"
    return str(refusal.value.code)


@pytest.mark.parametrize("system", ["wgs84", "kudams-2019", "utm38", "utm39"])
@pytest.mark.parametrize("maker", [geopackage, shapefile])
def test_plots_are_read_in_the_system_that_the_file_names(maker: Any, system: str) -> None:
    content = maker(row(1), row(2, paci="20000001, 20000002"), system=system)
    assert READER.inspect(content) == (system, 2)
    (first, values, _), (second, more, _) = READER.rows(content)
    assert (first, second) == (1, 2) and more["paci"] == "20000001, 20000002"
    assert (values["area"], values["block"], values["number"], values["official_area"]) == (AREA, "3", "1", 430.0)
    kept = shapes.take(shapely.from_wkb(values["geometry"]), system)
    assert kept.shape.hausdorff_distance(square(1)) < 1e-7
    assert shapely.from_wkb(kept.original).bounds == shapely.from_wkb(values["geometry"]).bounds


def test_the_transformation_of_the_grid_is_a_setting(settings: Any) -> None:
    settings.ZONING_GRID = "kudams-1061"
    assert READER.inspect(geopackage(row(1), system="kudams-1061"))[0] == "kudams-1061"


def test_geojson_is_read_and_may_name_its_system() -> None:
    assert READER.inspect(geojson(row(1), row(2))) == ("wgs84", 2)
    assert [values["number"] for _, values, _ in READER.rows(geojson(row(1), row(2)))] == ["1", "2"]
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"):
        assert READER.inspect(geojson(row(1), crs={"type": "name", "properties": {"name": name}}))[0] == "wgs84"
    assert READER.inspect(geojson(row(1), crs={"type": "name", "properties": {"name": "EPSG:32639"}}))[0] == "utm39"


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_reading_goes_on_behind_the_rows_that_were_read(maker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "CHUNK", 3)
    content = maker(*(row(number) for number in range(1, 9)))
    assert [number for number, _, _ in READER.rows(content)] == list(range(1, 9))
    assert [values["number"] for _, values, _ in READER.rows(content, 4)] == ["5", "6", "7", "8"]


@pytest.mark.parametrize("maker", [geopackage, shapefile])
def test_a_column_that_is_missing_is_named(maker: Any) -> None:
    with pytest.raises(NotReadable, match="no_columns") as refusal:
        READER.inspect(maker(row(1), leave_out="plot_no"))
    assert refusal.value.facts == {"columns": "number"}
    bare = feature(row(1))
    del bare["properties"]["block"]
    assert code_of(json.dumps({"type": "FeatureCollection", "features": [bare]}).encode()) == "no_columns"
    assert code_of(geojson(row(1, more={"المنطقة": "1"}))) == "column_twice"


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_an_empty_layer_is_refused(maker: Any) -> None:
    assert code_of(maker()) == "empty"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"number;area\r\n1;2\r\n", "not_a_map"),
        (b"%PDF-1.7", "not_a_map"),
        (b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": ["number"]}]}', "json_kind"),
        (
            b"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/http://127.0.0.1/x.shp</SrcDataSource></OGRVRTLayer>",
            "not_a_map",
        ),
        (b"/vsicurl/http://127.0.0.1/plots.gpkg", "not_a_map"),
        (b"GPKG:/etc/passwd", "not_a_map"),
        (b"{", "damaged"),
        (b'{"type": "FeatureCollection", "features": ' + b"[" * 100_000, "damaged"),
        (b'{"type": "FeatureCollection", "features": [' + b"1" * 5000 + b"]}", "damaged"),
        (b'{"type": "Polygon", "coordinates": []}', "json_kind"),
        (b'{"type": "Topology", "objects": {}}', "json_kind"),
        (b'{"type": "Feature", "properties": {}, "geometry": null}', "json_kind"),
        (b'[{"type": "FeatureCollection"}]', "json_kind"),
        (b'{"type": "FeatureCollection", "features": [1]}', "json_kind"),
        (b'{"type": "FeatureCollection", "features": [], "x": NaN}', "json_number"),
        (archives.SQLITE + b"\x00" * 200, "not_gpkg"),
        (archives.ZIP + b"\x00" * 200, "damaged"),
    ],
)
def test_what_is_no_file_of_plots_is_refused_with_a_sentence(content: bytes, code: str) -> None:
    assert code_of(content) == code


def test_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    content, zipped, text = geopackage(row(1), row(2)), shapefile(row(1)), geojson(row(1))
    monkeypatch.setattr(reader, "MAX_ROWS", 1)
    assert code_of(content) == "too_many_lines"
    monkeypatch.setattr(reader, "MAX_JSON", len(text) - 1)
    assert code_of(text) == "too_big_json"
    monkeypatch.setattr(reader, "MAX_BYTES", len(content) - 1)
    assert code_of(content) == "too_big"
    monkeypatch.setattr(archives, "MAX_UNPACKED", 400)
    assert code_of(zipped) == "zip_size"


def test_a_zip_bomb_is_refused_before_anything_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("x.shp", "w", force_zip64=True) as part:
            for _ in range(columns.MAX_UNPACKED // 2**20 + 1):
                part.write(bytes(2**20))
        archive.writestr("x.dbf", b"")
        archive.writestr("x.prj", b"")
    assert len(made.getvalue()) < 2**20
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *args: pytest.fail("unpacked"))
    assert code_of(made.getvalue()) == "zip_size"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ({"../plots.shp": b""}, "zip_path"),
        ({"/etc/plots.shp": b""}, "zip_path"),
        ({"data\\..\\..\\plots.shp": b""}, "zip_path"),
        ({"C:plots.shp": b""}, "zip_path"),
        ({"inner.zip": b"PK"}, "zip_parts"),
        ({"other.shp": b""}, "zip_parts"),
        ({"run.vrt": b"<OGRVRTDataSource/>"}, "zip_parts"),
    ],
)
def test_an_archive_of_other_things_is_refused(names: dict[str, bytes], code: str) -> None:
    assert code_of(shapefile(row(1), names=names)) == code


def test_a_link_in_an_archive_is_refused() -> None:
    made = io.BytesIO(shapefile(row(1)))
    with zipfile.ZipFile(made, "a") as archive:
        entry = zipfile.ZipInfo("x.cpg")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    assert code_of(made.getvalue()) == "zip_path"


def test_a_shapefile_without_its_parts_is_refused() -> None:
    assert code_of(shapefile(row(1), without=(".prj",))) == "no_system"
    assert code_of(shapefile(row(1), without=(".dbf",))) == "zip_parts"
    assert READER.inspect(shapefile(row(1), without=(".shx", ".cpg")))[1] == 1, "its index is made anew"


def deleted(content: bytes, record: int) -> bytes:
    """A zipped shapefile with a record that its table marks as deleted."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(made, "w") as changed:
        for name in archive.namelist():
            part = bytearray(archive.read(name))
            if name.endswith(".dbf"):
                part[int.from_bytes(part[8:10], "little") + record * int.from_bytes(part[10:12], "little")] = ord("*")
            changed.writestr(name, bytes(part))
    return made.getvalue()


@pytest.mark.parametrize("record", [0, 1, 2])
def test_a_shapefile_with_deleted_rows_is_refused(monkeypatch: pytest.MonkeyPatch, record: int) -> None:
    """Control: they are counted and never read, so that the reading would wait for them and read others twice where it goes on."""
    content = deleted(shapefile(row(1), row(2), row("*")), record)
    assert code_of(content) == "deleted"
    assert READER.inspect(shapefile(row("*"), row("*")))[1] == 2, "a star in a cell deletes nothing"
    monkeypatch.setattr(archives, "_has_deleted", lambda _table: False)
    assert READER.inspect(content)[1] == 3 and len(list(READER.rows(content))) == 2


@pytest.mark.parametrize("maker", [geopackage, shapefile])
def test_another_system_is_refused(maker: Any) -> None:
    assert code_of(maker(row(1), crs="EPSG:3857")) == "system"


def test_no_address_that_a_geojson_names_is_ever_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *args: pytest.fail("a connection was opened"))
    for crs in (
        {"type": "link", "properties": {"href": "http://127.0.0.1:1/crs", "type": "proj4"}},
        {"type": "URL", "properties": {"url": "http://127.0.0.1:1/crs"}},
        {"type": "name", "properties": {"name": "+init=/etc/passwd"}},
        {"type": "name", "properties": {"name": "http://127.0.0.1:1/crs"}},
        "EPSG:4326",
    ):
        assert code_of(geojson(row(1), crs=crs)) == "system"
    inside = feature(row(1))
    inside["geometry"]["crs"] = {"type": "URL", "properties": {"url": "http://127.0.0.1:1/crs"}}
    content = json.dumps({"type": "FeatureCollection", "features": [inside]}).encode()
    assert len(list(READER.rows(content))) == 1


def changed(content: bytes, path: Path, *statements: str) -> bytes:
    path.write_bytes(content)
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()
    return path.read_bytes()


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        (["DROP TABLE gpkg_contents"], "not_gpkg"),
        (["PRAGMA application_id = 0"], "not_gpkg"),
        (["CREATE VIEW endless AS SELECT * FROM plots, plots AS other"], "computed"),
        (["ALTER TABLE plots ADD COLUMN big AS (zeroblob(1000000000))"], "computed"),
        (["CREATE VIRTUAL TABLE words USING fts5(a)"], "computed"),
        (["UPDATE gpkg_contents SET data_type = 'attributes'"], "layers"),
        (["UPDATE gpkg_contents SET table_name = 'nothing'"], "layers"),
    ],
)
def test_a_database_that_is_no_plain_geopackage_is_refused(statements: list[str], code: str, tmp_path: Path) -> None:
    assert code_of(changed(geopackage(row(1)), tmp_path / "x.gpkg", *statements)) == code


def test_a_geopackage_whose_pages_are_damaged_is_refused() -> None:
    content = bytearray(geopackage(*(row(number) for number in range(1, 400))))
    for page in range(len(content) // 4096 // 2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 12] = b"\xff" * 12
    assert code_of(bytes(content)) == "damaged"


def test_a_half_of_a_file_is_refused() -> None:
    for maker in MAKERS.values():
        content = maker(*(row(number) for number in range(1, 60)))
        assert code_of(content[: len(content) // 2]) in ("damaged", "zip_parts")


NOWHERE = Polygon([(0, 0), (0.001, 0), (0.001, 0.001), (0, 0.001)])
BOW = Polygon([(WEST, SOUTH), (WEST + 0.001, SOUTH + 0.001), (WEST + 0.001, SOUTH), (WEST, SOUTH + 0.001)])
with np.errstate(invalid="ignore"):
    NOT_FINITE = Polygon([(WEST, SOUTH), (np.nan, SOUTH), (WEST + 0.001, SOUTH + 0.001)])
CIRCLE = np.linspace(0, 2 * np.pi, 1_000_000)
BAD = {
    "swapped": shapely.transform(square(), lambda points: points[:, ::-1]),
    "outside": NOWHERE,
    "no_area": Polygon([(WEST, SOUTH), (WEST + 1e-9, SOUTH), (WEST + 1e-9, SOUTH + 1e-9)]),
    "no_polygon": LineString([(WEST, SOUTH), (WEST + 0.001, SOUTH)]),
    "too_many_points": Polygon(np.column_stack([WEST + 0.01 * np.cos(CIRCLE), SOUTH + 0.01 * np.sin(CIRCLE)])),
    "not_finite": NOT_FINITE,
}


@pytest.mark.parametrize("code", BAD)
def test_a_bad_shape_of_a_geopackage_is_named_and_the_others_are_read(code: str) -> None:
    content = geopackage(row(1), row(2, shape=BAD[code]))
    (_, good, _), (_, bad, _) = READER.rows(content)
    assert shapes.take(shapely.from_wkb(good["geometry"]), "wgs84")
    with pytest.raises(BadShape) as refusal, np.errstate(invalid="ignore"):
        shapes.take(shapely.from_wkb(bad["geometry"]), "wgs84")
    assert refusal.value.code == code


def test_coordinates_of_another_system_than_the_file_says_lie_outside() -> None:
    for said, system in (("EPSG:4326", "utm39"), ("EPSG:32638", "utm39"), ("EPSG:32639", "wgs84")):
        content = geopackage(row(1), system=system, crs=said)
        ((_, values, _),) = READER.rows(content)
        with pytest.raises(BadShape, match="outside"):
            shapes.take(shapely.from_wkb(values["geometry"]), READER.inspect(content)[0])


def test_a_shape_that_crosses_itself_is_repaired_and_said() -> None:
    ((_, values, _),) = READER.rows(geopackage(row(1, shape=BOW)))
    assert shapes.take(shapely.from_wkb(values["geometry"]), "wgs84").was_repaired


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ({"type": "Polygon", "coordinates": [[["a", "b"]]]}, "malformed"),
        ({"type": "Polygon", "coordinates": "x"}, "malformed"),
        ({"type": "Polygon"}, "malformed"),
        ({"type": "Nothing", "coordinates": []}, "malformed"),
        ({"type": "GeometryCollection", "geometries": []}, "no_polygon"),
        ("x", "malformed"),
    ],
)
def test_a_malformed_shape_of_geojson_is_named(geometry: Any, code: str) -> None:
    content = json.dumps({"type": "FeatureCollection", "features": [feature(row(1), geometry)]}).encode()
    ((_, values, _),) = READER.rows(content)
    assert values["geometry"] == code

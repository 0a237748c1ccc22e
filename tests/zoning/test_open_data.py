"""Plots and land use as open data: the rows say what the pages say, in valid files, read a chunk at a time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from shapely.affinity import translate
from shapely.geometry import box, shape

from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS
from shops.models.open_data import Edition
from shops.open_data import dictionary, writer
from tests.factories.zoning import SQUARE, PlotFactory, make_layer, repeal_layer
from zoning import open_data
from zoning.models import Plot

pytestmark = pytest.mark.django_db
WEST, SOUTH, EAST, NORTH = SQUARE.bounds
AROUND = SQUARE.buffer(0.02)
MIDDLE = WEST + 0.7 * (EAST - WEST)


@pytest.fixture
def plot(rules: None) -> Plot:
    """A plot with seven tenths of commercial land, the rest private; another has no outline, a third has ended."""
    row = PlotFactory(number="12", official_area=43_050)
    PlotFactory(number="13", shape=None, official_area=None)
    ended = PlotFactory(number="14", shape=translate(SQUARE, 0.01, 0))
    Plot.objects.filter(pk=ended.pk).update(valid_to=dt.date(2020, 1, 1))
    surfaces = ("COMMERCIAL", box(WEST, SOUTH, MIDDLE, NORTH)), ("PRIVATE", box(MIDDLE, SOUTH, EAST, NORTH))
    make_layer("land_use", *surfaces, kind="land_use", covers=AROUND)
    make_layer("heritage", ("heritage", AROUND), covers=AROUND)
    return row


def rows(key: str) -> list[dict[str, Any]]:
    opened = OPEN_SETS[key]
    return [dict(zip(opened.names, row, strict=True)) for row in opened.rows(clock.today())]


def published(key: str) -> Edition:
    return writer.publish(key)


def content(edition: Edition, name: str) -> str:
    with default_storage.open(writer.path_of(edition, name)) as file:
        text: str = file.read().decode()
    return text


def test_the_rows_of_plots(plot: Plot) -> None:
    first, second = rows("plots")
    assert (first["id"], first["number"], first["official_area_m2"]) == (plot.public_id, "12", 430.5)
    assert (first["land_use"], first["land_use_version"], first["area"]) == ("COMMERCIAL PRIVATE", "land_use/1", plot.area_id)
    assert shape(json.loads(first["outline"])).symmetric_difference(SQUARE).area < 1e-12
    assert SQUARE.contains(shape({"type": "Point", "coordinates": [first["longitude"], first["latitude"]]}))
    empty = ("outline", "latitude", "longitude", "official_area_m2")
    assert second["number"] == "13" and [second[name] for name in empty] == [None] * 4 and second["land_use"] == ""


def test_the_rows_of_land_use_are_those_in_force(plot: Plot) -> None:
    first, second = rows("land_use")
    assert [(one["code"], one["version"], one["layer"]) for one in (first, second)] == [
        ("COMMERCIAL", 1, "land_use"),
        ("PRIVATE", 1, "land_use"),
    ]
    assert first["name_en"] and first["name_ar"] != first["name_en"] and first["is_assumption"] == "no"
    make_layer("land_use", ("PRIVATE", AROUND), kind="land_use", status="pending")
    assert len(rows("land_use")) == 2
    repeal_layer("land_use", dt.date(2026, 1, 1))
    assert rows("land_use") == [] and rows("plots")[0]["land_use"] == ""


@pytest.mark.parametrize("key", ["plots", "land_use"])
def test_the_files_keep_their_schemas(plot: Plot, key: str) -> None:
    edition = published(key)
    lines = [json.loads(line) for line in content(edition, f"{key}.jsonl").splitlines()]
    features = json.loads(content(edition, f"{key}.geojson"))
    assert len(lines) == len(features["features"]) == edition.rows == 2
    for line in lines:
        jsonschema.validate(line, dictionary.schema(f"{key}.jsonl.schema.json") or {})
    jsonschema.validate(features, dictionary.schema(f"{key}.geojson.schema.json") or {})
    first = features["features"][0]
    assert shape(first["geometry"]).area > 0 and "outline" not in first["properties"]
    assert first["id"] == lines[0]["id"] and content(edition, f"{key}.csv").count("\r\n") == 3


def test_no_owner_is_in_a_column() -> None:
    names = {name for key in ("plots", "land_use") for name in OPEN_SETS[key].names}
    assert not {name for name in names if "owner" in name or "person" in name or "civil" in name}


def test_page_and_catalogue_name_the_sets(client: Client, plot: Plot) -> None:
    published("plots")
    for language in ("ar", "en"):
        assert "/open-data/plots.geojson" in client.get(f"/{language}/open-data/").content.decode()
    catalogue = client.get("/api/v1/catalog/").content.decode()
    assert "open-data/#plots" in catalogue and "open-data/#land_use" in catalogue


def test_plots_are_read_a_chunk_at_a_time(plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk costs its outlines and, for each of its areas, the surfaces around; nothing grows with the number of plots."""
    monkeypatch.setattr(open_data, "CHUNK", 10)
    for number in range(100, 138):  # 40 plots with those of the fixture
        PlotFactory(number=str(number), shape=translate(SQUARE, 0.0003 * (number - 99), 0))
    with CaptureQueriesContext(connection) as asked:
        found: Iterator[Any] = iter(open_data.plot_rows(clock.today()))
        next(found)
        first = len(asked)
        assert len(list(found)) == 39
    assert first <= 4 and len(asked) - first <= 2 * 3

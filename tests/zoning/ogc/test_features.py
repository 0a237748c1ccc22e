"""OGC API – Features: its conformance classes asked one by one, a real client, and bad parameters."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema
from shapely.affinity import translate
from shapely.geometry import shape as geojson_shape

from municipality.kernel import clock
from municipality.places.models import Area
from tests.database_guards import without_guards
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.models import Plot, PlotShape
from zoning.ogc.description import CONFORMANCE

pytestmark = pytest.mark.django_db
WEST, SOUTH, EAST, NORTH = SQUARE.bounds
AROUND = SQUARE.buffer(0.02)
BOX = f"{WEST - 0.0001},{SOUTH - 0.0001},{EAST + 0.0001},{NORTH + 0.0001}"


@pytest.fixture(autouse=True)
def portal(settings: Any) -> None:
    settings.PORTAL_URL = "http://testserver"


@pytest.fixture
def plots(rules: None) -> list[Plot]:
    """Five plots in a row; the last ended ten days ago."""
    rows = [PlotFactory(number=str(n + 1), shape=translate(SQUARE, n * 0.0004, 0)) for n in range(5)]
    ended = clock.today() - dt.timedelta(days=10)
    Plot.objects.filter(pk=rows[-1].pk).update(valid_to=ended)
    rows[-1].shapes.update(valid_to=ended)
    make_layer("land_use", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND)
    return rows


def get(client: Client, path: str, status: int = 200, media: str = "application/json", **query: Any) -> dict[str, Any]:
    response = client.get(f"/api/ogc/{path}", query, headers={"accept": media if status == 200 else "*/*"})
    assert response.status_code == status, response.content
    if status == 200:
        assert response["Content-Type"].startswith(media)
    body: dict[str, Any] = json.loads(response.content)
    return body


def items(client: Client, name: str = "plots", **query: Any) -> dict[str, Any]:
    return get(client, f"collections/{name}/items", media="application/geo+json", **query)


def rel(body: dict[str, Any], name: str) -> str:
    found = [link["href"] for link in body["links"] if link["rel"] == name]
    return found[0].removeprefix("http://testserver/api/ogc/") if found else ""


def test_core_the_landing_page_leads_everywhere(client: Client, plots: list[Plot]) -> None:
    landing = get(client, "")
    assert set(get(client, rel(landing, "conformance"))["conformsTo"]) == set(CONFORMANCE)
    collections = get(client, rel(landing, "data"))["collections"]
    assert [one["id"] for one in collections] == ["plots", "land_use"]
    for one in collections:
        assert get(client, rel(one, "self"))["id"] == one["id"]
        assert items(client, one["id"])["type"] == "FeatureCollection"


def test_oas30_the_description_is_valid_and_every_path_of_it_answers(client: Client, plots: list[Plot]) -> None:
    described = get(client, rel(get(client, ""), "service-desc"), media="application/vnd.oai.openapi+json")
    validate_schema(described)
    for path in described["paths"]:
        if "{" not in path:
            assert client.get(f"/api/ogc{path}" if path != "/" else "/api/ogc/").status_code == 200, path


def test_geojson_features_are_those_of_the_register(client: Client, plots: list[Plot]) -> None:
    body = items(client)
    assert [one["properties"]["number"] for one in body["features"]] == ["1", "2", "3", "4"]
    assert (body["numberMatched"], body["numberReturned"]) == (4, 4)
    first = body["features"][0]
    assert geojson_shape(first["geometry"]).symmetric_difference(SQUARE).area == pytest.approx(0, abs=1e-12)
    ring = geojson_shape(first["geometry"]).geoms[0].exterior
    assert ring.is_ccw  # RFC 7946, 3.1.6
    assert get(client, f"collections/plots/items/{first['id']}", media="application/geo+json")["properties"] == first["properties"]


def test_no_property_names_an_owner(client: Client, plots: list[Plot]) -> None:
    assert set(items(client)["features"][0]["properties"]) == {
        "governorate",
        "area",
        "area_ar",
        "area_en",
        "block",
        "number",
        "official_area_m2",
        "source_system",
        "valid_from",
        "valid_to",
    }


@pytest.mark.parametrize(
    ("box", "numbers"),
    [
        (BOX, ["1"]),
        (f"{WEST},{SOUTH},0,{EAST + 0.0003},{NORTH},100", ["1", "2"]),
        ("0,0,10,10", []),
        ("170,-90,-170,90", []),
        ("40,-90,-170,90", ["1", "2", "3", "4"]),
        ("40,-90,10,90", ["1", "2", "3", "4"]),  # across the antimeridian, with an east above 0
        (f"{EAST + 0.0009},-90,{EAST},90", ["1", "4"]),  # both sides of it
        ("-180,-90,180,90", ["1", "2", "3", "4"]),
    ],
)
def test_core_a_box_gives_what_meets_it(client: Client, plots: list[Plot], box: str, numbers: list[str]) -> None:
    assert [one["properties"]["number"] for one in items(client, bbox=box)["features"]] == numbers


def test_a_box_meets_shapes_and_not_only_their_boxes(client: Client, rules: None) -> None:
    from shapely.geometry import Polygon

    PlotFactory(number="1", shape=Polygon([(WEST, SOUTH), (EAST, SOUTH), (WEST, NORTH)]))
    corner = f"{EAST - 0.00001},{NORTH - 0.00001},{EAST + 0.0001},{NORTH + 0.0001}"
    assert items(client, bbox=corner)["features"] == []


@pytest.mark.parametrize(
    ("when", "count"),
    [
        ("2015-06-01", 5),
        ("2015-06-01T10:00:00Z", 5),
        ("2015-06-01/..", 5),
        ("2015-06-01t10:00:00z", 5),
        ("2015-06-01T10:00:00Z/9999-12-31T23:59:59Z", 5),
        ("../2009-01-01", 0),
        ("2015-06-01/2016-01-01", 5),
        ("2001-01-01", 0),
    ],
)
def test_core_a_time_gives_what_was_valid_then(client: Client, plots: list[Plot], when: str, count: int) -> None:
    assert items(client, datetime=when)["numberMatched"] == count


def test_core_a_plot_with_several_shapes_is_one_feature_of_an_interval(client: Client, plots: list[Plot]) -> None:
    old = plots[0].shapes.get()
    new = PlotShape(plot=plots[0], valid_from=dt.date(2026, 1, 1), system=old.system)
    for name in ("geometry", "original", "west", "south", "east", "north"):
        setattr(new, name, getattr(old, name))
    without_guards()
    PlotShape.objects.filter(pk=old.pk).update(valid_to=new.valid_from)
    new.save()
    ids = [one["id"] for one in items(client, datetime="../..", limit=1000)["features"]]
    assert ids.count(plots[0].public_id) == 1 and len(ids) == len(set(ids))


def test_core_pages_follow_each_other_without_gap_or_repetition(client: Client, plots: list[Plot]) -> None:
    body, seen = items(client, limit=3), []
    while True:
        seen += [one["id"] for one in body["features"]]
        if not rel(body, "next"):
            break
        path, _, query = rel(body, "next").partition("?")
        body = get(client, path, media="application/geo+json", **dict(part.split("=") for part in query.split("&")))
    assert seen == [plot.public_id for plot in plots[:4]]


def test_core_properties_filter(client: Client, plots: list[Plot]) -> None:
    area = Area.objects.order_by("pk")[0]
    assert [one["id"] for one in items(client, area=area.pk, block="3", number="2")["features"]] == [plots[1].public_id]
    assert items(client, "land_use", code="COMMERCIAL")["features"][0]["properties"]["name_en"] == "Commercial"
    assert items(client, "land_use", code="PRIVATE")["features"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"bbox": "1,2,3"},
        {"bbox": "a,b,c,d"},
        {"bbox": "nan,0,1,1"},
        {"bbox": "0,50,1,10"},
        {"bbox": "0,0,900,1"},
        {"datetime": "yesterday"},
        {"datetime": "2026-13-01"},
        {"datetime": "2026-01-01T00:00:00"},
        {"datetime": "2026-02-01/2026-01-01"},
        {"datetime": "2026-01-01/2026-02-01/2026-03-01"},
        {"datetime": "/".join(["2026-01-01"] * 8)},
        {"limit": "0"},
        {"limit": "x"},
        {"after": "-1"},
        {"after": "9" * 40},
        {"area": "north"},
        {"block": "3" * 31},
        {"code": "COMMERCIAL"},
        {"owner": "x"},
        {"bbox": ""},
    ],
)
def test_a_bad_parameter_is_named(client: Client, plots: list[Plot], query: dict[str, str]) -> None:
    body = get(client, "collections/plots/items", 400, **query)
    assert [one["parameter"] for one in body["errors"]] == list(query)


def test_a_limit_above_the_most_is_lowered(client: Client, plots: list[Plot]) -> None:
    assert items(client, limit=100_000)["numberReturned"] == 4


def test_what_is_not_there_is_not_found(client: Client, plots: list[Plot]) -> None:
    for path in ("collections/owners", "collections/owners/items", "collections/plots/items/none", "collections/land_use/items/x1"):
        assert get(client, path, 404)["status"] == 404


# GDAL waits for its answers without giving up Python's lock, so it reads in a process of its own.
READ_BY_GDAL = """
import json, sys, pyogrio
source, box = f"OAPIF:{sys.argv[1]}/api/ogc", [float(part) for part in sys.argv[2].split(",")]
meta, _, shapes, fields = pyogrio.raw.read(source, layer="plots")
_, _, boxed, _ = pyogrio.raw.read(source, layer="plots", bbox=tuple(box))
layers = sorted(str(name) for name, _ in pyogrio.list_layers(source))
numbers = sorted(fields[list(meta["fields"]).index("number")].tolist())
print(json.dumps([layers, meta["geometry_type"], len(shapes), numbers, len(boxed)]))
"""


@pytest.mark.django_db(transaction=True)
def test_gdal_reads_both_collections(live_server: Any, plots: list[Plot], settings: Any) -> None:
    """GDAL's driver is what QGIS and ogrinfo read with."""
    settings.PORTAL_URL = live_server.url
    call = [sys.executable, "-c", READ_BY_GDAL, live_server.url, BOX]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["land_use", "plots"], "MultiPolygon", 4, ["1", "2", "3", "4"], 1]

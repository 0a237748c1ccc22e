"""The base data of maps against the database: what lies in a tile, its addresses, and the outlines of blocks and areas."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import shapely
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from shapely.affinity import translate
from shapely.geometry import box

from municipality.kernel import clock
from municipality.places.models import Area
from tests.factories.zoning import SQUARE, PlotFactory
from zoning.geometry import measures
from zoning.maps.services import refresh_outlines
from zoning.maps.tiles import LEVELS, Tile, tile_of
from zoning.models import MapOutline, Plot

pytestmark = pytest.mark.django_db
AREAS, BLOCKS, PLOTS = LEVELS
PLACE = SQUARE.centroid
WEST, SOUTH, EAST, NORTH = SQUARE.bounds


@pytest.fixture
def area(places: None) -> Area:
    return Area.objects.order_by("pk")[0]


def address(tile: Tile) -> str:
    return f"/map-tiles/{tile.level.grid}/{tile.x}/{tile.y}.json"


def content(client: Client, tile: Tile) -> dict[str, Any]:
    response = client.get(address(tile))
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def ids(client: Client, tile: Tile) -> list[str]:
    return [feature["id"] for feature in content(client, tile)["features"]]


def test_a_plot_is_in_its_tile_and_in_no_other(client: Client, area: Area) -> None:
    plot, tile = PlotFactory(number="44B"), tile_of(PLOTS, PLACE.x, PLACE.y)
    assert content(client, tile)["features"] == [
        {"id": plot.public_id, "name": "44B", "rings": content(client, tile)["features"][0]["rings"]}
    ]
    around = [Tile(PLOTS, tile.x + x, tile.y + y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]
    assert [ids(client, one) for one in around] == [[]] * 8
    west = tile.box[0]
    on_edge = PlotFactory(number="2", shape=box(west - 0.0001, SOUTH, west + 0.0001, NORTH))
    assert on_edge.public_id in ids(client, tile) and ids(client, Tile(PLOTS, tile.x - 1, tile.y)) == [on_edge.public_id]


def test_a_turned_plot_whose_box_alone_meets_a_tile_is_not_in_it(client: Client, area: Area) -> None:
    tile = tile_of(PLOTS, PLACE.x, PLACE.y)
    east, north = tile.box[2], tile.box[3]
    corner = shapely.Polygon([(east - 0.0001, north + 0.0004), (east + 0.0004, north - 0.0001), (east + 0.0004, north + 0.0004)])
    assert corner.envelope.intersects(box(*tile.box)) and not corner.intersects(box(*tile.box))
    PlotFactory(shape=corner)
    assert ids(client, tile) == []


def test_ended_plots_are_never_drawn(client: Client, area: Area) -> None:
    today, tile = clock.today(), tile_of(PLOTS, PLACE.x, PLACE.y)
    there = PlotFactory(number="1")
    for number, ended in (("2", today), ("3", today - dt.timedelta(days=1000))):
        old = PlotFactory(number=number)
        assert old.public_id in ids(client, tile), "the control: it is drawn while it exists"
        Plot.objects.filter(pk=old.pk).update(valid_to=ended)
        cache.clear()
        assert ids(client, tile) == [there.public_id]
    there.shapes.update(valid_to=today)
    assert ids(client, tile) == [], "a shape that ended is not drawn either"


def test_far_zooms_have_no_plots(client: Client, area: Area) -> None:
    PlotFactory()
    refresh_outlines([area])
    assert ids(client, tile_of(AREAS, PLACE.x, PLACE.y)) == [str(area.pk)]
    assert ids(client, tile_of(BLOCKS, PLACE.x, PLACE.y)) == [f"{area.pk}/3"]
    (block,) = content(client, tile_of(BLOCKS, PLACE.x, PLACE.y))["features"]
    assert {"area": area.pk, "name": "3"}.items() <= block.items()


@pytest.mark.parametrize("path", ["8/1/1", "17/1/1", "16/65536/1", "16/-1/1", "16/x/1", "16/١/1", "16/1.5/1", "16/999999999999999999999/1"])
def test_bad_coordinates_get_a_sentence(client: Client, path: str) -> None:
    response = client.get(f"/map-tiles/{path}.json", headers={"accept-language": "en"})
    assert response.status_code == 400 and response["Content-Type"] == "application/problem+json"
    assert "no such tile" in response.json()["detail"] and response["Cache-Control"] == "no-store"


def test_a_tile_is_cached_until_outlines_change(client: Client, area: Area) -> None:
    PlotFactory()
    refresh_outlines([area])
    where = address(tile_of(PLOTS, PLACE.x, PLACE.y))
    first = client.get(where)
    assert first["Cache-Control"].startswith("public, max-age=") and "sessionid" not in first.cookies
    with CaptureQueriesContext(connection) as statements:
        again = client.get(where, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304 and not any("plotshape" in one["sql"] for one in statements)
    refresh_outlines([area])
    assert client.get(where, headers={"if-none-match": first["ETag"]}).status_code == 200
    assert client.get(address(tile_of(PLOTS, 48.0, 29.3)))["ETag"] != first["ETag"]


def test_a_tile_is_read_with_two_statements(client: Client, area: Area) -> None:
    for number in range(1, 20):
        PlotFactory(number=str(number), shape=translate(SQUARE, 0.0003 * number, 0))
    refresh_outlines([area])
    for level in LEVELS:
        with CaptureQueriesContext(connection) as statements:
            content(client, tile_of(level, PLACE.x, PLACE.y))
        assert len(statements) == 2, level


def test_reads_are_limited(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoning.maps.views.READS", 2)
    cache.clear()
    where = address(tile_of(PLOTS, PLACE.x, PLACE.y))
    assert [client.get(where).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/en/zoning/map.json").status_code == 429


def test_without_plots_there_is_no_edition_and_maps_stay_as_they_are(client: Client, area: Area) -> None:
    cache.clear()
    assert client.get("/en/zoning/map.json").json()["edition"] is None
    assert "on-map" not in client.get("/en/zoning/").content.decode()
    PlotFactory()
    refresh_outlines([area])
    told = client.get("/en/zoning/map.json").json()
    assert told["edition"] and "edition of" in told["credit"] and told["plots"] == "/en/plots/{id}/"
    assert "المناطق" in client.get("/ar/zoning/map.json").json()["credit"]


def test_the_outline_of_a_block_closes_its_streets_and_that_of_an_area_its_roads(area: Area) -> None:
    metre = 1 / measures.metres_per_degree(PLACE.x, PLACE.y)
    for number, (east, block) in enumerate([(0, "3"), (35, "3"), (100, "4")]):
        PlotFactory(block=block, number=str(number + 1), shape=translate(box(WEST, SOUTH, WEST + 20 * metre[0], NORTH), east * metre[0], 0))
    assert refresh_outlines([area]) == 3
    rows = {row.block: row for row in MapOutline.objects.all()}
    assert {block: row.plots for block, row in rows.items()} == {"3": 2, "4": 1, "": 3}
    assert [len(rows[block].shape.geoms) for block in ("3", "4", "")] == [1, 1, 1]
    assert measures.area_m2(rows["3"].shape) == pytest.approx(55 * (NORTH - SOUTH) / metre[1], rel=0.01), "15 m of street between them"
    Plot.objects.filter(block="4").update(valid_to=clock.today())
    assert refresh_outlines([area]) == 2


def test_an_outline_from_a_file_is_kept_and_another_area_is_not_touched(area: Area) -> None:
    other = Area.objects.order_by("pk")[1]
    PlotFactory()
    PlotFactory(area=other, shape=translate(SQUARE, 0.05, 0))
    given = SQUARE.buffer(0.01)
    refresh_outlines([area, other], {area.pk: given})
    refresh_outlines([area])
    kept = MapOutline.objects.get(area=area, block="")
    assert kept.is_given and kept.shape.symmetric_difference(given).area < 1e-9
    assert not MapOutline.objects.get(area=other, block="").is_given
    Plot.objects.filter(area=area).update(valid_to=clock.today())
    refresh_outlines([area])
    assert MapOutline.objects.get(area=area).plots == 0

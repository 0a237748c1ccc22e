"""Plots in the public API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from municipality.places.models import Area
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.models import Plot, PlotAddress

pytestmark = pytest.mark.django_db
WEST, SOUTH, EAST, NORTH = SQUARE.bounds
AROUND = SQUARE.buffer(0.02)


@pytest.fixture
def plot(rules: None) -> Plot:
    row = PlotFactory(number="12")
    PlotAddress.objects.create(plot=row, paci_number="20000001")
    make_layer("land_use", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND)
    return row


def get(client: Client, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
    response = client.get(f"/api/v1/plots/{path}", query, headers={"accept-language": "en"})
    assert response.status_code == status, response.content
    body: dict[str, Any] = json.loads(response.content)
    return body


def test_each_way_finds_the_plot(client: Client, plot: Plot) -> None:
    area = Area.objects.order_by("pk")[0].pk
    for query in (
        {"area": area, "block": "3", "number": "12"},
        {"area": area, "block": "3"},
        {"paci_number": "20000001"},
        {"near": f"{SOUTH + 0.0001:.6f},{WEST + 0.0001:.6f}"},
    ):
        assert [one["id"] for one in get(client, "", **query)["results"]] == [plot.public_id], query
    assert get(client, "", area=area, block="9")["results"] == []


def test_one_plot_says_what_its_page_says(client: Client, plot: Plot) -> None:
    body = get(client, f"{plot.public_id}/", activity="LAUN", floor="0")
    page = client.get(f"/en/plots/{plot.public_id}/?activity=LAUN&floor=0&on=").content.decode()
    (answer,) = body["answers"]
    assert (answer["outcome"], body["paci_numbers"]) == ("permitted", ["20000001"])
    assert answer["grounds"][0]["sentence_en"] in page
    assert not {"uuid", "issued_at", "owner"} & set(body)
    assert get(client, f"{plot.public_id}/", on="2001-01-01")["layers"][0]["standing"] == "no_data"


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("", {"paci_number": "12"}, "paci_number"),
        ("", {"area": "none", "block": "3"}, "area"),
        ("", {"near": "0,0"}, "near"),
        ("", {"owner": "x"}, "owner"),
        ("{id}/", {"activity": "NONE"}, "activity"),
        ("{id}/", {"activity": "LAUN", "floor": "99"}, "floor"),
        ("{id}/", {"activity": "LAUN"}, "floor"),
        ("{id}/", {"on": "2035-01-01"}, "on"),
        ("{id}/", {"on": "31/02/2026"}, "on"),
    ],
)
def test_a_bad_parameter_is_named(client: Client, plot: Plot, path: str, query: dict[str, str], parameter: str) -> None:
    body = get(client, path.format(id=plot.public_id), 400, **query)
    assert parameter in [one["parameter"] for one in body["errors"]]


def test_what_is_not_there_is_not_found(client: Client, plot: Plot) -> None:
    for number in ("00000000000000000000000000", PlotFactory(number="77", shape=None).public_id):
        assert get(client, f"{number}/", 404)["code"] == "not_found"

"""The map of the portal: its ground is the portal's own, its weight is bounded, and it needs no leave that other pages do not have."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from itertools import pairwise

import pytest
from django.conf import settings
from django.template import engines

from municipality.places.seeds import AREAS
from municipality.settings.maps import is_vector, origin_of
from tests.municipality.ui.static_files import STATIC, physical, zipped

VENDOR = STATIC / "vendor" / "leaflet"
GROUND = STATIC / "map" / "kuwait.json"
SCRIPTS = STATIC / "js" / "map.js", STATIC / "js" / "outlines.js"
MOST = 67_000  # bytes that the first page with a map may add, compressed


def test_a_map_adds_no_more_than_its_share_to_a_page() -> None:
    parts = [VENDOR / "leaflet.js", VENDOR / "leaflet.css", STATIC / "css" / "map.css", *SCRIPTS, GROUND]
    assert zipped(*parts) <= MOST
    assert zipped(GROUND) <= 12_000


def test_the_library_came_with_its_licence_and_without_a_map_of_its_source() -> None:
    assert "BSD 2-Clause" in (VENDOR / "LICENSE").read_text(encoding="utf8")
    assert "sourceMappingURL" not in (VENDOR / "leaflet.js").read_text(encoding="utf8")


def test_the_ground_is_kuwait_with_every_area_that_has_a_point() -> None:
    ground = json.loads(GROUND.read_text(encoding="utf8"))
    with AREAS.open(encoding="utf8", newline="") as lines:
        known = {row["name_ar"]: (float(row["latitude"]), float(row["longitude"])) for row in csv.DictReader(lines) if row["latitude"]}
    assert {name: (pytest.approx(lat, abs=1e-4), pytest.approx(lon, abs=1e-4)) for lat, lon, name, _en in ground["places"]} == known
    (south, west), (north, east) = ground["window"]
    homes = [shape for shape in ground["land"]["features"] if shape["properties"]["home"]]
    assert len(homes) == 1
    assert len(homes[0]["geometry"]["coordinates"]) >= 3  # the mainland and its larger islands
    for shape in ground["land"]["features"]:
        for ((*points,),) in shape["geometry"]["coordinates"]:
            assert points[0] == points[-1]
            assert all(west <= lon <= east and south <= lat <= north for lon, lat in points)


@pytest.mark.parametrize(
    ("name", "lat", "lon", "inside"),
    [
        ("a city", 29.33, 47.95, True),
        ("the gulf", 29.2, 48.6, False),
        ("the workshops of Shuwaikh", 29.335, 47.935, True),
        ("the bay off Shuwaikh", 29.40, 47.90, False),
        ("Failaka", 29.44, 48.31, True),
    ],
)
def test_a_point_lies_on_land_or_in_the_sea(name: str, lat: float, lon: float, inside: bool) -> None:
    ground = json.loads(GROUND.read_text(encoding="utf8"))
    (home,) = (shape for shape in ground["land"]["features"] if shape["properties"]["home"])
    crossed = 0
    for ((*points,),) in home["geometry"]["coordinates"]:
        for (x, y), (u, v) in pairwise(points):
            crossed += (y > lat) != (v > lat) and lon < x + (u - x) * (lat - y) / (v - y)
    assert bool(crossed % 2) is inside, name


def test_the_map_is_drawn_without_a_style_or_handler_in_its_html() -> None:
    text = engines["django"].from_string('{% map_of "rows" label small=True %}').render({"label": "a <map>"})
    assert 'data-map="rows"' in text
    assert "a &lt;map&gt;" in text
    assert "data-tiles" not in text
    assert not re.search(r"\s(style|on\w+)=", text)
    script = "".join(path.read_text(encoding="utf8") for path in SCRIPTS)
    assert not re.search(r"innerHTML|insertAdjacentHTML|setAttribute\(\"style|https?://", script), "entries are copied as nodes"


def test_tiles_are_of_a_server_that_was_set_and_that_alone_is_let_in() -> None:
    assert settings.MAP_TILES == ""
    assert settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"] == ["'self'", "data:"]
    assert origin_of("") == origin_of("/tiles/{z}/{x}/{y}.png") == ""
    assert origin_of("https://tiles.example:8443/a/{z}/{x}/{y}.png") == "https://tiles.example:8443"
    assert is_vector("https://tiles.example/kuwait.pmtiles?v=2") and is_vector("/maps/kuwait.pmtiles")
    assert not is_vector("") and not is_vector("/tiles/{z}/{x}/{y}.png")


@pytest.mark.parametrize(
    ("tiles", "img", "connect"),
    [
        ("https://tiles.example/{z}/{x}/{y}.png", ["https://tiles.example"], []),
        ("https://tiles.example/kuwait.pmtiles", [], ["https://tiles.example"]),
        ("/maps/kuwait.pmtiles", [], []),
    ],
)
def test_the_policy_lets_in_pictures_or_the_one_file_never_both(tiles: str, img: list[str], connect: list[str]) -> None:
    read = "from municipality.settings.test import CONTENT_SECURITY_POLICY as p; d = p['DIRECTIVES']; print(d['img-src'], d['connect-src'])"
    variables = {**os.environ, "MAP_TILES": tiles}
    told = subprocess.run([sys.executable, "-c", read], env=variables, cwd=STATIC.parent, capture_output=True, text=True, check=True).stdout
    sources = ["'self'", "data:", *img], ["'self'", *connect]
    assert told.strip() == " ".join(map(str, sources))


def test_the_style_of_maps_and_charts_knows_no_left_and_right() -> None:
    for name in ("map.css", "figures.css"):
        assert physical((STATIC / "css" / name).read_text(encoding="utf8")) == [], name

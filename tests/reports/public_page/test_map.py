"""The public map, its data and the figures: counts, filters, and that they agree with each other."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS
from municipality.places.models import Area
from reports.intake.services import ReportPlace
from reports.models import MapCount, Report
from reports.places import blurred
from reports.public_page import counts, figures, maps
from reports.public_page.maps import MapBox, MapFilters
from reports.triage import services as triage
from reports.triage.services.joins import ReportPart
from tests.conftest import NOON
from tests.factories import report_steps, reports

HAWALLI = MapBox(29.3, 48.0, 29.36, 48.06)
SMALL = MapBox(29.33, 48.02, 29.34, 48.03)
LATER = NOON + dt.timedelta(hours=60)


def at(step: int, **facts: Any) -> Report:
    """A report in Hawalli, some metres from the last one."""
    area = Area.objects.get(name_en="Hawalli")
    return reports.assigned(place=ReportPlace(latitude=29.3328 + step * 0.0004, longitude=48.0228, area=area), **facts)


@pytest.fixture
def five() -> list[Report]:
    """Two overdue, two closed (one of them in time), one open, and one that is hidden; of a time, LATER."""
    with clock.at(NOON):
        rows = [at(step) for step in range(4)] + [at(9)]
    report_steps.hidden(rows.pop())
    with clock.at(NOON + dt.timedelta(hours=40)):
        rows.append(at(4, category="shop"))
        report_steps.closed(rows[2])
    with clock.at(LATER):
        report_steps.closed(rows[3])
        counts.refresh()
    return rows


def get(path: str, status: int = 200) -> Any:
    with clock.at(LATER):
        response = Client().get(path)
    assert response.status_code == status, response.content.decode()[:400]
    return response


def test_squares_areas_and_points_count_the_same(five: list[Report]) -> None:
    with clock.at(LATER):
        for level in counts.LEVELS:
            found = maps.squares(HAWALLI, MapFilters(), level=level)
            assert sum(one.count for one in found) == 5 and sum(one.overdue for one in found) == 2, level
            assert sum(one.closed for one in found) == 2
        (area,) = maps.areas(MapFilters())
        assert (area.count, area.overdue, area.closed, area.open) == (5, 2, 2, 1)
        points = maps.points(SMALL, MapFilters())
        assert points is not None and {row.pk for row in points} == {row.pk for row in five}
        assert [one.count for one in maps.areas(MapFilters(category="shop"))] == [1]
        for standing, number in (("open", 1), ("overdue", 2), ("closed", 2)):
            assert sum(one.count for one in maps.areas(MapFilters(standing=standing))) == number
            assert len(maps.points(SMALL, MapFilters(standing=standing)) or []) == number


def test_the_table_is_written_anew(five: list[Report]) -> None:
    with clock.at(LATER):
        before = MapCount.objects.count()
        assert counts.refresh() == before == MapCount.objects.count()
    with clock.at(LATER + dt.timedelta(days=120)):
        assert counts.refresh() == 0 and not MapCount.objects.exists()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_map_is_a_list_without_a_script(five: list[Report], language: str) -> None:
    area = Area.objects.get(name_en="Hawalli")
    content = get(f"/{language}/reports/map/").content.decode()
    assert f"?area={area.pk}" in content and 'data-count="5"' in content and 'data-overdue="2"' in content
    assert f'href="/{language}/report/"' in content and f'href="/{language}/report/"' in get(f"/{language}/reports/").content.decode()
    content = get(f"/{language}/reports/map/?area={area.pk}").content.decode()
    assert content.count('data-tone="late"') == 2 and content.count('data-tone="ok"') == 2 and five[0].public_id in content
    content = get(f"/{language}/reports/map/?box={HAWALLI}&view=heat").content.decode()
    assert "data-heat" in content and 'data-count="' in content


def test_the_filters_are_folded_until_one_is_used(five: list[Report]) -> None:
    """Unfolded they fill the first screen of a phone, and the map begins below it."""
    area, fold = Area.objects.get(name_en="Hawalli"), '<details class="kp-card kp-find__more"'
    for query in ("", f"?area={area.pk}", f"?box={HAWALLI}", "?category=&standing="):
        assert f"{fold}>" in get(f"/en/reports/map/{query}").content.decode()
    for query, status in (("?category=waste", 200), (f"?standing=open&area={area.pk}", 200), ("?standing=x", 400)):
        assert f"{fold} open>" in get(f"/en/reports/map/{query}", status).content.decode()


def test_the_pages_need_few_queries(five: list[Report]) -> None:
    area = Area.objects.get(name_en="Hawalli")
    for query in ("", f"?area={area.pk}", f"?box={HAWALLI}", f"?box={SMALL}&category=waste&standing=open"):
        with CaptureQueriesContext(connection) as queries:
            get(f"/en/reports/map/{query}")
        others = [one["sql"] for one in queries if "rulebook_" not in one["sql"]]  # outside of a test's transaction read once
        assert len(others) + 1 <= 12, others


@pytest.mark.parametrize(
    "query", ["box=1,2,3", "box=30,48,29,49", "area=x", "category=none", "standing=none", "area=99999999999", "view=x"]
)
def test_unknown_filters_are_told(five: list[Report], query: str) -> None:
    assert "kp-errors" in get(f"/en/reports/map/?{query}", 400).content.decode()
    assert "features" not in get(f"/en/reports/map.geojson?{query}", 400).json()


def test_the_data_is_geojson_with_blurred_places(five: list[Report]) -> None:
    response = get(f"/en/reports/map.geojson?box={SMALL}")
    content = json.loads(response.content)
    assert response["Content-Type"] == "application/geo+json" and len(content["features"]) == 5
    assert {one["properties"]["standing"] for one in content["features"]} == {"open", "overdue", "closed"}
    places = {tuple(one["geometry"]["coordinates"]) for one in content["features"]}
    assert not places & {(row.longitude, row.latitude) for row in five}
    squares = json.loads(get("/en/reports/map.geojson?box=28,46,31,49").content)["features"]
    assert sum(one["properties"]["count"] for one in squares) == 5 and "number" not in squares[0]["properties"]


def test_the_edges_of_a_box_tell_no_real_place(five: list[Report]) -> None:
    row = five[0]
    north, east = blurred(row.latitude, row.longitude)
    tiny = 0.00001
    around = get(f"/en/reports/map.geojson?box={north - tiny:.6f},{east - tiny:.6f},{north + tiny:.6f},{east + tiny:.6f}")
    assert [one["properties"]["number"] for one in json.loads(around.content)["features"]] == [row.number]
    real = MapBox(row.latitude - tiny, row.longitude - tiny, row.latitude + tiny, row.longitude + tiny)
    assert json.loads(get(f"/en/reports/map.geojson?box={real}").content)["features"] == []


def test_pages_of_an_area_follow_each_other(five: list[Report], monkeypatch: Any) -> None:
    from reports.public_page import map_views

    monkeypatch.setattr(map_views, "PAGE", 2)
    area, seen, query = Area.objects.get(name_en="Hawalli"), [], ""
    for _page in range(3):
        shown = get(f"/en/reports/map/?area={area.pk}{query}").context["rows"]
        seen += [row.pk for row in shown]
        query = f"&before={shown[-1].public_id}"
    assert sorted(seen) == sorted(row.pk for row in five)


def test_the_figures_are_those_of_the_pages(five: list[Report]) -> None:
    with clock.at(LATER):
        total = figures.figures().total
        (area,) = maps.areas(MapFilters())
        labels = [get(f"/en/reports/{row.public_id}/").context["promise"].label for row in five]
    assert (total.received, total.closed, total.overdue) == (area.count, area.closed, area.overdue) == (5, 2, 2)
    assert total.in_time == sum(label.startswith("Kept") for label in labels) == 1
    assert total.overdue == sum(label.startswith("Overdue") for label in labels)
    assert total.hours == 40.0


def test_the_figures_do_not_need_the_cache(five: list[Report], settings: Any, django_assert_num_queries: Any) -> None:
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "tests.municipality.accounts.dead_cache.DeadCache"}}
    settings.PUBLIC_QUEUE_SECONDS = 60
    figures._counted_here.cache_clear()
    with pytest.raises(ConnectionError):
        cache.get(figures.KEY)  # the control
    assert get("/en/reports/figures/").context["found"].total.received == len(five)
    with clock.at(LATER), django_assert_num_queries(0):
        assert figures.figures().total.received == len(five), "not counted for each visit"
    with clock.at(LATER + dt.timedelta(seconds=61)), CaptureQueriesContext(connection) as statements:
        figures.figures()
        figures.refresh()
    assert statements, "counted anew"


def test_a_divided_report_counts_once_and_open_data_link_its_parts(drawn: Any) -> None:
    with clock.at(NOON):
        report = reports.assigned()
        parts = triage.split(report=report, inspector=drawn, parts=[ReportPart("waste", "x"), ReportPart("hazard", "y")])
        counts.refresh()
        assert figures.count().total.received == sum(cluster.count for cluster in maps.areas(MapFilters())) == 1
        rows = [dict(zip(OPEN_SETS["reports"].names, row, strict=True)) for row in OPEN_SETS["reports"].rows(NOON.date())]
    assert {row["id"]: row["part_of"] for row in rows} == {report.public_id: None} | {part.public_id: report.public_id for part in parts}


def test_small_numbers_are_hidden(five: list[Report]) -> None:
    with clock.at(LATER):
        lines = {line.key: line for line in figures.figures().lines["category"]}
    assert lines["waste"].shown[0] is None and lines["shop"].shown[0] is None  # 4 and 1
    content = get("/en/reports/figures/").content.decode()
    assert "fewer than 5" in content and "How it is counted" in content


def test_reports_without_an_area_are_a_line_of_the_list() -> None:
    with clock.at(NOON):
        reports.received(place=ReportPlace(latitude=29.1, longitude=47.9))
        counts.refresh()
    assert "Area not known: 1 report" in " ".join(get("/en/reports/map/").content.decode().split())
    assert "Area not known" not in get("/en/reports/map/?category=shop").content.decode()


def test_an_empty_portal_has_an_empty_map_and_figures() -> None:
    for page in ("map/", "figures/", ""):
        for language in ("ar", "en"):
            assert "data-count" not in get(f"/{language}/reports/{page}").content.decode()

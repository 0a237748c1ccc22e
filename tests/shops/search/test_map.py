"""The map of shops: clusters far out, shops near by, the same list beside it, and never more than a page can hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shops.models import Shop
from shops.search import index, map
from shops.search.box import MAX_CELLS, Box, cell_words
from shops.search.engines import WINDOW
from shops.search.queries import SearchQuery

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]
SALMIYA, JAHRA = (29.3340, 48.0760), (29.3375, 47.6581)
TOWN = Box(29.30, 48.05, 29.36, 48.10)


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    cache.clear()


@pytest.fixture
def spread(make_shop: Make) -> list[Shop]:
    """Five shops in one place, two far away, one without a place."""
    made = [make_shop(latitude=SALMIYA[0] + n / 1000, longitude=SALMIYA[1]) for n in range(5)]
    made += [make_shop(latitude=JAHRA[0], longitude=JAHRA[1] + n / 1000) for n in range(2)]
    made.append(make_shop())
    index.recount()
    return made


def test_far_out_the_map_shows_how_many_lie_together(spread: list[Shop]) -> None:
    seen = map.map_content(SearchQuery())
    assert sorted(cluster.count for cluster in seen.clusters) == [2, 5] and seen.count == 7 and not seen.answer.hits
    first = seen.clusters[0]
    assert first.count == 5 and abs(first.latitude - 29.336) < 0.01 and abs(first.longitude - 48.076) < 0.01
    assert first.around is not None and first.around.name_ar == "السالمية"


def test_no_two_clusters_have_the_same_name(spread: list[Shop], make_shop: Make) -> None:
    for north, east in ((30.00, 47.70), (30.08, 47.60), (29.98, 47.85)):
        make_shop(latitude=north, longitude=east)
    index.recount()
    clusters = map.map_content(SearchQuery()).clusters
    assert len({cluster.around for cluster in clusters}) == len(clusters) == 3
    assert [cluster.count for cluster in clusters] == [5, 3, 2]
    within = map.map_content(SearchQuery(box=clusters[1].box)).clusters
    assert len(within) == 3, "the squares of one area stay apart"


def test_each_cluster_leads_to_the_shops_it_counted(spread: list[Shop]) -> None:
    clusters = map.map_content(SearchQuery()).clusters
    assert len(clusters) == 2
    for cluster in clusters:
        near = map.map_content(SearchQuery(box=cluster.box))
        assert len(near.answer.hits) == cluster.count and near.clusters == []


def test_near_by_only_what_lies_in_the_box_is_shown(spread: list[Shop]) -> None:
    seen = map.map_content(SearchQuery(box=TOWN))
    assert {hit.shop_id for hit in seen.answer.hits} == {shop.pk for shop in spread[:5]}
    half = map.map_content(SearchQuery(box=TOWN._replace(south=SALMIYA[0] + 0.0015)))
    assert {hit.shop_id for hit in half.answer.hits} == {shop.pk for shop in spread[2:5]}


def test_a_question_holds_on_the_map_as_in_the_list(spread: list[Shop], make_shop: Make) -> None:
    other = make_shop(name_ar="مصبغة الفجر", name_en="Al-Fajr Laundry", activity_id="BARB", latitude=SALMIYA[0], longitude=SALMIYA[1])
    assert [hit.shop_id for hit in map.map_content(SearchQuery(text="الفجر")).answer.hits] == [other.pk]
    assert [hit.shop_id for hit in map.map_content(SearchQuery(activity="BARB", box=TOWN)).answer.hits] == [other.pk]
    assert map.map_content(SearchQuery(text="الفجر", box=Box(*JAHRA, 29.40, 47.70))).answer.hits == []


def test_a_wide_part_of_the_map_is_gathered_again(spread: list[Shop]) -> None:
    west = Box(29.0, 47.0, 29.6, 47.9)
    assert cell_words(west) == [] and [cluster.count for cluster in map.map_content(SearchQuery(box=west)).clusters] == [2]
    assert len(cell_words(Box(29.30, 48.00, 29.415, 48.115))) == MAX_CELLS


def test_there_are_never_more_clusters_than_the_grid_and_never_more_shops_than_are_compared(
    make_shop: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [(2850 + n, 4650 + m, 40) for n in range(150) for m in range(180)]
    monkeypatch.setattr(map, "counted_cells", lambda: cells)
    seen = map.map_content(SearchQuery())
    assert len(seen.clusters) <= 121 and seen.count == len(cells) * 40  # a grid that begins in the middle of a square has one more
    for _ in range(3):
        make_shop(latitude=SALMIYA[0], longitude=SALMIYA[1])
    monkeypatch.setattr("shops.search.queries.WINDOW", 2)
    near = map.map_content(SearchQuery(box=TOWN))
    assert len(near.answer.hits) == 2 and near.answer.is_more and WINDOW == 200


def test_page_and_list_say_the_same_and_keep_the_question(client: Client, spread: list[Shop]) -> None:
    whole = client.get("/en/shops/map/").content.decode()
    assert whole.count('data-count="') == 2 and "Around Salmiya: about 5 shops" in whole
    address = re.search(r'<a href="(\?box=[^"]+)">Around Salmiya', whole)
    assert address is not None
    near = client.get(f"/en/shops/map/{address[1].replace('&amp;', '&')}").content.decode()
    assert near.count("<li data-lat=") == 5 and "Whole map" in near
    asked = client.get("/en/shops/", {"q": "mouj", "activity": "WSAL"}).content.decode()
    assert "/en/shops/map/?q=mouj&amp;activity=WSAL" in asked
    found = client.get("/en/shops/map/", {"q": "mouj", "activity": "WSAL"}).content.decode()
    assert "/en/shops/?q=mouj&amp;activity=WSAL" in found and "no place on the map" in found


@pytest.mark.parametrize("box", ["x", "1,2,3", "29.4,48,29.3,48.1", "29.3,48.1,29.4,48.0", "١,٢,٣,", "1e9,0,1,1", "'" * 80])
def test_a_part_of_the_map_that_is_none_says_what_to_do(client: Client, spread: list[Shop], box: str) -> None:
    page = client.get("/en/shops/map/", {"q": "mouj", "box": box})
    assert page.status_code == 200 and "Begin with the whole map" in page.content.decode()


def test_statements_do_not_grow_with_what_stands_on_the_map(client: Client, make_shop: Make) -> None:
    counts: dict[str, list[int]] = {"": [], str(TOWN): []}
    for more in (1, 30):
        for _ in range(more):
            make_shop(latitude=SALMIYA[0], longitude=SALMIYA[1])
        index.recount()
        for box, found in counts.items():
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/ar/shops/map/", {"box": box} if box else {}).status_code == 200
            found.append(len(queries))
    assert all(first == second <= 12 for first, second in counts.values()), counts


def test_a_client_that_asks_without_end_is_told_to_wait(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from shops.search.views import map as page

    monkeypatch.setattr(page, "SEARCHES", 2)
    answers: list[Any] = [client.get("/ar/shops/map/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]

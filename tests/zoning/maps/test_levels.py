"""The three levels of the map as lists: without a script, links lead from all areas to the page of a plot."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from shapely.affinity import translate

from municipality.places.models import Area
from tests.factories.zoning import SQUARE, PlotFactory
from zoning.maps.services import refresh_outlines
from zoning.models import Plot

pytestmark = pytest.mark.django_db


@pytest.fixture
def plot(places: None) -> Plot:
    """Plot 7 of block 3; block 12 has three plots."""
    row = PlotFactory(number="7")
    for number in range(1, 4):
        PlotFactory(block="12", number=str(number), shape=translate(SQUARE, 0.001 * number, 0.001))
    refresh_outlines([row.area])
    return row


def entries(client: Client, path: str, status: int = 200) -> list[tuple[str, str]]:
    """The links of the list beside the map with their words."""
    response = client.get(path.replace("&amp;", "&"))
    assert response.status_code == status
    (listed,) = re.findall(r'<ul class="kp-zone__plots" id="places">(.*?)</ul>', response.content.decode(), re.S)
    return [(re.sub(r"<[^>]+>", "", words).strip(), link) for link, words in re.findall(r'<a href="([^"]+)">(.*?)</a>', listed, re.S)]


@pytest.mark.parametrize("language", ["ar", "en"])
def test_links_lead_from_all_areas_to_the_plot(client: Client, plot: Plot, language: str) -> None:
    ((name, to_area),) = entries(client, f"/{language}/zoning/")
    assert name == getattr(plot.area, f"name_{language}")
    blocks = entries(client, to_area)
    assert [words.split()[-1] for words, _ in blocks] == ["3", "12"], "by number"
    ((words, to_plot),) = entries(client, f"/{language}/zoning/?area={plot.area_id}&block=12")[:1]
    assert words.endswith("1") and client.get(to_plot).status_code == 200
    assert client.get(blocks[0][1].replace("&amp;", "&"))["Location"] == f"/{language}/plots/{plot.public_id}/", "a block of one plot"


def test_an_area_without_plots_says_so_and_a_block_without_plots_shows_all_areas(client: Client, plot: Plot) -> None:
    other = Area.objects.order_by("pk")[1]
    assert "may not be in the portal yet" in client.get(f"/en/zoning/?area={other.pk}").content.decode()
    text = client.get(f"/en/zoning/?area={plot.area_id}&block=99").content.decode()
    assert "No plot was found" in text and "Areas with plots" in text


@pytest.mark.parametrize("query", ["area=x", "area=999999", "area=", "block=3", "area={area}&block="])
def test_what_is_no_level_gets_its_error(client: Client, plot: Plot, query: str) -> None:
    text = client.get("/en/zoning/?" + query.format(area=plot.area_id))
    assert text.status_code == 400 and "kp-errors" in text.content.decode()


def test_each_level_is_read_with_twelve_statements(client: Client, plot: Plot) -> None:
    for query in ("", f"?area={plot.area_id}", f"?area={plot.area_id}&block=12"):
        with CaptureQueriesContext(connection) as statements:
            client.get(f"/en/zoning/{query}")
        assert len(statements) <= 12, query


def test_the_page_of_a_plot_leads_to_the_map_of_its_block(client: Client, plot: Plot) -> None:
    text = client.get(f"/en/plots/{plot.public_id}/").content.decode()
    assert f"/en/zoning/?area={plot.area_id}&amp;block=3#on-map" in text and 'data-map="place"' in text
    bare = PlotFactory(number="99", shape=None)
    assert 'data-map="place"' not in client.get(f"/en/plots/{bare.public_id}/").content.decode()

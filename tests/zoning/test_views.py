"""The pages: finding a plot in every way, what stands on its page, and the answer to a question."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from shapely.affinity import translate
from shapely.geometry import box

from municipality.kernel import clock
from municipality.places.models import Area
from tests.factories.zoning import SQUARE, PlotFactory, make_layer, repeal_layer
from tests.serving import cache_names
from zoning.geometry import measures
from zoning.models import Layer, Plot, PlotAddress
from zoning.plots.summary import summary

pytestmark = pytest.mark.django_db
WEST, SOUTH, EAST, NORTH = SQUARE.bounds
AROUND = SQUARE.buffer(0.02)


@pytest.fixture
def plot(rules: None) -> Plot:
    """A commercial plot; schools are known all around, the nearest one some 180 m away."""
    row = PlotFactory(number="12")
    PlotAddress.objects.create(plot=row, paci_number="20000001")
    make_layer("land_use", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND)
    make_layer("schools", ("school", translate(SQUARE, 0.0021, 0)), kind="objects", covers=AROUND)
    return row


def page(client: Client, path: str, status: int = 200, **query: Any) -> str:
    response = client.get(path, query)
    assert response.status_code == status, (path, query, response.status_code)
    return response.content.decode()


def asked(client: Client, row: Plot, activity: str, floor: str = "0", on: str = "", language: str = "en") -> str:
    return page(client, f"/{language}/plots/{row.public_id}/", activity=activity, floor=floor, on=on)


def test_every_way_leads_to_the_same_address(client: Client, plot: Plot) -> None:
    area = Area.objects.order_by("pk")[0]
    for query in (
        {"area": area.pk, "block": "٣", "number": "١٢"},
        {"paci_number": "٢٠٠٠٠٠٠١"},
        {"q": "٢٠٠٠٠٠٠١"},
        {"near": f"{SOUTH + 0.0001:.6f},{WEST + 0.0001:.6f}"},
    ):
        response = client.get("/ar/zoning/", query)
        assert (response.status_code, response["Location"]) == (302, f"/ar/plots/{plot.public_id}/"), query


def test_the_present_plot_of_a_number_is_opened_though_an_ended_one_had_it(client: Client, rules: None) -> None:
    ended = PlotFactory(number="44", valid_to=dt.date(2020, 3, 1))
    query = {"area": ended.area_id, "block": "3", "number": "44"}
    assert client.get("/en/zoning/", query)["Location"] == f"/en/plots/{ended.public_id}/"
    present = PlotFactory(number="44", valid_from=dt.date(2020, 3, 1))
    assert client.get("/en/zoning/", query)["Location"] == f"/en/plots/{present.public_id}/"


def test_a_block_is_listed_and_nothing_found_is_said(client: Client, plot: Plot) -> None:
    other = PlotFactory(number="5", shape=translate(SQUARE, 0.01, 0))
    area = Area.objects.order_by("pk")[0]
    found = page(client, "/en/zoning/", area=area.pk, block="3")
    assert found.index(other.public_id) < found.index(plot.public_id)
    assert "No plot was found" in page(client, "/en/zoning/", area=area.pk, block="3", number="999")


@pytest.mark.parametrize(
    "query",
    [
        {"q": "x" * 500},
        {"area": "x", "block": "1"},
        {"area": "999999", "block": "1"},
        {"near": "1,1"},
        {"near": "ا"},
        {"block": "1"},
    ],
)
def test_bad_input_gets_a_sentence_and_keeps_what_was_typed(client: Client, plot: Plot, query: dict[str, str]) -> None:
    assert "kp-errors" not in page(client, "/en/zoning/")
    typed = next(iter(query.values()))
    for language in ("ar", "en"):
        text = page(client, f"/{language}/zoning/", 400, **query)
        assert "kp-errors" in text and (not typed.isdecimal() or len(typed) > 4 or f'value="{typed}"' in text)


def test_a_permitted_use_names_article_and_rules(client: Client, plot: Plot) -> None:
    text = asked(client, plot, "LAUN")
    assert "is-permitted" in text and "article 38" in text and "MD 206/2009" in text


def test_what_comes_next_leads_to_the_health_licence_of_this_place_or_to_the_food_authority(client: Client, plot: Plot) -> None:
    address = f"/en/plots/{plot.public_id}/"
    text = page(client, address, activity="LAUN", floor="0")
    assert f"/en/health-licence/new/?activity=LAUN&amp;area={plot.area_id}&amp;block=3&amp;plot=12&amp;floor=0" in text
    food = page(client, address, activity="GROC", floor="0")
    assert "Licence of the food authority" in food and "/health-licence/new/" not in food
    assert "What comes next" not in page(client, address, activity="WSAL", floor="0"), "the school is too near"
    assert "What comes next" not in page(client, address, activity="LAUN", floor="0", on="2026-10-01")


def test_a_school_too_near_refuses_with_the_measured_metres(client: Client, plot: Plot) -> None:
    text = asked(client, plot, "WSAL")
    assert "is-not_permitted" in text and "less than the 200 m" in text and "184." in text
    assert "غير مسموح" in asked(client, plot, "WSAL", language="ar")


def test_without_a_layer_the_answer_is_no_data(client: Client, plot: Plot) -> None:
    assert "is-permitted" in asked(client, plot, "LAUN")
    repeal_layer("land_use", dt.date(2011, 1, 1))
    text = asked(client, plot, "LAUN")
    assert "is-no_data" in text and "neither a yes nor a no" in text and "is-permitted" not in text


def test_a_split_plot_shows_both_parts_with_their_shares(client: Client, rules: None) -> None:
    row = PlotFactory()
    cut = WEST + 0.63 * (EAST - WEST)
    halves = ("COMMERCIAL", box(WEST, SOUTH, cut, NORTH)), ("PRIVATE", box(cut, SOUTH, EAST, NORTH))
    make_layer("land_use", *halves, kind="land_use", covers=AROUND)
    text = page(client, f"/en/plots/{row.public_id}/")
    assert "63.0%" in text and "37.0%" in text
    whole = measures.area_m2(SQUARE)
    said = f"measured from the plan, <bdi>{whole:.1f}</bdi> m² in all. The official area is <bdi>400.00</bdi> m²."
    shown = [float(one) for one in re.findall(r"<bdi>([0-9.]+)</bdi>&nbsp;m² · <bdi>[0-9.]+%</bdi>", text)]
    assert said in text and sum(shown) == pytest.approx(whole, abs=0.2)
    Plot.objects.filter(pk=row.pk).update(official_area=round(100 * whole))
    assert "m² in all" not in page(client, f"/en/plots/{row.public_id}/")
    assert "is-not_permitted" in asked(client, row, "LAUN")


def test_another_day_has_its_own_answer(client: Client, plot: Plot) -> None:
    repeal_layer("land_use", dt.date(2026, 3, 1))
    make_layer("land_use", ("PRIVATE", AROUND), kind="land_use", covers=AROUND, valid_from=dt.date(2026, 3, 1))
    then = BeautifulSoup(asked(client, plot, "LAUN", on="2026-02-28"), "html.parser").select_one("#answer")
    assert then is not None and "is-permitted" in then["class"] and then.select_one(".kp-answer__head time[datetime='2026-02-28']")
    now = then.select_one("p a[href$='#answer']")
    assert now is not None and (now.get_text(), "on=" in now["href"]) == ("Not permitted", False)
    assert "is-not_permitted" in asked(client, plot, "LAUN", on="2026-03-01")
    assert "of today:" not in asked(client, plot, "LAUN")
    assert "is-no_data" in asked(client, plot, "LAUN", on="1990-01-01")


@pytest.mark.parametrize(
    "question",
    [{"activity": "NONE", "floor": "0"}, {"activity": "", "floor": "99"}, {"activity": "WSAL", "floor": "0", "on": "31/02/2026"}],
)
def test_a_question_that_is_none_gets_its_errors(client: Client, plot: Plot, question: dict[str, str]) -> None:
    assert "is-permitted" not in page(client, f"/ar/plots/{plot.public_id}/", 400, **question)


def test_a_day_before_the_plot_is_named(client: Client, plot: Plot) -> None:
    assert "did not exist yet" in asked(client, plot, "LAUN", on="2005-01-01")
    assert "did not exist yet" not in asked(client, plot, "LAUN", on="2026-01-01")


def test_what_will_apply_is_not_asked_for(client: Client, plot: Plot) -> None:
    question = {"activity": "LAUN", "floor": "0", "on": "2027-01-01"}
    assert "Choose today or an earlier day." in page(client, f"/en/plots/{plot.public_id}/", 400, **question)


def test_a_parameter_of_another_site_asks_nothing(client: Client, plot: Plot) -> None:
    assert "kp-errors" not in page(client, "/ar/zoning/", fbclid="x", utm_source="message")


def test_a_part_of_the_plot_is_named_with_its_share(client: Client, plot: Plot) -> None:
    cut = WEST + 0.05 * (EAST - WEST)
    make_layer("road", ("road", box(WEST, SOUTH, cut, NORTH)), covers=AROUND)
    text = page(client, f"/en/plots/{plot.public_id}/")
    assert "5.0%" in text and text.count("It does not change the answer on activities") == 1, "land use does"


def test_each_layer_that_applies_has_its_map_which_is_drawn_when_it_is_opened(client: Client, plot: Plot) -> None:
    make_layer("road", ("road", box(WEST, SOUTH, WEST + 0.00005, NORTH)), covers=AROUND, valid_from=dt.date(2020, 1, 1))
    make_layer("heritage", covers=AROUND)
    shown = BeautifulSoup(page(client, f"/en/plots/{plot.public_id}/"), "html.parser")
    maps = [str(one["src"]) for one in shown.select("details.kp-cut:not([open]) img[loading=lazy]")]
    assert maps == [f"/en/plots/{plot.public_id}/layers/{code}.svg" for code in ("land_use", "road")]
    answer = client.get(maps[1])
    drawn = fromstring(answer.content)
    paths = drawn.findall("{http://www.w3.org/2000/svg}path[@fill-opacity]")
    assert (answer["Content-Type"], len(paths)) == ("image/svg+xml", 1) and drawn.get("aria-label")
    assert drawn.findtext("{http://www.w3.org/2000/svg}text") == "20 m"
    for wrong in ("heritage.svg", "schools.svg", "none.svg", "road.svg?on=2019-12-31", "road.svg?on=2030-01-01", "road.svg?on=x"):
        assert client.get(f"/en/plots/{plot.public_id}/layers/{wrong}").status_code == 404, wrong
    then = BeautifulSoup(asked(client, plot, "LAUN", on="2020-05-01"), "html.parser").select("details.kp-cut img")
    assert [client.get(str(one["src"])).status_code for one in then] == [200, 200] and "?on=2020-05-01" in str(then[0])


def test_a_layer_that_does_not_cover_the_plot_has_no_period_there(client: Client, plot: Plot) -> None:
    make_layer("power_line", ("line", translate(SQUARE, 0.1, 0)), covers=translate(SQUARE, 0.1, 0))
    make_layer("heritage", ("house", translate(SQUARE, 0.1, 0)), covers=box(WEST - 0.1, SOUTH - 0.1, (WEST + EAST) / 2, NORTH + 0.1))
    text = page(client, f"/en/plots/{plot.public_id}/")
    assert "does not cover this plot" in text and "does not cover all of this plot" in text
    assert text.count("in force since") == 1, "of land use alone"


def test_what_changes_of_a_layer_that_does_not_apply_is_seen_at_once(client: Client, plot: Plot) -> None:
    make_layer("heritage", ("house", translate(SQUARE, 0.1, 0)), covers=AROUND)
    assert "A museum" not in page(client, f"/en/plots/{plot.public_id}/")
    Layer.objects.filter(pk="heritage").update(office_en="A museum", absence_en="No house here is old.")
    text = page(client, f"/en/plots/{plot.public_id}/")
    assert "A museum" in text and "No house here is old." in text
    assert "A museum" not in page(client, f"/ar/plots/{plot.public_id}/")


def test_a_plot_without_a_shape_says_so_and_is_no_error(client: Client, rules: None) -> None:
    text = asked(client, PlotFactory(shape=None), "LAUN")
    assert "The plan of this plot is not in the portal" in text and "kp-plan" not in text and "No layer is known" not in text


def test_an_answered_page_reads_with_nine_statements(client: Client, plot: Plot) -> None:
    asked(client, plot, "WSAL")
    with CaptureQueriesContext(connection) as statements:
        asked(client, plot, "WSAL")
    # A published edition is read once in a process; a test's transaction keeps none.
    assert len([one for one in statements if "rulebook_ruleset" not in one["sql"] and '"ruleset_id" =' not in one["sql"]]) <= 9


def test_the_page_shows_by_rules_that_are_kept_for_a_minute(client: Client, plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    cache_names(monkeypatch)
    with CaptureQueriesContext(connection) as of_page:
        page(client, f"/en/plots/{plot.public_id}/")
    with CaptureQueriesContext(connection) as of_extract:
        summary(plot, clock.today())  # the control: what decides by the rules, such as an extract, asks which are in force
    assert not any('"published_at" IS NOT NULL' in one["sql"] for one in of_page)
    assert any('"published_at" IS NOT NULL' in one["sql"] for one in of_extract)


def test_building_limits_stand_with_their_figures(client: Client, plot: Plot) -> None:
    """Of investment housing: 250 % of the part, and one floor after 3 m on every side."""
    repeal_layer("land_use", dt.date(2011, 1, 1))
    make_layer("land_use", ("INVESTMENT", AROUND), covers=AROUND, valid_from=dt.date(2011, 1, 1))
    text = page(client, f"/en/plots/{plot.public_id}/")
    whole = 19.41 * 22.17  # metres of the square
    assert "is-inner" in text
    for figure in ("250%", f"{whole * 2.5:,.0f}", f"{(19.41 - 6) * (22.17 - 6):,.0f}"):
        assert figure in text, figure


def test_a_split_plot_has_the_limits_of_both_parts(client: Client, plot: Plot) -> None:
    repeal_layer("land_use", dt.date(2011, 1, 1))
    middle = (WEST + EAST) / 2
    halves = (("INVESTMENT", box(WEST, SOUTH, middle, NORTH)), ("COMMERCIAL", box(middle, SOUTH, EAST, NORTH)))
    make_layer("land_use", *halves, covers=AROUND, valid_from=dt.date(2011, 1, 1))
    text = page(client, f"/en/plots/{plot.public_id}/")
    assert text.count("Building ratio") == 2
    assert "is-inner" not in text  # which part a setback belongs to is not known


def test_without_rules_there_are_no_limits(client: Client, plot: Plot) -> None:
    assert "Building limits" in page(client, f"/en/plots/{plot.public_id}/")
    repeal_layer("land_use", dt.date(2010, 6, 1))
    assert "Building limits" not in page(client, f"/en/plots/{plot.public_id}/")

"""Where an activity may open: the outcome of every plot equals the answer on its page."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.test import Client
from shapely.affinity import translate
from shapely.geometry import box

from municipality.kernel import clock
from municipality.places.models import Area
from tests.factories.zoning import SQUARE, PlotFactory, make_layer, repeal_layer
from zoning.answer import queries, survey
from zoning.answer.queries import ActivityQuestion
from zoning.geometry import shapes
from zoning.layers import queries as layers
from zoning.models import LayerFeature, LayerVersion, Plot, PlotShape

pytestmark = pytest.mark.django_db
WEST, SOUTH, EAST, NORTH = SQUARE.bounds
WIDE = EAST - WEST


@pytest.fixture
def plots(rules: None) -> list[Plot]:
    """A row of plots over three classes of land, with data for most of them, a school, a mosque and a power line nobody surveyed."""
    rows = [PlotFactory(number=str(n + 1), block=str(n % 3 + 1), shape=translate(SQUARE, n * WIDE, 0)) for n in range(24)]
    ends = [WEST + share * 24 * WIDE for share in (0, 0.26, 0.52, 0.83)]
    classes = ("COMMERCIAL", "INVESTMENT", "PRIVATE")
    surfaces = [(code, box(ends[n], SOUTH - 0.01, ends[n + 1], NORTH + 0.01)) for n, code in enumerate(classes)]
    known = box(WEST - 0.01, SOUTH - 0.02, WEST + 20.4 * WIDE, NORTH + 0.02)
    make_layer("land_use", *surfaces, kind="land_use", covers=known)
    around = box(WEST - 0.01, SOUTH - 0.02, WEST + 18 * WIDE, NORTH + 0.02)
    make_layer("schools", ("schools", translate(SQUARE, 3.4 * WIDE, WIDE * 4)), kind="objects", covers=around)
    make_layer("mosques", ("mosques", translate(SQUARE, 12 * WIDE, WIDE * 3)), kind="objects", covers=around)
    return rows


@pytest.mark.parametrize("activity", ["WSAL", "LAUN", "REST", "GYMM", "CARG", "BARB"])
@pytest.mark.parametrize("floor", [0, 1, 3, -1])
def test_it_equals_the_answer_of_each_plot(plots: list[Plot], activity: str, floor: int) -> None:
    today, question, catalogue = clock.today(), ActivityQuestion(activity, floor), layers.catalogue()
    found = {one.public_id: one.outcome for one in survey.of_area(plots[0].area, question, today)}
    edition = queries.rules_on(today)
    one_by_one = {}
    for shape in PlotShape.objects.select_related("plot"):
        findings = layers.findings(shape.shape, today, catalogue)
        one_by_one[shape.plot.public_id] = queries.ask(shape.shape, findings, edition, question, today).answer.outcome
    assert found == one_by_one


def test_it_equals_each_answer_over_a_gap_and_slivers_of_one_class(rules: None) -> None:
    rows = [PlotFactory(number=str(n + 1), shape=translate(SQUARE, n * WIDE, 0)) for n in range(3)]
    low, high, metre = SOUTH - 0.01, NORTH + 0.01, WIDE / 19.41
    slivers = [("PRIVATE", box(WEST - metre, SOUTH + n * 2 * metre, WEST + 0.4 * metre, SOUTH + (n * 2 + 1) * metre)) for n in range(2)]
    surfaces = [("COMMERCIAL", box(WEST, low, WEST + 1.4 * WIDE, high)), ("COMMERCIAL", box(WEST + 2 * WIDE, low, WEST + 3 * WIDE, high))]
    version = make_layer("land_use", kind="land_use", covers=SQUARE.buffer(0.02), status="pending")
    for number, (code, shape) in enumerate([*surfaces, *slivers]):
        feature = LayerFeature(version=version, code=code, label_ar=f"اسم {number}", label_en=f"Name {number}")
        feature.put(shapes.take(shape, "wgs84"), "wgs84")
        feature.save()
    LayerVersion.objects.filter(pk=version.pk).update(status="in_force")
    today, question, edition = clock.today(), ActivityQuestion("LAUN", 0), queries.rules_on(clock.today())
    found = {one.public_id: one.outcome for one in survey.of_area(rows[0].area, question, today)}
    one_by_one = {
        shape.plot.public_id: queries.ask(
            shape.shape, layers.findings(shape.shape, today, layers.catalogue()), edition, question, today
        ).answer.outcome
        for shape in PlotShape.objects.select_related("plot")
    }
    assert found == one_by_one and [found[row.public_id] for row in rows] == ["not_permitted", "no_data", "permitted"]


def test_the_sample_has_every_outcome(plots: list[Plot]) -> None:
    """The comparison above would say little of plots that are all alike."""
    today = clock.today()
    seen: Counter[str] = Counter()
    for activity in ("WSAL", "LAUN", "REST", "GYMM", "CARG", "BARB"):
        seen += Counter(one.outcome for one in survey.of_area(plots[0].area, ActivityQuestion(activity, 0), today))
    assert set(seen) == {"permitted", "conditional", "not_permitted", "no_data"}


def test_without_data_or_rules_nothing_is_permitted(plots: list[Plot]) -> None:
    """The red control: land without a layer is no yes."""
    repeal_layer("land_use", dt.date(2010, 6, 1))
    found = survey.of_area(plots[0].area, ActivityQuestion("LAUN", 0), clock.today())
    assert {one.outcome for one in found} == {"no_data"}


def test_the_page_leads_from_the_area_to_the_block_to_the_plot(client: Client, plots: list[Plot]) -> None:
    area = Area.objects.order_by("pk")[0]
    asked = {"activity": "LAUN", "floor": "0", "area": str(area.pk)}
    page = client.get("/en/zoning/where/", asked).content.decode()
    assert "block=1" in page
    assert "· block" not in page
    assert 'data-tone="some" data-mark="' in page and 'data-label="Block 1"' in page
    block = client.get("/en/zoning/where/", {**asked, "block": "1"}).content.decode()
    assert f"/en/plots/{plots[0].public_id}/?activity=LAUN&amp;floor=0&amp;on=" in block
    assert plots[1].public_id not in block
    assert '· block <bdi dir="ltr">1</bdi>' in block
    assert "is-permitted" in client.get(f"/en/plots/{plots[0].public_id}/?activity=LAUN&floor=0&on=").content.decode()


@pytest.mark.parametrize("query", [{"activity": "LAUN", "floor": "0"}, {"activity": "", "floor": "x", "area": "none"}])
def test_a_question_that_is_none_gets_its_errors(client: Client, plots: list[Plot], query: dict[str, str]) -> None:
    assert client.get("/ar/zoning/where/", query).status_code == 400


def test_an_area_without_plots_says_so(client: Client, plots: list[Plot]) -> None:
    area = Area.objects.order_by("-pk")[0]
    page = client.get("/en/zoning/where/", {"activity": "LAUN", "floor": "0", "area": str(area.pk)}).content.decode()
    assert "has no plots" in page


def test_the_shares_of_a_block_fill_its_bar(plots: list[Plot]) -> None:
    blocks = survey.by_block(survey.of_area(plots[0].area, ActivityQuestion("WSAL", 0), clock.today()))
    assert len(blocks) == 3
    for one in blocks:
        ends = [start + width for _, start, width in one.bars]
        assert ends[-1] == pytest.approx(100) and [start for _, start, _ in one.bars] == pytest.approx([0, *ends[:-1]])
        assert {outcome for outcome, _, _ in one.bars} == set(one.counts)


@pytest.mark.parametrize(
    ("counts", "mark"),
    [
        ({"permitted": 12}, ("ok", "")),
        ({"permitted": 4, "not_permitted": 20}, ("some", "4/24")),
        ({"permitted": 1, "conditional": 3}, ("some", "1/4")),
        ({"conditional": 2}, ("warn", "")),
        ({"conditional": 1, "no_data": 1}, ("warn", "1/2")),
        ({"no_data": 1, "not_permitted": 1}, ("wait", "")),
        ({"not_permitted": 5}, ("bad", "")),
    ],
)
def test_only_a_block_with_all_its_plots_permitted_has_the_tick(counts: dict[str, int], mark: tuple[str, str]) -> None:
    assert survey.BlockOutcome("1", counts, 0, 0).mark == mark

"""The drawing of a distance rule is to scale: the way has the measured length, and the limit lies at the distance of the rule."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from shapely.affinity import translate
from shapely.geometry import LineString, Polygon

from municipality.kernel import clock
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.answer.drawing import DistanceDrawing, distances
from zoning.answer.queries import ActivityQuestion
from zoning.models import Plot
from zoning.plots.summary import summary

pytestmark = pytest.mark.django_db
AROUND = SQUARE.buffer(0.02)


def plot_near_a_school(east: float) -> Plot:
    row = PlotFactory()
    make_layer("land_use", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND)
    make_layer("schools", ("school", translate(SQUARE, east, 0)), kind="objects", covers=AROUND)
    return row


def drawings(row: Plot, activity: str = "WSAL") -> list[DistanceDrawing]:
    found = summary(row, clock.today(), ActivityQuestion(activity, 0))
    assert found.shape is not None and found.answer is not None
    return list(distances(found.shape.shape, found.answer))


def points(path: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_the_way_has_the_measured_length_and_the_limit_lies_at_that_of_the_rule(rules: None) -> None:
    (one,) = drawings(plot_near_a_school(0.0021))
    assert 150 < one.metres < 200 and one.least == 200
    assert LineString(points(one.way)).length == pytest.approx(one.metres, abs=0.5)
    plot, limit = Polygon(points(one.plot)), Polygon(points(one.limit))
    assert [plot.distance(LineString([point, point]).centroid) for point in limit.exterior.coords] == pytest.approx(
        [200] * len(limit.exterior.coords), abs=1
    )
    assert limit.intersects(Polygon(points(one.object)))


@pytest.mark.parametrize(("east", "activity"), [(0.01, "WSAL"), (0.0021, "LAUN")], ids=["too far", "without a distance rule"])
def test_nothing_is_drawn_without_an_object_under_a_rule(rules: None, east: float, activity: str) -> None:
    assert drawings(plot_near_a_school(east), activity) == []


@pytest.mark.parametrize(("language", "words"), [("en", "What would change this answer?"), ("ar", "ما الذي يغيّر هذا الجواب؟")])
def test_a_no_shows_the_drawing_and_ends_with_what_would_change_it(rules: None, client: Client, language: str, words: str) -> None:
    row = plot_near_a_school(0.0021)
    text = client.get(f"/{language}/plots/{row.public_id}/", {"activity": "WSAL", "floor": 0}).content.decode()
    assert "kp-plan--distance" in text and words in text
    for way in (
        f"/{language}/zoning/where/?activity=WSAL&amp;floor=0&amp;area={row.area_id}",
        "#layers",
        "/opinion/?activity=WSAL&amp;floor=0",
    ):
        assert way in text
    yes = client.get(f"/{language}/plots/{row.public_id}/", {"activity": "LAUN", "floor": 0}).content.decode()
    assert "kp-plan--distance" not in yes and words not in yes
    assert "/opinion/?activity=LAUN&amp;floor=0" in yes

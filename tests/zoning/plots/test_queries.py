"""Plots by number, address and place, and what old numbers lead to."""

from __future__ import annotations

import datetime as dt

import pytest
from shapely.affinity import translate
from shapely.geometry import box

from municipality.places.models import Area
from municipality.places.seeds import load_places
from tests.factories.zoning import SQUARE, PlotFactory
from zoning.models import Plot, PlotAddress, PlotChange, PlotSuccession
from zoning.plots import queries
from zoning.plots.numbers import normal_number

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 24)
SPLIT_ON = dt.date(2020, 3, 1)


@pytest.fixture(autouse=True)
def places() -> None:
    load_places()


@pytest.fixture
def split() -> tuple[Plot, Plot, Plot]:
    """Plot 44, split into 44 and 44B on SPLIT_ON."""
    west, south, east, north = SQUARE.bounds
    middle = (west + east) / 2
    old = PlotFactory(number="44", valid_to=SPLIT_ON)
    old.shapes.update(valid_to=SPLIT_ON)
    new = [
        PlotFactory(number=number, shape=shape, valid_from=SPLIT_ON)
        for number, shape in (("44", box(west, south, middle, north)), ("44B", box(middle, south, east, north)))
    ]
    change = PlotChange.objects.create(kind="split", day=SPLIT_ON, instrument_ar="قرار", instrument_en="Decision")
    for plot in new:
        PlotSuccession.objects.create(change=change, predecessor=old, successor=plot)
    return old, new[0], new[1]


@pytest.mark.parametrize(
    ("typed", "number"), [("44b", "44B"), (" ٤٤ ب ", "44B"), ("٤٤/أ", "44/A"), ("۱۲", "12"), ("44 - B", "44-B"), ("‏44B", "44B")]
)
def test_a_number_is_read_as_people_type_it(typed: str, number: str) -> None:
    assert normal_number(typed) == number


def test_neighbours_are_those_that_the_drawing_of_the_plot_shows() -> None:
    """The square is 22 metres long; the second plot is 10 metres away, the third 29. A plot of 80 metres shows both."""
    plot, near, away = [PlotFactory(shape=translate(SQUARE, east, 0)) for east in (0, 0.0003, 0.0005)]
    west, south, east, _ = SQUARE.bounds
    large = PlotFactory(shape=box(west, south - 0.001, east, south - 0.0003))
    row, of_large = queries.shape_on(plot, TODAY), queries.shape_on(large, TODAY)
    assert row is not None and queries.neighbours(row, TODAY) == [near.shapes.get().shape]
    assert of_large is not None and away.shapes.get().shape in queries.neighbours(of_large, TODAY)


def test_an_old_number_leads_to_what_it_became(split: tuple[Plot, Plot, Plot]) -> None:
    old, first, second = split
    assert queries.present(old) == [first, second]
    assert queries.present(second) == [second]
    area = Area.objects.order_by("pk")[0]
    assert queries.by_number(area, "3", "44") == [first, old]
    assert queries.by_number(area, "3", "44B") == [second] and queries.by_number(area, "4", "44B") == []


def test_a_number_that_went_on_twice_leads_to_the_last(split: tuple[Plot, Plot, Plot]) -> None:
    old, first, second = split
    day = dt.date(2023, 1, 1)
    Plot.objects.filter(pk=second.pk).update(valid_to=day)
    renumbered = PlotFactory(number="45", valid_from=day)
    change = PlotChange.objects.create(kind="number", day=day, instrument_ar="قرار", instrument_en="Decision")
    PlotSuccession.objects.create(change=change, predecessor=second, successor=renumbered)
    assert queries.present(old) == [first, renumbered]
    assert [row.change.kind for row in queries.successions([old, second])] == ["split", "split", "number"]


def test_a_circle_of_successions_ends(split: tuple[Plot, Plot, Plot]) -> None:
    old, first, second = split
    Plot.objects.filter(pk__in=[first.pk, second.pk]).update(valid_to=dt.date(2024, 1, 1))
    change = PlotChange.objects.get()
    PlotSuccession.objects.create(change=change, predecessor=first, successor=old)
    assert queries.present(old) == []


def test_a_point_has_the_plot_of_its_day(split: tuple[Plot, Plot, Plot]) -> None:
    old, first, second = split
    west, south, east, _ = SQUARE.bounds
    inside = (west + 0.00002, south + 0.00002)
    assert queries.at_point(*inside, TODAY) == first
    assert queries.at_point(east - 0.00002, south + 0.00002, TODAY) == second
    assert queries.at_point(*inside, SPLIT_ON - dt.timedelta(days=1)) == old
    assert queries.at_point(west - 0.001, south, TODAY) is None


def test_a_point_inside_the_box_but_not_the_shape_is_on_no_plot() -> None:
    from shapely.geometry import Polygon

    PlotFactory(shape=Polygon([(47.97, 29.37), (47.972, 29.37), (47.97, 29.372)]))
    assert queries.at_point(47.9718, 29.3718, TODAY) is None
    assert queries.at_point(47.9702, 29.3702, TODAY) is not None


def test_near_plots_come_nearest_first() -> None:
    plots = [PlotFactory(shape=translate(SQUARE, east * 0.0003, 0)) for east in (0, 1, 2, 9)]
    west, south, _, _ = SQUARE.bounds
    assert queries.near_point(west - 0.0001, south, TODAY) == plots[:2]


def test_a_paci_number_leads_to_its_plot() -> None:
    plot = PlotFactory()
    PlotAddress.objects.create(plot=plot, paci_number="10229888", street="7")
    assert queries.by_paci("10229888") == plot and queries.by_paci("10229889") is None


def test_the_shape_of_an_ended_plot_stays(split: tuple[Plot, Plot, Plot]) -> None:
    old, first, _ = split
    before, now = queries.shape_on(old, dt.date(2015, 1, 1)), queries.shape_on(old, TODAY)
    assert before == now and before is not None
    row = queries.shape_on(first, TODAY)
    assert row is not None and queries.neighbours(row, TODAY) == [split[2].shapes.get().shape]

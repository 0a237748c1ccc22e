"""The answer for a place that another service names: which plot it is, and when there is none."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from shapely.affinity import translate

from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.answer.places import PlaceAnswer, answer_at, kept
from zoning.models import Plot, PlotAddress, PlotChange, PlotSuccession

pytestmark = pytest.mark.django_db
AROUND = SQUARE.buffer(0.02)
TODAY = dt.date(2026, 11, 1)


@pytest.fixture
def plot(rules: None) -> Plot:
    row = PlotFactory(number="12")
    PlotAddress.objects.create(plot=row, paci_number="20000001")
    make_layer("land_use", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND)
    return row


def at(plot: Plot, **given: Any) -> PlaceAnswer:
    place = {"paci_number": "20000001", "area": plot.area_id, "block": "3", "plot_number": "", "activity": "LAUN", "floor": "0"}
    return answer_at(**{**place, "day": TODAY, **given})


def test_the_paci_number_comes_first_then_area_block_and_number(plot: Plot) -> None:
    for given in ({}, {"plot_number": "١٢"}, {"paci_number": "29999999", "plot_number": " 12 "}, {"paci_number": "", "plot_number": "12"}):
        found = at(plot, **given)
        assert (found.plot, found.outcome) == (plot, "permitted"), given


@pytest.mark.parametrize("given", [{"paci_number": "29999999"}, {"paci_number": "29999999", "plot_number": "13"}, {"paci_number": ""}])
def test_an_unknown_plot_is_never_a_yes(plot: Plot, given: dict[str, str]) -> None:
    assert at(plot).outcome == "permitted", "the red control"
    found = at(plot, **given)
    assert (found.plot, found.outcome) == (None, "no_data")
    assert found.url == f"{reverse('zoning:find')}?area={plot.area_id}&block={plot.block}", "the form with what is known of the place"


@pytest.mark.parametrize("given", [{"block": "4"}, {"plot_number": "13"}, {"area": -1}])
def test_a_paci_number_of_another_place_is_a_contradiction(plot: Plot, given: dict[str, Any]) -> None:
    found = at(plot, **given)
    assert found.is_contradiction and found.outcome == "no_data"


def split(plot: Plot, day: dt.date, *numbers: str, ends: bool = True) -> list[Plot]:
    if ends:
        Plot.objects.filter(pk=plot.pk).update(valid_to=day)
    change = PlotChange.objects.create(kind="number", day=day, instrument_ar="قرار", instrument_en="Decision")
    parts = [PlotFactory(number=number, valid_from=day, shape=translate(SQUARE, 0.0005 * n, 0)) for n, number in enumerate(numbers)]
    for part in parts:
        PlotSuccession.objects.create(change=change, predecessor=plot, successor=part)
    return parts


def test_of_an_ended_plot_its_only_successor_answers_and_of_several_none(plot: Plot) -> None:
    (renumbered,) = split(plot, dt.date(2020, 1, 1), "12A")
    assert (at(plot).plot, at(plot).outcome) == (renumbered, "permitted")
    split(renumbered, dt.date(2021, 1, 1), "12B", "12C")
    assert (at(plot).plot, at(plot).outcome) == (None, "no_data")


def test_a_number_that_stayed_on_a_split_plot_leads_to_the_part_that_the_address_names(plot: Plot) -> None:
    first, second = split(plot, dt.date(2020, 1, 1), "12", "12B")
    assert [at(plot, plot_number=number).plot for number in ("12", "12B")] == [first, second]
    assert at(plot, plot_number="13").is_contradiction and not at(plot).is_contradiction


def test_a_plot_that_was_renumbered_is_found_by_its_old_number_with_the_paci_number_that_went_on(plot: Plot) -> None:
    (renumbered,) = split(plot, dt.date(2020, 1, 1), "12A")
    PlotAddress.objects.update(plot=renumbered)  # as a file of plots does
    found = at(plot, plot_number="12")
    assert (found.plot, found.is_contradiction, found.outcome) == (renumbered, False, "permitted")
    assert at(plot, plot_number="13").is_contradiction
    PlotFactory(number="12", shape=translate(SQUARE, 0.001, 0))
    assert at(plot, plot_number="12").is_contradiction, "the number is that of another plot now"


def test_a_paci_number_that_went_to_a_part_of_the_plot_that_the_address_names_is_no_contradiction(plot: Plot) -> None:
    (part,) = split(plot, dt.date(2020, 1, 1), "12B", ends=False)
    PlotAddress.objects.update(plot=part)
    assert (at(plot, plot_number="12").plot, at(plot, plot_number="12").outcome) == (part, "permitted")
    (later,) = split(part, dt.date(2021, 1, 1), "12C")
    PlotAddress.objects.update(plot=later)
    assert at(plot, plot_number="12").plot == later
    PlotAddress.objects.update(plot=PlotFactory(number="14", shape=translate(SQUARE, 0.001, 0)))
    assert at(plot, plot_number="12").is_contradiction, "of a plot that did not come from it"


def test_a_plot_without_a_shape_and_one_that_begins_later_have_no_data(plot: Plot) -> None:
    PlotFactory(number="20", shape=None)
    assert at(plot, paci_number="", plot_number="20").outcome == "no_data"
    assert at(plot, day=dt.date(2005, 1, 1)).outcome == "no_data"


@pytest.mark.parametrize(("floor", "asked", "assumed"), [("٣", 3, False), ("-1", -1, False), ("", 0, True), ("ميزانين", 0, True)])
def test_the_floor_is_a_number_or_the_ground_floor_with_that_said(plot: Plot, floor: str, asked: int, assumed: bool) -> None:
    found = at(plot, floor=floor)
    assert (found.question.floor, found.is_floor_assumed) == (asked, assumed)


def test_a_floor_that_the_form_does_not_know_is_no_data_and_leads_to_the_plot_alone(plot: Plot) -> None:
    found = at(plot, floor="99")
    assert found.outcome == "no_data" and found.url == reverse("zoning:plot", args=[plot.public_id])


def test_facts_are_equal_for_equal_answers_and_have_words(plot: Plot) -> None:
    facts = at(plot).facts()
    assert facts == at(plot, plot_number="12").facts() != at(plot, floor="99").facts()
    assert facts["grounds"] == ["COMMERCIAL:permitted"] and facts["edition"].startswith("zoning.uses v")
    assert kept(facts).tone == "ok" and "v" in str(kept(facts).edition)

"""A file of plots takes a wrong PACI number off a plot, and undoing its load gives it back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from municipality.imports import services as imports
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from tests.browsers import signed_in
from tests.zoning.imports.conftest import Office
from tests.zoning.imports.files import geojson, row, square
from tests.zoning.imports.undos import WHY, undone
from zoning.imports import undo
from zoning.models import Plot, PlotAddress, PlotRow

MONTH = dt.timedelta(days=30)


def numbers() -> dict[str, list[str]]:
    """The PACI numbers of the present plots."""
    plots = Plot.objects.filter(valid_to=None)
    return {plot.number: sorted(plot.addresses.values_list("paci_number", flat=True)) for plot in plots}


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ("none", []),
        ("لا يوجد", []),
        ("None, 20000002", ["20000002"]),
        ("٢٠٠٠٠٠٠١، ٢٠٠٠٠٠٠٢ لا يوجد", ["20000001", "20000002"]),
        ("", ["20000001", "20000002"]),
        ("20000003", ["20000001", "20000002", "20000003"]),
    ],
)
def test_the_word_none_takes_off_the_numbers_that_the_row_does_not_name(office: Office, said: str, stays: list[str]) -> None:
    office.load(row(1, paci="20000001,20000002"), row(2, paci="20000009"))
    before = numbers()
    file = office.read(content=geojson(row(1, paci=said), row(2)))
    line, other = PlotRow.objects.filter(file=file).order_by("line")
    lost = len(set(before["1"]) - set(stays))
    assert (line.outcome == "same") == (stays == before["1"]) and other.outcome == "same"
    assert file.figures["paci_removed"] == lost and numbers() == before, "the dry run changes nothing"
    client: Client = signed_in(office.planner)
    assert ("أرقام آلية تُزال" in client.get(f"/admin/plots/files/{file.public_id}/").content.decode()) == (lost > 0)
    imports.release(file=file, released_by=office.planner)
    imports.apply_released(file_id=file.pk, size=1)
    assert numbers() == before | {"1": stays}


def test_undoing_the_load_gives_the_number_back_with_its_street(office: Office) -> None:
    office.load(row(1, paci="20000001"))
    PlotAddress.objects.update(street="شارع تونس", building="7")
    kept = PlotAddress.objects.values_list("plot", "paci_number", "street", "building", "load").get()
    file = office.load(content=geojson(row(1, paci="none")))
    assert not PlotAddress.objects.exists()
    later = office.load(row(1), row(2, paci="20000001"))
    with pytest.raises(Refused, match="built_on"):
        undo.ask(file=file, reason=WHY, asked_by=office.clerk)
    undone(office, later)
    undone(office, file)
    assert PlotAddress.objects.values_list("plot", "paci_number", "street", "building", "load").get() == kept


def test_a_number_of_a_load_that_was_undone_does_not_come_back(office: Office) -> None:
    office.load(row(1))
    wrong = office.load(row(1, paci="20000001"))
    file = office.load(content=geojson(row(1, paci="none")))
    undone(office, wrong)
    undone(office, file)
    assert numbers() == {"1": []}


@pytest.mark.parametrize("size", [1, 9])
def test_a_plot_that_is_split_or_has_a_new_number_loses_no_number_that_another_takes(office: Office, size: int) -> None:
    office.load(row(1, paci="20000001,20000002"), row(5, paci="20000005,20000006"))
    before = numbers()
    with clock.at(clock.now() + MONTH):
        split = row("1A", shape=square(3), paci="20000002", more={"former": "1"})
        file = office.load(content=geojson(split, row(1, paci="none"), row(6, shape=square(5), paci="20000006, none")), size=size)
        assert file.left_out == 0 and numbers() == {"1": [], "1A": ["20000002"], "6": ["20000006"]}
        undone(office, file)
        assert numbers() == before

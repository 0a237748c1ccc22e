"""Plots come in by a file: what is new, changed, the same or wrong, and what the register says afterwards."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from shapely import from_wkb
from shapely.geometry import Polygon, box

from municipality.audit.models import AuditEvent
from municipality.imports import services as imports
from municipality.kernel import clock
from municipality.places.models import Area
from tests.zoning.imports.conftest import Office
from tests.zoning.imports.files import SOUTH, WEST, WIDE, geojson, geopackage, moved, row, shapefile, square
from zoning.geometry.systems import SYSTEMS
from zoning.imports import difference
from zoning.models import Plot, PlotAddress, PlotFinding, PlotRow, PlotShape, PlotSuccession
from zoning.plots import queries

TODAY = dt.date(2026, 11, 24)
LATER = dt.date(2026, 12, 24)


@pytest.mark.parametrize("maker", [geopackage, shapefile, geojson])
def test_new_plots_come_in_with_shape_official_area_and_addresses(office: Office, maker: Any) -> None:
    area = Area.objects.order_by("pk")[0]
    file = office.load(
        content=maker(row("44", shape=square(), paci="20000001,20000002"), row("٤٤ب", shape=square(1), area=area.name_ar, official=430.25))
    )
    assert (file.to_add, file.added, file.left_out) == (2, 2, 0)
    plot = Plot.objects.get(number="44")
    shape = plot.shapes.get()
    assert (plot.area, plot.block, plot.official_area, plot.valid_from, plot.load) == (area, "3", 43000, clock.today(), file)
    assert (shape.load, shape.system, shape.valid_from) == (file, "wgs84", clock.today())
    assert shape.shape.hausdorff_distance(square()) < 1e-7
    assert set(plot.addresses.values_list("paci_number", flat=True)) == {"20000001", "20000002"}
    assert Plot.objects.get(number="44B").official_area == 43025


def test_the_coordinates_stay_as_they_came(office: Office) -> None:
    office.load(content=geopackage(row(1), system="kudams-2019"))
    shape = PlotShape.objects.get()
    assert shape.system == "kudams-2019" and shape.shape.hausdorff_distance(square(1)) < 1e-7
    came = from_wkb(bytes(shape.original))
    assert came.hausdorff_distance(SYSTEMS["kudams-2019"].from_wgs84(square(1))) < 0.001, "metres of the grid"


def test_the_second_file_says_what_is_new_changed_and_the_same(office: Office) -> None:
    first = office.load(row(1), row(2), row(3), row(4))
    with clock.at(clock.now() + dt.timedelta(days=30)):
        file = office.read(row(1), row(2, shape=moved(2, WIDE / 10)), row(3, official=431), row("4A", shape=square(4)), row(5))
        assert (file.to_add, file.to_change, file.unchanged, file.refused) == (1, 3, 1, 0)
        imports.release(file=file, released_by=office.planner)
        imports.apply_released(file_id=file.pk)
        file.refresh_from_db()
    assert (file.added, file.changed, file.confirmed, file.left_out) == (1, 3, 1, 0)
    old, new = Plot.objects.get(number="2").shapes.order_by("valid_from")
    assert (old.load, old.valid_to, new.load, new.valid_from, new.valid_to) == (first, LATER, file, LATER, None)
    assert Plot.objects.get(number="1").shapes.count() == 1 and Plot.objects.get(number="3").official_area == 43100
    renumbered = PlotSuccession.objects.get()
    assert (renumbered.predecessor.number, renumbered.successor.number, renumbered.change.kind) == ("4", "4A", "number")
    assert renumbered.predecessor.valid_to == LATER and queries.present(renumbered.predecessor) == [renumbered.successor]
    assert queries.at_point(WEST + 4.5 * WIDE, SOUTH + WIDE / 2, TODAY) == renumbered.predecessor
    assert queries.at_point(WEST + 4.5 * WIDE, SOUTH + WIDE / 2, LATER) == renumbered.successor


def test_the_same_plots_in_another_system_are_the_same(office: Office) -> None:
    office.load(row(1), row(2))
    for system in ("utm38", "utm39", "kudams-2019"):
        assert office.read(content=geopackage(row(1), row(2), system=system)).unchanged == 2


def test_an_empty_official_area_and_fewer_addresses_leave_the_register_as_it_is(office: Office) -> None:
    office.load(row(1, paci="20000001"))
    file = office.load(row(1, official=None))
    assert (file.unchanged, Plot.objects.get().official_area, PlotAddress.objects.count()) == (1, 43000, 1)


WRONG = {
    "area": row(1, area="999999"),
    "block": row(1, block="3/4"),
    "plot_number": row(1, shape=square()),
    "official_area": row(1, official=-4.0),
    "paci": row(1, paci="123"),
    "no_area": row(1, shape=Polygon([(WEST, SOUTH), (WEST + 1e-9, SOUTH), (WEST + 1e-9, SOUTH + 1e-9)])),
    "outside": row(1, shape=box(10, 10, 10.1, 10.1)),
    "swapped": row(1, shape=box(SOUTH, WEST, SOUTH + WIDE, WEST + WIDE)),
}
WRONG["plot_number"].number = "4_4"


@pytest.mark.parametrize("code", WRONG)
def test_a_wrong_plot_is_put_aside_with_its_line_and_its_code(office: Office, code: str) -> None:
    file = office.read(row(7), WRONG[code])
    (wrong,) = PlotRow.objects.filter(file=file, outcome="wrong")
    assert (file.to_add, file.refused, wrong.line) == (1, 1, 2)
    assert [found for _, found in wrong.problems] == [code] and not wrong.geometry


@pytest.mark.parametrize("column", ["paci", "former"])
def test_a_list_of_numbers_that_is_too_long_is_refused_and_not_cut(office: Office, column: str) -> None:
    office.load(*(row(number) for number in ("1", "2")))
    numbers = [str(20000000 + one) for one in range(222)] if column == "paci" else ["1"] * 999 + ["77"]
    fits, too_long = ",".join(numbers), ",".join(numbers + numbers[:1])
    assert len(fits) <= 2000 < len(too_long)
    file = office.read(content=geojson(row("3", more={column: fits}), row("4", more={column: too_long})))
    found = {one.line: one.problems for one in PlotRow.objects.filter(file=file)}
    assert found == {1: [] if column == "paci" else [["former", "former"]], 2: [[column, "too_long"]]}


def test_the_second_row_of_a_plot_and_a_paci_number_of_another_one_are_wrong(office: Office) -> None:
    office.load(row(1, paci="20000001"))
    file = office.read(row(2, paci="20000001"), row(3), row(3, shape=square(9)))
    found = {wrong.line: wrong.problems[0][1] for wrong in PlotRow.objects.filter(file=file, outcome="wrong")}
    assert found == {1: "paci_elsewhere", 3: "twice_in_file"}


def test_a_plot_that_changed_after_the_dry_run_is_left_out(office: Office) -> None:
    office.load(row(1), row(2))
    with clock.at(clock.now() + dt.timedelta(days=30)):
        slow = office.read(row(1, shape=moved(1, WIDE / 10)), row(2, official=500), row(3), row(4))
        office.load(row(1, shape=moved(1, WIDE / 5)), row(2, official=600), row(3, official=1))
        imports.release(file=slow, released_by=office.planner)
        imports.apply_released(file_id=slow.pk)
        slow.refresh_from_db()
    assert (slow.added, slow.changed, slow.left_out) == (1, 0, 3)
    left = set(PlotRow.objects.filter(file=slow, outcome="left").values_list("number", flat=True))
    assert {number.partition("-")[2] for number in left} == {"3-1", "3-2", "3-3"}
    assert Plot.objects.get(number="2").official_area == 60000


def test_a_shape_that_begins_today_is_not_replaced_today(office: Office) -> None:
    office.load(row(1))
    file = office.load(row(1, shape=moved(1, WIDE / 10)))
    assert (file.changed, file.left_out, PlotShape.objects.count()) == (0, 1, 1)


def test_overlaps_gaps_absent_plots_and_repairs_are_reported(office: Office) -> None:
    office.load(row(0), row(5), row(6))
    west, east = WEST + 2 * WIDE, WEST + 3 * WIDE
    wide = box(west - WIDE / 10, SOUTH, east - 5e-6, SOUTH + WIDE)  # over plot 1, and half a metre short of plot 3
    bow = Polygon([(WEST, SOUTH + 0.002), (WEST + 0.001, SOUTH + 0.003), (WEST + 0.001, SOUTH + 0.002), (WEST, SOUTH + 0.003)])
    file = office.read(row(1), row(2, shape=wide), row(3), row("9", shape=bow, block="8"), row("5", shape=moved(5, WIDE / 5)))
    assert {name: file.figures[name] for name in ("overlap", "gap", "absent", "repaired")} == {
        "overlap": 2,
        "gap": 1,
        "absent": 2,
        "repaired": 1,
    }
    found = set(PlotFinding.objects.filter(file=file).values_list("kind", "number", "other"))
    assert {("overlap", "1", "2"), ("overlap", "5", "6"), ("absent", "0", ""), ("absent", "6", "")} <= found
    overlap = PlotFinding.objects.get(file=file, kind="overlap", number="1")
    assert overlap.square_metres == pytest.approx(0.1 * 20 * 22, rel=0.05)


def test_neighbours_that_share_an_edge_are_no_finding(office: Office) -> None:
    file = office.read(*(row(number) for number in range(20)))
    assert not PlotFinding.objects.filter(file=file).exists() and file.figures["overlap"] == file.figures["gap"] == 0


def test_the_map_shows_what_is_added_changed_and_gone(office: Office) -> None:
    office.load(row(1), row(2), row(3), row(6))
    with clock.at(clock.now() + dt.timedelta(days=30)):
        file = office.load(row(1), row(2, shape=moved(2, WIDE / 10)), row("3A", shape=square(3)), row(4))
    drawn = difference.draw(file)
    assert drawn is not None and drawn.shown is not None
    found = sorted((part.kind, part.name) for part in drawn.parts)
    assert found == [
        *(("absent", "6"), ("added", "4"), ("changed", "2"), ("changed", "3A")),
        *(("gone", "2"), ("gone", "3"), ("same", "1")),
    ]
    many = office.read(row(1), row(50), row(51, block="7"), row(52, block="8"))
    overview = difference.draw(many)
    assert overview is not None and overview.shown is None
    assert [(one.block, one.added, one.changed) for one in overview.blocks] == [("3", 1, 0), ("7", 1, 0), ("8", 1, 0)]
    one = difference.draw(many, str(overview.blocks[0].area.pk), "8")
    assert one is not None and [(part.kind, part.name) for part in one.parts] == [("added", "52")]
    assert difference.draw(office.read(row(1))) is None


def test_each_batch_has_its_event(office: Office) -> None:
    file = office.load(*(row(number) for number in range(1, 6)), size=2)
    taken = AuditEvent.objects.filter(subject=file.key, action="plots.taken").order_by("pk")
    assert [act.data["added"] for act in taken] == [2, 2, 1]

"""Plots are split and merged by a file that names the plots that a new one comes from."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from shapely import union_all
from shapely.geometry import box

from municipality.imports import services as imports
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from tests.zoning.imports.conftest import Office
from tests.zoning.imports.files import SOUTH, WEST, WIDE, Drawn, geojson, row, square
from tests.zoning.imports.undos import WHY, allowed, answers, undone
from zoning.imports import difference, undo
from zoning.models import Plot, PlotFinding, PlotRow, PlotSuccession
from zoning.plots import queries
from zoning.plots.search import find_by_text

MONTH = dt.timedelta(days=30)
WEST_HALF, EAST_HALF = (box(WEST + edge * WIDE, SOUTH, WEST + (edge + 0.5) * WIDE, SOUTH + WIDE) for edge in (1, 1.5))


def part(number: str, former: str, **values: object) -> Drawn:
    """A new plot that comes from former ones."""
    return row(number, more={"former": former}, **values)


def test_of_a_split_plot_one_part_keeps_the_number_and_its_link(client: Client, office: Office) -> None:
    office.load(row("44", shape=square(1), paci="20000044,20000045"))
    old = Plot.objects.get()
    with clock.at(clock.now() + MONTH):
        rows = row("44", shape=WEST_HALF), part("44B", "44", shape=EAST_HALF, paci="20000045")
        file = office.load(content=geojson(*rows), size=1)
        assert (file.added, file.changed, file.left_out, file.figures["overlap"], file.figures["absent"]) == (1, 1, 0, 0, 0)
        became = PlotSuccession.objects.get()
        assert (became.predecessor, became.successor.number, became.change.kind) == (old, "44B", "split")
        assert queries.present(old) == [old] and queries.by_paci("20000044") == old
        assert queries.by_paci("20000045") == became.successor
        for page in (old, became.successor):
            shown = client.get(f"/en/plots/{page.public_id}/").content.decode()
            assert "What became of it" in shown and "44B" in shown and "Split" in shown


def test_a_split_plot_that_the_file_names_no_more_ends_with_its_parts_in_its_place(office: Office) -> None:
    office.load(row("44", shape=square(1), paci="20000044"))
    old, place = Plot.objects.get(), (WEST + 1.2 * WIDE, SOUTH + WIDE / 2)
    with clock.at(clock.now() + MONTH):
        file = office.read(content=geojson(part("44A", "44", shape=WEST_HALF), part("44B", "٤٤", shape=EAST_HALF)))
        drawn = difference.draw(file)
        assert drawn is not None and sorted(one.kind for one in drawn.parts) == ["added", "added", "gone"]
        imports.release(file=file, released_by=office.planner)
        imports.apply_released(file_id=file.pk, size=1)
        file.refresh_from_db()
        assert (file.added, file.left_out, file.figures["overlap"], file.figures["absent"]) == (2, 0, 0, 0)
        old.refresh_from_db()
        assert old.valid_to == clock.today() and [plot.number for plot in queries.present(old)] == ["44A", "44B"]
        now = queries.at_point(*place, clock.today())
        assert now is not None and now.number == "44A" and queries.at_point(*place, dt.date(2026, 11, 25)) == old
        assert [plot.number for plot in find_by_text("20000044").plots] == ["44A", "44B"]
        with pytest.raises(IntegrityError, match="closed_once"), transaction.atomic():
            Plot.objects.filter(pk=old.pk).update(valid_to=None)


def test_what_the_parts_leave_of_a_plot_that_ends_is_named_before_the_release(office: Office) -> None:
    office.load(row("43", shape=square(0)), row("44", shape=square(1)), row("45", shape=square(2)))
    with clock.at(clock.now() + MONTH):
        file = office.read(content=geojson(part("44B", "44", shape=EAST_HALF)))
        (finding,) = PlotFinding.objects.filter(file=file, kind="gap")
        assert (finding.number, finding.other) == ("44", "") and finding.square_metres == pytest.approx(215, rel=0.03)
        for rows in ([row("44", shape=WEST_HALF)], [part("44A", "44", shape=WEST_HALF)], [part("44A", "44", shape=square(1))]):
            whole = office.read(content=geojson(*rows, part("44B", "44", shape=EAST_HALF)))
            assert whole.figures["gap"] == 0, "the control"


def test_merged_plots_end_and_lead_to_the_one_they_became(office: Office) -> None:
    office.load(row(1, paci="20000001"), row(2, paci="20000002"))
    with clock.at(clock.now() + MONTH):
        whole = union_all([square(1), square(2)])
        office.load(content=geojson(part("3", "1، 2", shape=whole, paci="20000001,20000002")))
        became = {(one.predecessor.number, one.successor.number, one.change.kind) for one in PlotSuccession.objects.all()}
        assert became == {("1", "3", "merger"), ("2", "3", "merger")}
        (new,) = Plot.objects.filter(valid_to=None)
        assert queries.present(*Plot.objects.filter(number__in="12")) == [new]
        assert queries.by_paci("20000001") == queries.by_paci("20000002") == new


def test_a_split_and_a_merger_are_undone_as_a_whole(office: Office) -> None:
    office.load(row(1, paci="20000001"), row(2, paci="20000002"), row(3, paci="20000003"))
    with clock.at(clock.now() + MONTH):
        before = answers()
        rows = part("4", "1", shape=WEST_HALF, paci="20000001"), part("4A", "1", shape=EAST_HALF, paci="20000009")
        merged = part("5", "2,3", shape=union_all([square(2), square(3)]), paci="20000002,20000003")
        file = office.load(content=geojson(*rows, merged))
        assert (file.added, file.left_out) == (3, 0) and answers() != before
        asked = allowed(office, file)
        while undo.carry_out(undo_id=asked.pk, size=1, seconds=0):
            pass
        assert answers() == before


@pytest.mark.parametrize("later", [row("46", shape=square(1)), part("46", "44,45", shape=union_all([square(1), square(3)]))])
def test_a_split_stays_while_a_later_load_ended_the_plot_that_kept_its_number(office: Office, later: Drawn) -> None:
    office.load(row("44", shape=square(1), paci="20000044"), row("45", shape=square(3)))
    old = Plot.objects.get(number="44")
    with clock.at(clock.now() + MONTH):
        file = office.load(content=geojson(row("44", shape=square(1)), part("44B", "44", shape=square(2))))
    with clock.at(clock.now() + 2 * MONTH):
        newer = office.load(content=geojson(later))
        old.refresh_from_db()
        assert [plot.number for plot in queries.present(old)] == ["46", "44B"]
        with pytest.raises(Refused, match="built_on"):
            undo.ask(file=file, reason=WHY, asked_by=office.clerk)
        undone(office, newer)
        undone(office, file)
        old.refresh_from_db()
        assert old.valid_to is None and queries.present(old) == [old]


def _wrong_line(_office: Office) -> list[Drawn]:
    return [row("44", shape=square(1), paci="1"), part("44B", "44", shape=EAST_HALF)]


def _left_out(office: Office) -> list[Drawn]:
    office.load(content=geojson(row("44", shape=square(1), official=431)))  # after the dry run
    return []


@pytest.mark.parametrize("makes", [_wrong_line, _left_out])
def test_a_plot_that_the_file_names_does_not_end_where_its_own_line_is_not_taken(office: Office, makes: Any) -> None:
    office.load(row("44", shape=square(1)))
    with clock.at(clock.now() + MONTH):
        read = office.read(content=geojson(row("44", shape=WEST_HALF), part("44B", "44", shape=EAST_HALF)))
        drawn = makes(office)
        file = office.read(content=geojson(*drawn)) if drawn else read
        imports.release(file=file, released_by=office.planner)
        while imports.apply_released(file_id=file.pk, size=1):
            pass
        file.refresh_from_db()
        assert (file.added, file.refused + file.left_out) == (1, 1)
        assert {plot.number for plot in Plot.objects.filter(valid_to=None)} == {"44", "44B"}
        assert file.figures["overlap"] == len(drawn) / 2, "known before its release, where the line is wrong"


def test_a_part_of_a_plot_that_ended_after_the_dry_run_is_left_out(office: Office) -> None:
    office.load(row("44", shape=square(1)))
    with clock.at(clock.now() + MONTH):
        file = office.read(content=geojson(row("44", shape=WEST_HALF), part("44B", "44", shape=EAST_HALF)))
        office.load(row("46", shape=square(1)))
        imports.release(file=file, released_by=office.planner)
        imports.apply_released(file_id=file.pk, size=2)
        file.refresh_from_db()
        assert (file.added, file.left_out) == (0, 2)


@pytest.mark.parametrize("kept", ["44", "45"])
def test_the_next_whole_layer_with_the_same_former_plots_changes_nothing(office: Office, kept: str) -> None:
    office.load(row("44", shape=square(1), paci="20000044"))
    rows = row(kept, shape=WEST_HALF, more={"former": "" if kept == "44" else "44"}), part("44B", "44", shape=EAST_HALF, paci="20000044")
    with clock.at(clock.now() + MONTH):
        office.load(content=geojson(*rows))
        again = office.load(content=geojson(*rows, row(9)))
        assert (again.refused, again.confirmed, again.added) == (0, 2, 1) and PlotSuccession.objects.count() == 1 + (kept == "45")
        other = office.read(content=geojson(part("44B", "44,9", shape=EAST_HALF)))
        assert PlotRow.objects.get(file=other).problems == [["former", "former_of_old"]], "the control: it did not come from both"


def test_a_former_plot_has_to_stand_and_an_old_plot_comes_from_none(office: Office) -> None:
    office.load(row(1), row(2))
    file = office.read(content=geojson(part("3", "77"), part("1", "2"), part("4", "1/")))
    assert [one.problems for one in PlotRow.objects.filter(file=file).order_by("line")] == [
        [["former", "former"]],
        [["former", "former_of_old"]],
        [["former", "former"]],
    ]


def test_a_plot_that_began_today_is_not_split_today(office: Office) -> None:
    office.load(row(1))
    file = office.load(content=geojson(part("1A", "1", shape=WEST_HALF)))
    assert (file.added, file.left_out) == (0, 1) and not PlotSuccession.objects.exists()


@pytest.mark.parametrize("order", [1, -1])
def test_an_outline_under_two_numbers_ends_the_old_number_by_no_chance(office: Office, order: int) -> None:
    office.load(row(1))
    with clock.at(clock.now() + MONTH):
        file = office.load(*[row(1), row("1A", shape=square(1))][::order])
        assert (file.confirmed, file.changed, file.left_out) == (1, 0, 1)
        assert [plot.number for plot in Plot.objects.filter(valid_to=None)] == ["1"]
        again = office.load(row("1A", shape=square(1)))
        assert (again.changed, again.left_out) == (1, 0), "the control: alone it is a renumbering"


@pytest.mark.parametrize("former", ["44", "44B", "44,44B"])
def test_a_part_that_has_another_number_since_is_known_by_its_old_ones(office: Office, former: str) -> None:
    """44 became 44A and 44B, then 44B became 45; the layer goes on saying that 45 comes from the former plots."""
    office.load(row("44", shape=square(1), paci="20000044,20000045"))
    old = Plot.objects.get()
    with clock.at(clock.now() + MONTH):
        split = office.load(
            content=geojson(part("44A", "44", shape=WEST_HALF, paci="20000044"), part("44B", "44", shape=EAST_HALF, paci="20000045"))
        )
        after_split = answers()
        half = Plot.objects.get(number="44B")
    rows = part("44A", "44", shape=WEST_HALF), part("45", former, shape=EAST_HALF)
    with clock.at(clock.now() + 2 * MONTH):
        renumbered = office.load(content=geojson(*rows))
        assert (renumbered.refused, renumbered.confirmed, renumbered.changed, renumbered.added) == (0, 1, 1, 0)
        new = Plot.objects.get(number="45")
        assert [(one.predecessor, one.change.kind) for one in PlotSuccession.objects.filter(successor=new)] == [(half, "number")]
        for ended, became in ((old, ["45", "44A"]), (half, ["45"])):
            ended.refresh_from_db()
            assert [plot.number for plot in queries.present(ended)] == became
            (asked,) = queries.by_number(ended.area, "3", ended.number)
            assert asked == ended and [plot.number for plot in queries.present(asked)] == became
        assert queries.by_paci("20000045") == new and queries.by_paci("20000044") == Plot.objects.get(number="44A")
    with clock.at(clock.now() + 3 * MONTH):
        again = office.load(content=geojson(*rows, row(9)))
        assert (again.refused, again.confirmed, again.changed, again.added) == (0, 2, 0, 1)
        stranger = office.read(content=geojson(part("45", "44,9", shape=EAST_HALF)))
        assert PlotRow.objects.get(file=stranger).problems == [["former", "former_of_old"]], "the control: it never came from 9"
        undone(office, again)
        undone(office, renumbered)
        half.refresh_from_db()
        assert half.valid_to is None and answers() == after_split and [plot.number for plot in queries.present(old)] == ["44A", "44B"]
        undone(office, split)
        old.refresh_from_db()
        assert old.valid_to is None and queries.present(old) == [old]


def test_a_new_number_on_another_outline_does_not_come_from_a_plot_that_has_ended(office: Office) -> None:
    office.load(row("44", shape=square(1)))
    with clock.at(clock.now() + MONTH):
        office.load(content=geojson(part("44A", "44", shape=WEST_HALF), part("44B", "44", shape=EAST_HALF)))
    with clock.at(clock.now() + 2 * MONTH):
        file = office.read(content=geojson(part("45", "44", shape=square(2))))
        assert PlotRow.objects.get(file=file).problems == [["former", "former"]]


def test_a_plot_that_kept_its_number_may_name_it_as_its_former_one(office: Office) -> None:
    office.load(row("44", shape=square(1)))
    with clock.at(clock.now() + MONTH):
        file = office.load(content=geojson(part("44", "44", shape=WEST_HALF), part("44B", "44", shape=EAST_HALF)))
        assert (file.refused, file.changed, file.added) == (0, 1, 1)

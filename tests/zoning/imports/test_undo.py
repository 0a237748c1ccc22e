"""A load is undone as a whole by two people; the register then answers as before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from municipality.audit.models import AuditEvent
from municipality.imports import services as imports
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.places.models import Area
from tests.browsers import signed_in
from tests.database_guards import drop_guard, without_guards
from tests.due_jobs import run_due
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.opinions import FEE, begun, submitted
from tests.factories.zoning import make_layer
from tests.zoning.imports.conftest import Office
from tests.zoning.imports.files import WIDE, geopackage, moved, row, square
from tests.zoning.imports.undos import JOBS, WHY, allowed, answers, undone
from zoning.contests import services as contests
from zoning.extract import services as extracts
from zoning.imports import undo
from zoning.models import Layer, LayerContest, LoadUndo, Opinion, Plot, PlotShape
from zoning.opinion.services import requests
from zoning.plots import queries

MONTH = dt.timedelta(days=30)


def test_the_register_answers_as_before_the_load(office: Office) -> None:
    office.load(row(1), row(2), row(3), row(4, paci="20000004"))
    with clock.at(clock.now() + MONTH):
        before = answers()
        file = office.load(
            row(2, shape=moved(2, WIDE / 10)), row(3, official=431), row("4A", shape=square(4), paci="20000044"), row(5, paci="20000005")
        )
        assert (file.added, file.changed) == (1, 3) and answers() != before
        brought = Plot.objects.get(number="5")
        undone(office, file)
        assert answers() == before
        assert queries.by_public_id(brought.public_id) is None and queries.by_paci("20000005") is None
        assert PlotShape.objects.filter(load=file).count() == 3, "nothing is deleted"
        event = AuditEvent.objects.get(action="plots.undo_allowed")
        done = LoadUndo.objects.get()
        assert AuditEvent.objects.get(action="plots.undone").data["plots"] == 2
        assert (done.event, done.allowed_by, event.subject, event.data["shapes"]) == (event, office.planner, file.key, 3)
        again = office.load(row(2, shape=moved(2, WIDE / 10)), row("4A", shape=square(4), paci="20000044"))
        assert (again.changed, again.left_out) == (2, 0), "what was undone may come again on the same day"


def test_an_extract_stays_as_issued_and_does_not_stop_it(client: Client, office: Office) -> None:
    file = office.load(row(1))
    plot = Plot.objects.get()
    extract = extracts.make(plot, clock.today(), None)
    assert extract is not None
    undone(office, file)
    assert client.get(f"/en/plots/{plot.public_id}/").status_code == 404
    page = client.get(f"/en/zoning/extracts/{extract.uuid}/")
    assert page.status_code == 200
    assert plot.public_id not in page.content.decode()


def test_two_people_and_a_reason(office: Office) -> None:
    file = office.load(row(1))
    for reason in ("", "   x   "):
        with pytest.raises(Refused, match="no_reason"):
            undo.ask(file=file, reason=reason, asked_by=office.clerk)
    with pytest.raises(NotPermitted, match="not_your_role"):
        undo.ask(file=file, reason=WHY, asked_by=StaffFactory(groups=["officer"], login="o"))
    asked = undo.ask(file=file, reason=WHY, asked_by=office.planner)
    with pytest.raises(Refused, match="asked_already"):
        undo.ask(file=file, reason=WHY, asked_by=office.clerk)
    for nobody, code in ((office.planner, "same_person"), (office.clerk, "not_your_role")):
        with pytest.raises(NotPermitted, match=code):
            undo.allow(undo=asked, allowed_by=nobody)
    undo.refuse(undo=asked, refused_by=office.second)
    with pytest.raises(Refused, match="done"):
        undo.allow(undo=asked, allowed_by=office.second)
    assert queries.by_number(Plot.objects.get().area, "3", "1")
    undone(office, file)
    with pytest.raises(Refused, match="asked_already"):
        undo.ask(file=file, reason=WHY, asked_by=office.clerk)


def test_the_same_file_comes_in_again_once_its_load_is_undone(office: Office) -> None:
    content = geopackage(row(1), row(2))
    file = office.load(content=content)
    asked = allowed(office, file)
    assert undo.carry_out(undo_id=asked.pk, size=1, seconds=0)
    with pytest.raises(Refused, match="same_file"):
        office.read(content=content)
    run_due(JOBS)
    again = office.load(content=content)
    assert (again.added, again.left_out, Plot.objects.filter(valid_to=None).count()) == (2, 0, 2)
    with pytest.raises(Refused, match="same_file"):
        office.read(content=content)


def _reshaped(office: Office) -> None:
    office.load(row(1, shape=moved(1, WIDE / 10)))


def _renumbered(office: Office) -> None:
    office.load(row("1A", shape=square(1)))


def _corrected(office: Office) -> None:
    office.load(row(2, official=700))


def _number_given_away(office: Office) -> None:
    office.load(row("3", shape=square(30)))


def _given_a_paci_number(office: Office) -> None:
    office.load(row(1, paci="20000001"))


def _given_another_area(office: Office) -> None:
    office.load(row(1, official=440))


@pytest.mark.parametrize("later", [_reshaped, _renumbered, _corrected, _number_given_away, _given_a_paci_number, _given_another_area])
def test_a_load_on_which_something_later_builds_stays(office: Office, later: Callable[[Office], None]) -> None:
    office.load(row(2, official=5), row("3"))
    with clock.at(clock.now() + MONTH):
        file = office.load(row(1), row(2, official=6), row("3A", shape=square(3)))
    with clock.at(clock.now() + 2 * MONTH):
        asked = undo.ask(file=file, reason=WHY, asked_by=office.clerk)
        later(office)
        with pytest.raises(Refused, match="built_on"):
            undo.allow(undo=asked, allowed_by=office.planner)
        assert not AuditEvent.objects.filter(action__in=("plots.undo_allowed", "plots.undone")).exists()


def test_a_load_on_which_nothing_builds_any_more_is_undone(office: Office) -> None:
    file = office.load(row(1))
    with clock.at(clock.now() + MONTH):
        later = office.load(row(1, paci="20000001"))
        undone(office, later)
        undone(office, file)
        assert queries.by_paci("20000001") is None and not Plot.objects.filter(valid_to=None).exists()


def test_a_paci_number_of_an_undone_load_goes_from_the_plot_that_it_passed_on_to(office: Office) -> None:
    office.load(row(1))
    with clock.at(clock.now() + MONTH):
        file = office.load(row(1, paci="20000001"))
    with clock.at(clock.now() + 2 * MONTH):
        office.load(row("1A", shape=square(1)))
        passed_on = queries.by_paci("20000001")
        assert passed_on is not None and passed_on.number == "1A"
        undone(office, file)
        assert queries.by_paci("20000001") is None


def test_a_load_stays_while_somebody_waits_for_an_opinion_on_its_plots(office: Office, rules: None) -> None:
    file = office.load(row(1, official=7))
    submitted(Plot.objects.get(load=file), PersonFactory(), activity=None, floor=None)
    with pytest.raises(Refused, match="built_on"):
        undo.ask(file=file, reason=WHY, asked_by=office.clerk)


def test_nothing_begins_on_a_plot_whose_load_is_being_undone(office: Office, rules: None) -> None:
    around = square(1).buffer(0.01)
    make_layer("land_use", ("PRIVATE", around), kind="land_use", covers=around)
    file, person = office.load(row(1, official=7)), PersonFactory()
    plot, layer = Plot.objects.get(load=file), Layer.objects.get(pk="land_use")
    draft = begun(plot, person, activity=None, floor=None)
    asked = undo.ask(file=file, reason=WHY, asked_by=office.clerk)
    undo.allow(undo=asked, allowed_by=office.planner)  # the job that ends the plot is still to come
    assert Plot.objects.get(load=file).valid_to is None
    with pytest.raises(Refused, match="plot_ended"):
        requests.submit(draft=draft, person=person, version=draft.version, expected_fils=FEE)
    with pytest.raises(Refused, match="plot_ended"):
        requests.begin(plot=plot, person=PersonFactory(noura=True), answers={"asker": "owner", "activity": None, "floor": None})
    with pytest.raises(Refused, match="not_said"):
        contests.contest(plot=plot, layer=layer, person=person, should_be="x", reason="y")
    assert not Opinion.objects.exists() and not LayerContest.objects.exists()


def test_what_is_asked_about_a_plot_goes_on_while_its_undoing_is_only_proposed(office: Office, rules: None) -> None:
    around = square(1).buffer(0.01)
    make_layer("land_use", ("PRIVATE", around), kind="land_use", covers=around)
    file, person = office.load(row(1, official=7)), PersonFactory()
    plot = Plot.objects.get(load=file)
    asked = undo.ask(file=file, reason=WHY, asked_by=office.clerk)
    assert submitted(plot, person, activity=None, floor=None)
    assert contests.contest(plot=plot, layer=Layer.objects.get(pk="land_use"), person=person, should_be="x", reason="y")
    with pytest.raises(Refused, match="built_on"):
        undo.allow(undo=asked, allowed_by=office.planner)


def test_a_load_that_was_stopped_is_undone_and_brings_nothing_more(office: Office) -> None:
    file = office.read(row(1), row(2), row(3))
    with pytest.raises(Refused, match="not_loaded"):
        undo.ask(file=file, reason=WHY, asked_by=office.clerk)
    imports.release(file=file, released_by=office.planner)
    imports.apply_released(file_id=file.pk, size=1, seconds=0)
    with pytest.raises(Refused, match="not_loaded"):
        undo.ask(file=file, reason=WHY, asked_by=office.clerk)
    imports.stop(file=file, stopped_by=office.clerk)
    undone(office, file)
    imports.resume(file=file, by=office.planner)
    run_due(("imports.take",))
    file.refresh_from_db()
    assert (file.added, file.left_out, file.done_at is not None) == (1, 2, True)
    assert not Plot.objects.filter(valid_to=None).exists()


@pytest.fixture
def third(office: Office) -> tuple[Any, dict[str, Any]]:
    """A second load over the first, and what the register said before it."""
    office.load(*(row(number) for number in range(1, 6)))
    with clock.at(clock.now() + MONTH):
        before = answers()
        changes = [row(2, shape=moved(2, WIDE / 10)), row(3, official=431), row("4A", shape=square(4)), row(1), row(6, paci="20000006")]
        return office.load(*changes), before


def test_an_undoing_goes_on_where_a_worker_died_and_does_everything_once(
    office: Office, third: tuple[Any, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, before = third
    with clock.at(clock.now() + MONTH):
        asked = allowed(office, file)
        loaded = answers()
        assert loaded != before, "the request of the second person undoes nothing itself"
        assert undo.carry_out(undo_id=asked.pk, size=2, seconds=0)
        middle = answers()
        with monkeypatch.context() as dying:
            dying.setattr(undo, "failpoint", lambda _name: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                undo.carry_out(undo_id=asked.pk, size=2)
        asked.refresh_from_db()
        assert (asked.undone_line, asked.done_at, answers()) == (2, None, middle) and middle not in (before, loaded)
        while undo.carry_out(undo_id=asked.pk, size=2, seconds=0):
            pass
        run_due(JOBS)  # the jobs of the rest find nothing to do
        assert answers() == before and undo.carry_out(undo_id=asked.pk) is False
        asked.refresh_from_db()
        assert (asked.undone_line, asked.done_at is not None) == (5, True)
        acts = AuditEvent.objects.filter(subject=file.key, action="plots.undone").order_by("pk")
        assert [(act.data["first_line"], act.data["last_line"], act.data["plots"]) for act in acts] == [(1, 2, 0), (3, 4, 1), (5, 5, 1)]


def test_no_load_comes_in_while_another_one_is_undone(office: Office, third: tuple[Any, dict[str, Any]]) -> None:
    file, before = third
    with clock.at(clock.now() + MONTH):
        other = office.read(row("4", shape=square(30)), row(2, shape=moved(2, WIDE / 5)))
        asked = allowed(office, file)
        assert undo.carry_out(undo_id=asked.pk, size=1, seconds=0)
        imports.release(file=other, released_by=office.planner)
        run_due(("imports.take",))
        job = Job.objects.get(kind="imports.take", args__file_id=other.pk)
        assert (job.state, Plot.objects.filter(load=other).count(), PlotShape.objects.filter(load=other).count()) == ("on_hold", 0, 0)
        run_due(JOBS)
        assert answers() == before
    with clock.at(clock.now() + MONTH + dt.timedelta(minutes=1)):
        run_due(("imports.take",))
        other.refresh_from_db()
        assert other.done_at is not None and other.left_out == 2, "the register is no longer as its dry run found it"


def test_the_page_shows_how_far_an_undoing_is_and_its_end(office: Office, third: tuple[Any, dict[str, Any]]) -> None:
    file, _before = third
    page = f"/admin/plots/files/{file.public_id}/undo/"
    with clock.at(clock.now() + MONTH):
        clerk = signed_in(office.clerk)
        asked = allowed(office, file)
        undo.carry_out(undo_id=asked.pk, size=2, seconds=0)
        running = clerk.get(page)
        pages = ("/admin/plots/files/", f"/admin/plots/files/{file.public_id}/", page)
        assert all("يجري التراجع" in clerk.get(one).content.decode() for one in pages), "no two pages disagree"
        assert running["Refresh"] and '<progress max="5" value="2"' in running.content.decode()
        for step in ("allow", "refuse", "ask"):
            answer = signed_in(office.second).post(page, {"step": step, "reason": WHY})
            assert answer.status_code == 409 and not answer.has_header("Refresh")
        run_due(JOBS)
        ended = clerk.get(page)
        assert all("تم التراجع عنه" in clerk.get(one).content.decode() for one in pages)
        assert not ended.has_header("Refresh") and '<progress max="5" value="5"' in ended.content.decode()


def raw(sql: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.rowcount)


ATTACKS = {
    "DELETE FROM zoning_plot": "never_deleted",
    "DELETE FROM zoning_plotshape": "never_deleted",
    "DELETE FROM zoning_plotsuccession": "insert_only",
    "DELETE FROM zoning_plotchange": "insert_only",
    "UPDATE zoning_plot SET number = '9' WHERE number = '1'": "frozen",
    "UPDATE zoning_plot SET block = '9'": "frozen",
    "UPDATE zoning_plotshape SET west = west - 0.001": "frozen",
    "UPDATE zoning_plotshape SET valid_from = '2001-01-01'": "frozen",
    "UPDATE zoning_plotshape SET valid_to = NULL WHERE plot_id IN (SELECT id FROM zoning_plot WHERE valid_to IS NOT NULL)": "closed_once",
    "UPDATE zoning_plotshape SET valid_to = '2030-01-01' WHERE valid_to IS NOT NULL": "closed_once",
    "UPDATE zoning_plot SET valid_to = '2030-01-01' WHERE valid_to IS NOT NULL": "closed_once",
    "UPDATE zoning_plotshape SET valid_to = valid_from WHERE valid_to IS NULL": "not_undone",
    "UPDATE zoning_plot SET valid_to = valid_from WHERE valid_to IS NULL": "not_undone",
    "UPDATE zoning_plotchange SET day = '2001-01-01'": "insert_only",
}


@pytest.mark.guards
@pytest.mark.parametrize("sql", ATTACKS)
def test_the_database_refuses_what_would_rewrite_the_register(office: Office, sql: str) -> None:
    office.load(row(1), row(2))
    with clock.at(clock.now() + MONTH):
        office.load(row("1A", shape=square(1)), row(2, shape=moved(2, WIDE / 10)))
    with pytest.raises(IntegrityError, match=ATTACKS[sql]):
        raw(sql)
    without_guards()
    with transaction.atomic():
        assert raw(sql) > 0, "the control: without the guard it does"
        transaction.set_rollback(True)


@pytest.mark.guards
def test_a_shape_of_a_file_that_nobody_released_is_refused(office: Office) -> None:
    file = office.read(row(1))
    values = {"area": Area.objects.order_by("pk")[0], "block": "3", "number": "1", "valid_from": clock.today(), "load": file}
    with pytest.raises(IntegrityError, match="not_released"), transaction.atomic():
        Plot.objects.create(**values)
    drop_guard("zoning_plot_by_released_file", "zoning_plot")
    assert Plot.objects.create(**values).pk, "the control: without the guard it does"


@pytest.mark.guards
def test_no_undoing_without_its_event(office: Office) -> None:
    file, other = office.load(row(1)), office.load(row(2))
    asked = undo.ask(file=file, reason=WHY, asked_by=office.clerk)
    foreign = AuditEvent.objects.filter(subject=other.key).order_by("pk")[0]
    with pytest.raises(IntegrityError, match="undone_without_event"), transaction.atomic():
        LoadUndo.objects.filter(pk=asked.pk).update(event=foreign, allowed_by=office.planner)
    drop_guard("zoning_loadundo_by_event", "zoning_loadundo")
    assert LoadUndo.objects.filter(pk=asked.pk).update(event=foreign, allowed_by=office.planner), "the control"


@pytest.mark.guards
def test_no_undoing_goes_on_without_being_allowed_nor_once_it_is_over(office: Office) -> None:
    file = office.load(row(1))
    rows = LoadUndo.objects.filter(pk=undo.ask(file=file, reason=WHY, asked_by=office.clerk).pk)
    with pytest.raises(IntegrityError, match="zoning_undo_whole"), transaction.atomic():
        rows.update(undone_line=1)
    undo.allow(undo=rows.get(), allowed_by=office.planner)
    run_due(JOBS)
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        rows.update(undone_line=0)
    without_guards()
    assert rows.update(undone_line=0), "the control"

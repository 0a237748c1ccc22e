"""A version of a layer is loaded by one person and put in force by another; a repeal takes two people likewise."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from shapely.affinity import translate
from shapely.geometry import Polygon, box

from municipality.audit.models import AuditEvent
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from tests.database_guards import drop_guard
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from tests.zoning.imports.conftest import Office
from tests.zoning.layers.files import loaded, surfaces
from zoning.layers import queries, reading, services
from zoning.layers.difference import CodeChange, difference
from zoning.models import LayerFeature, LayerRepeal, LayerVersion

AROUND = SQUARE.buffer(0.02)
DAY = dt.timedelta(days=1)
PRIVATE = surfaces(("PRIVATE", AROUND), ("", AROUND))
SHOPS = surfaces(("COMMERCIAL", AROUND), ("", AROUND))


@pytest.fixture
def land(office: Office) -> LayerVersion:
    return make_layer("land_use", ("PRIVATE", AROUND), kind="land_use", covers=AROUND)


def only() -> queries.LayerFinding:
    (found,) = queries.findings(SQUARE, clock.today(), queries.catalogue())
    return found


def said(day: dt.date) -> tuple[str, list[str], int]:
    """What the layer says of the square: standing, codes, and the number of an announced version."""
    (found,) = queries.findings(SQUARE, day, queries.catalogue())
    return found.standing, [one.code for one in found.surfaces], found.pending.number if found.pending else 0


def test_a_version_is_announced_then_in_force_and_the_one_before_ends_on_the_same_day(office: Office, land: LayerVersion) -> None:
    today = clock.today()
    new = loaded("land_use", SHOPS, today, office.clerk)
    assert (new.number, new.status, new.features.count()) == (2, "pending", 2)
    assert said(today) == ("applies", ["PRIVATE"], 2)
    services.put_in_force(version=new, by=office.planner)
    assert said(today) == ("applies", ["COMMERCIAL"], 0)
    assert said(today - DAY) == ("applies", ["PRIVATE"], 0)
    land.refresh_from_db()
    assert (land.status, land.valid_to) == ("repealed", today)
    file = ImportFile.objects.get(kind="layers")
    assert (file.loaded_by, file.released_by) == (office.clerk, office.planner) and file.done_at is not None
    assert list(AuditEvent.objects.filter(subject="layer:land_use-2").order_by("pk").values_list("action", flat=True)) == [
        "layers.loaded",
        "layers.in_force",
    ]
    with pytest.raises(Refused, match="done"):
        services.refuse(version=new, by=office.planner)


def test_a_version_that_is_decided_for_a_later_day_stays_announced_until_then(office: Office, land: LayerVersion) -> None:
    first = clock.today() + 30 * DAY
    services.put_in_force(version=loaded("land_use", SHOPS, first, office.clerk), by=office.planner)
    assert said(clock.today()) == ("applies", ["PRIVATE"], 2)
    assert only().ends_on is None, "another version follows"
    loaded("land_use", surfaces(("INVESTMENT", AROUND), ("", AROUND)), first + DAY, office.clerk)
    assert said(clock.today())[2] == 2, "the first of two is announced"
    with clock.at(clock.now() + 30 * DAY):
        assert said(first) == ("applies", ["COMMERCIAL"], 3)
        assert said(first - DAY) == ("applies", ["PRIVATE"], 3)


def test_an_object_of_a_later_day_is_not_measured_yet(office: Office) -> None:
    make_layer("schools", kind="objects", covers=AROUND)
    near = surfaces(("school", translate(SQUARE, 0.001, 0)), ("", AROUND))
    first = clock.today() + 30 * DAY
    services.put_in_force(version=loaded("schools", near, first, office.clerk), by=office.planner)
    assert queries.surroundings(SQUARE, {"schools": 400}, clock.today())["schools"] == queries.Surroundings(is_known=True)
    known = queries.around(SQUARE, clock.today(), {}, {"schools": 400}).versions
    assert {one.pk for one in known if queries.applies(one, clock.today())} < {one.pk for one in known}, "a contest names the one in force"
    with clock.at(clock.now() + 30 * DAY):
        assert queries.surroundings(SQUARE, {"schools": 400}, first)["schools"].nearest is not None


def test_whoever_loaded_a_version_cannot_put_it_in_force_and_a_clerk_never_can(office: Office, land: LayerVersion) -> None:
    new = loaded("land_use", SHOPS, clock.today(), office.planner)
    for person in (office.planner, office.clerk):
        with pytest.raises(NotPermitted):
            services.put_in_force(version=new, by=person)
    assert said(clock.today())[1] == ["PRIVATE"]
    services.put_in_force(version=new, by=office.second)


def test_a_version_that_was_refused_is_no_longer_announced_and_the_file_may_come_again(office: Office, land: LayerVersion) -> None:
    new = loaded("land_use", SHOPS, clock.today(), office.clerk)
    with pytest.raises(Refused, match="waiting"):
        loaded("land_use", PRIVATE, clock.today(), office.clerk)
    services.refuse(version=new, by=office.clerk)
    assert said(clock.today()) == ("applies", ["PRIVATE"], 0)
    assert loaded("land_use", SHOPS, clock.today(), office.clerk).number == 3


def test_the_file_of_a_version_that_was_replaced_or_repealed_may_come_again(office: Office, land: LayerVersion) -> None:
    today = clock.today()

    def in_force(content: bytes, days: int) -> LayerVersion:
        version = loaded("land_use", content, today + days * DAY, office.clerk)
        services.put_in_force(version=version, by=office.planner)
        return version

    in_force(SHOPS, 0)
    with pytest.raises(Refused, match="same_file"):
        in_force(SHOPS, 1)
    in_force(PRIVATE, 1)
    again = in_force(SHOPS, 2)
    why = {"instrument_ar": "قرار", "instrument_en": "Decision"}
    services.ask_repeal(version=again, ends_on=today + 3 * DAY, asked_by=office.clerk, **why)
    with pytest.raises(Refused, match="same_file"):
        in_force(SHOPS, 3)
    services.allow_repeal(version=again, by=office.planner)
    assert in_force(SHOPS, 3).number == 5


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (surfaces(("A", SQUARE), ("B", None), ("", AROUND)), [(2, "", "empty")]),
        (surfaces(("A", box(0, 0, 1, 1)), ("", AROUND)), [(1, "", "outside")]),
        (surfaces(("A b", SQUARE)), [(1, "code", "code")]),
        (surfaces(("A", SQUARE), label_en=""), [(1, "label_en", "missing")]),
        (surfaces(("A", SQUARE), coverage="x"), [(1, "coverage", "coverage")]),
        (surfaces(("A", SQUARE), coverage="نعم"), [(1, "code", "code_of_coverage")]),
        (surfaces(("", SQUARE), coverage="0"), [(1, "code", "missing")]),
    ],
)
def test_wrong_rows_are_named_and_nothing_of_the_file_is_loaded(office: Office, content: bytes, found: list[tuple[int, str, str]]) -> None:
    make_layer("road", covers=AROUND)
    assert reading.read(content, "restriction").found == found
    with pytest.raises(Refused, match="bad_rows"):
        loaded("road", content, clock.today(), office.clerk)
    assert LayerVersion.objects.count() == 1 and LayerFeature.objects.count() == 1 and not ImportFile.objects.exists()


def test_without_a_surveyed_surface_the_person_has_to_say_that_the_surfaces_are_all(office: Office) -> None:
    make_layer("road", covers=AROUND)
    half = box(*SQUARE.bounds[:2], SQUARE.centroid.x, SQUARE.bounds[3])
    content = surfaces(("road", half))
    with pytest.raises(Refused, match="no_coverage"):
        loaded("road", content, clock.today(), office.clerk)
    with pytest.raises(Refused, match="coverage_twice"):
        loaded("road", surfaces(("road", half), ("", AROUND)), clock.today(), office.clerk, is_whole=True)
    services.put_in_force(version=loaded("road", content, clock.today(), office.clerk, is_whole=True), by=office.planner)
    (found,) = queries.findings(SQUARE, clock.today(), queries.catalogue())
    assert found.standing == "applies" and found.unknown_share == pytest.approx(0.5, abs=0.01)


def test_an_outline_that_crosses_itself_is_repaired_and_counted(office: Office) -> None:
    west, south, east, north = SQUARE.bounds
    bow = Polygon([(west, south), (east, north), (east, south), (west, north)])
    file = reading.read(surfaces(("road", bow)), "restriction")
    assert (file.repaired, file.found, file.counts()) == ([1], [], {"road": 1})


def test_what_is_no_file_of_a_layer_is_refused_with_a_sentence(office: Office) -> None:
    for content, code in ((b"", "empty"), (b"PK\x03\x04", "damaged"), (b"{}", "json_kind"), (surfaces(), "empty"), (b"x" * 9, "not_a_map")):
        with pytest.raises(reading.LayerNotReadable) as error:
            reading.read(content, "restriction")
        assert error.value.code == code and error.value.sentence


def test_a_first_day_before_the_version_in_force_is_refused(office: Office, land: LayerVersion) -> None:
    new = loaded("land_use", SHOPS, land.valid_from, office.clerk)
    with pytest.raises(Refused, match="too_early"):
        services.put_in_force(version=new, by=office.planner)
    assert said(clock.today())[1] == ["PRIVATE"]


def test_a_repeal_takes_two_people_and_leaves_no_data(office: Office, land: LayerVersion) -> None:
    asked: dict[str, Any] = {"version": land, "instrument_ar": "قرار", "instrument_en": "Decision", "asked_by": office.planner}
    with pytest.raises(Refused, match="too_early"):
        services.ask_repeal(ends_on=land.valid_from, **asked)
    services.ask_repeal(ends_on=clock.today(), **asked)
    with pytest.raises(Refused, match="asked_already"):
        services.ask_repeal(ends_on=clock.today(), **asked)
    for person in (office.planner, office.clerk):
        with pytest.raises(NotPermitted):
            services.allow_repeal(version=land, by=person)
    services.allow_repeal(version=land, by=office.second)
    assert said(clock.today())[0] == "no_data" and said(clock.today() - DAY)[0] == "applies"
    repeal = LayerRepeal.objects.get()
    assert repeal.event is not None and repeal.event.action == "layers.repealed" and repeal.allowed_by == office.second
    with pytest.raises(Refused, match="done"):
        services.refuse_repeal(version=land, by=office.second)


def test_a_repeal_that_is_decided_for_a_later_day_is_announced(office: Office, land: LayerVersion) -> None:
    ends_on = clock.today() + 30 * DAY
    services.ask_repeal(version=land, ends_on=ends_on, instrument_ar="قرار", instrument_en="Decision", asked_by=office.clerk)
    assert only().ends_on is None, "nobody decided it yet"
    services.allow_repeal(version=land, by=office.planner)
    assert (only().standing, only().ends_on) == ("applies", ends_on)
    with clock.at(clock.now() + 30 * DAY):
        assert (only().standing, only().ends_on) == ("no_data", None)


def test_a_repeal_that_was_refused_changes_nothing_and_may_be_asked_for_again(office: Office, land: LayerVersion) -> None:
    asked = {"version": land, "instrument_ar": "قرار", "instrument_en": "Decision", "asked_by": office.clerk, "ends_on": clock.today()}
    services.ask_repeal(**asked)
    services.refuse_repeal(version=land, by=office.clerk)
    assert said(clock.today())[0] == "applies"
    services.ask_repeal(**asked)


def test_the_database_refuses_a_version_in_force_by_one_person(office: Office, land: LayerVersion) -> None:
    new = loaded("land_use", SHOPS, clock.today(), office.clerk)
    alone = {"status": "in_force"}
    with pytest.raises(IntegrityError, match="not_released"), transaction.atomic():
        LayerVersion.objects.filter(pk=new.pk).update(**alone)
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportFile.objects.filter(pk=new.load_id).update(released_by=office.clerk, released_at=clock.now())
    for name in ("by", "ends_by"):
        drop_guard(f"zoning_layerversion_{name}_two_people", "zoning_layerversion")
    LayerVersion.objects.filter(pk=land.pk).update(valid_to=clock.today())
    LayerVersion.objects.filter(pk=new.pk).update(**alone)
    assert said(clock.today())[1] == ["COMMERCIAL"], "without the guards one person changes the land use"


def test_the_database_refuses_an_end_without_two_people(office: Office, land: LayerVersion) -> None:
    for end in ({"valid_to": clock.today()}, {"status": "repealed", "valid_to": clock.today()}):
        with pytest.raises(IntegrityError, match="not_repealed"), transaction.atomic():
            LayerVersion.objects.filter(pk=land.pk).update(**end)
    drop_guard("zoning_layerversion_ends_by_two_people", "zoning_layerversion")
    LayerVersion.objects.filter(pk=land.pk).update(valid_to=clock.today())
    assert said(clock.today())[0] == "no_data", "without the guard a restriction ends in silence"


def test_the_plots_that_change_are_counted_by_code(office: Office) -> None:
    east = SQUARE.bounds[2] - SQUARE.bounds[0]
    for step in range(4):
        PlotFactory(shape=translate(SQUARE, step * east, 0))
    first_two = box(*SQUARE.bounds[:2], SQUARE.bounds[0] + 2 * east, SQUARE.bounds[3])
    rest = AROUND.difference(first_two)
    make_layer("land_use", ("PRIVATE", AROUND), kind="land_use", covers=AROUND)
    content = surfaces(("COMMERCIAL", first_two), ("PRIVATE", rest), ("", AROUND))
    found = difference(loaded("land_use", content, clock.today(), office.clerk))
    assert list(found.changes) == [CodeChange(("PRIVATE",), ("COMMERCIAL",), 2)]
    assert (found.compared, found.plots) == (4, 4)


def test_the_comparison_ends_when_its_time_is_over_and_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in range(3):
        PlotFactory(shape=translate(SQUARE, step * 0.001, 0))
    make_layer("land_use", ("PRIVATE", AROUND), kind="land_use", covers=AROUND)
    new = loaded("land_use", SHOPS, clock.today(), office.clerk)
    monkeypatch.setattr("zoning.layers.difference.BATCH", 1)
    began = time.monotonic()
    found = difference(new, seconds=0)
    assert (found.compared, found.plots) == (1, 3) and time.monotonic() - began < 5

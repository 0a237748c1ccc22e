"""What a line of the register may say: each value is taken, left, taken away, or refused with a sentence in two languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from municipality.kernel import arabic
from shops.imports import validation
from shops.imports.columns import COLUMNS
from shops.imports.problems import FILE, LINE
from shops.imports.validation import KnownShops, check
from tests.conftest import NOON
from tests.shops.imports.sheets import GOOD

KNOWN = KnownShops(
    today=NOON.date(),
    activities={arabic.fold("WSAL"): "WSAL", arabic.fold("صالون نسائي"): "WSAL"},
    governorates={"ha": "HA", "fa": "FA"},
    areas={arabic.fold("السالمية"): [(7, "HA", "HA")], arabic.fold("القصور"): [(8, "HA", "HA"), (9, "FA", "FA")]},
    holders=frozenset({"88001"}),
)
STANDS = {
    "pk": 1, "public_id": "a" * 26, "merged": False, "name_ar": "صالون لمسة البحر", "name_en": "Lamsat Al-Bahar Salon",
    "activity_id": "WSAL", "area_id": 7, "branch_id": "HA", "block": "4", "street": "12", "building": "30", "plot": "", "floor": "",
    "unit": "", "paci_number": "10220001", "area_m2": 40, "commercial_license_end": "2027-05-31", "commercial_registration_no": "88001",
    "latitude": 29.3, "longitude": 48.0, "opened_on": None, "closed_on": None, "suspended_on": None,
}  # fmt: skip
NO_POINT = {"latitude": [29.3, None], "longitude": [48.0, None]}


def line(present: dict[str, Any] | None = None, **cells: Any) -> validation.CheckedLine:
    return check({**GOOD, **cells}, KNOWN, present)


def test_a_line_of_a_new_shop_says_all_its_columns() -> None:
    found = line(floor="٣", area_m2="٤٠", opened_on="31/05/2020", latitude="29.3759", longitude="47,9774")
    assert (found.outcome, found.problems, found.number) == ("add", [], "900001/2020")
    assert found.effect["floor"] == "3" and found.effect["area_m2"] == 40 and found.effect["opened_on"] == "2020-05-31"
    assert (found.effect["latitude"], found.effect["longitude"], found.effect["branch_id"]) == (29.3759, 47.9774, "HA")


def test_a_known_shop_keeps_what_the_line_does_not_say_and_a_dash_takes_away() -> None:
    same = line(STANDS, floor="", area_m2="")
    assert (same.outcome, same.effect) == ("same", {})
    changed = line(STANDS, building="-", plot="9", area_m2="—")
    assert changed.effect == {"building": ["30", ""], "plot": ["", "9"], "area_m2": [40, None], **NO_POINT}


@pytest.mark.parametrize(
    ("cells", "point"),
    [
        ({"block": "5"}, NO_POINT),
        ({"plot": "9", "building": "-"}, NO_POINT),
        ({"paci_number": "10220009", "street": "13"}, NO_POINT),
        ({"paci_number": "10220009"}, {}),
        ({"street": "13"}, {}),
        ({"floor": "2"}, {}),
        ({"block": "5", "latitude": "29.3", "longitude": "48"}, {}),
        ({"block": "5", "latitude": "29.4", "longitude": "48"}, {"latitude": [29.3, 29.4]}),
    ],
)
def test_a_shop_that_moves_keeps_no_old_point(cells: dict[str, str], point: dict[str, Any]) -> None:
    """As a single move does, unless the sheet says where the shop is now."""
    effect = line(STANDS, **cells).effect
    assert {name: effect[name] for name in ("latitude", "longitude") if name in effect} == point
    assert not {"latitude", "longitude"} & line({**STANDS, "latitude": None, "longitude": None}, block="5").effect.keys()


@pytest.mark.parametrize(
    ("state", "stands", "effect"),
    [
        ("closed", {}, {"closed_on": [None, "2026-11-01"], "state_on": ["", "2026-11-01"]}),
        ("موقوف", {}, {"suspended_on": [None, "2026-11-01"], "state_on": ["", "2026-11-01"]}),
        ("open", {"closed_on": "2026-01-01"}, {"closed_on": ["2026-01-01", None], "state_on": ["", "2026-11-01"]}),
        ("open", {"suspended_on": "2026-01-01"}, {"suspended_on": ["2026-01-01", None], "state_on": ["", "2026-11-01"]}),
        (
            "مغلق",
            {"suspended_on": "2026-01-01"},
            {"suspended_on": ["2026-01-01", None], "closed_on": [None, "2026-11-01"], "state_on": ["", "2026-11-01"]},
        ),
        ("open", {}, {}),
    ],
)
def test_a_state_that_differs_needs_its_day_and_changes_with_it(state: str, stands: dict[str, Any], effect: dict[str, Any]) -> None:
    assert line(STANDS | stands, state=state, state_on="2026-11-01").effect == effect
    if effect:
        assert line(STANDS | stands, state=state).problems == [["state_on", "state_on"]]


@pytest.mark.parametrize(
    ("cells", "problems"),
    [
        ({"commercial_license_no": ""}, [["commercial_license_no", "missing"]]),
        ({"commercial_license_no": "2.9E+11"}, [["commercial_license_no", "sheet_number"]]),
        ({"commercial_license_no": "12*4"}, [["commercial_license_no", "licence_no"]]),
        ({"name_ar": "=1+1"}, [["name_ar", "formula"]]),
        ({"name_ar": "-"}, [["name_ar", "no_dash"]]),
        ({"name_ar": "ا" * 161}, [["name_ar", "too_long"]]),
        ({"street": "a\x00b"}, [["street", "control"]]),
        ({"activity": "XXXX"}, [["activity", "activity"]]),
        ({"area": "لا مكان"}, [["area", "area"]]),
        ({"area": "القصور", "governorate": ""}, [["governorate", "area_twice"]]),
        ({"governorate": "ZZ"}, [["governorate", "governorate"]]),
        ({"paci_number": "123"}, [["paci_number", "paci"]]),
        ({"area_m2": "-4"}, [["area_m2", "formula"]]),
        ({"area_m2": "0"}, [["area_m2", "number"]]),
        ({"commercial_license_end": "2027-02-30"}, [["commercial_license_end", "date"]]),
        ({"opened_on": "2030-01-01"}, [["opened_on", "future"]]),
        ({"opened_on": "1900-01-01"}, [["opened_on", "too_old"]]),
        ({"latitude": "48.1", "longitude": "29.3"}, [["latitude", "point"], ["longitude", "point"]]),
        ({"latitude": "29.3"}, [["latitude", "no_longitude"]]),
        ({"longitude": "48.1"}, [["longitude", "no_latitude"]]),
        ({"plot": "9"}, [["building", "building_and_plot"]]),
        ({"building": ""}, [["building", "building_or_plot"]]),
        ({"building": "-"}, [["building", "building_or_plot"]]),
        ({"building": "=1+1"}, [["building", "formula"]]),
        ({"state": "x"}, [["state", "state"]]),
        ({"commercial_registration_no": "99", "holder_ar": ""}, [["holder_ar", "holder"]]),
        ({"public_id": "b" * 26}, [["public_id", "public_id"]]),
        ({"block": "", "street": "", "paci_number": "x"}, [["paci_number", "paci"], ["block", "missing"], ["street", "missing"]]),
    ],
)
def test_a_wrong_cell_of_a_new_shop_is_told_with_its_column(cells: dict[str, Any], problems: list[list[str]]) -> None:
    found = line(**cells)
    assert (found.problems, found.outcome, found.effect) == (problems, "wrong", {})


@pytest.mark.parametrize(
    ("stands", "cells", "problems"),
    [
        ({"merged": True}, {}, [["commercial_license_no", "merged"]]),
        ({"closed_on": "2026-01-01"}, {"state": "suspended", "state_on": "2026-02-01"}, [["state", "closed_suspended"]]),
        ({"closed_on": "2026-01-01"}, {"state": "open", "state_on": "2025-12-31"}, [["state_on", "state_early"]]),
        ({"suspended_on": "2026-01-01"}, {"state": "open", "state_on": "2025-12-31"}, [["state_on", "state_early"]]),
        ({}, {"public_id": "b" * 26}, [["public_id", "public_id"]]),
        ({}, {"plot": "9", "building": ""}, [["plot", "building_and_plot"]]),
        ({}, {"building": "-"}, [["building", "building_or_plot"]]),
        ({}, {"longitude": "-"}, [["longitude", "no_longitude"]]),
        ({"latitude": None, "longitude": None}, {"longitude": "48.1"}, [["longitude", "no_latitude"]]),
        ({"building": "", "plot": "9"}, {"building": "", "plot": "-"}, [["plot", "building_or_plot"]]),
        ({"plot": "9"}, {"building": "31"}, [["building", "building_and_plot"]]),
        ({}, {"commercial_license_end": "-"}, [["commercial_license_end", "no_dash"]]),
    ],
)
def test_a_wrong_cell_beside_the_present_shop_is_told(stands: Any, cells: dict[str, Any], problems: list[list[str]]) -> None:
    assert line(STANDS | stands, **cells).problems == problems


@pytest.mark.parametrize("cells", [{"building": ""}, {"building": "30", "plot": "9"}, {"building": "-"}])
def test_a_shop_that_has_a_building_and_a_plot_is_not_held_up_by_them(cells: dict[str, str]) -> None:
    """A request or the commercial register may give both; a line that leaves them, or takes one away, changes the rest."""
    found = line(STANDS | {"plot": "9"}, state="closed", state_on="2026-11-01", **cells)
    assert found.problems == [] and found.effect["closed_on"] == [None, "2026-11-01"]


def test_every_error_has_a_sentence_in_both_languages() -> None:
    for sentence in (*LINE.values(), *FILE.values()):
        with translation.override("ar"):
            arabic_text = str(sentence)
        with translation.override("en"):
            assert str(sentence) != arabic_text


def test_every_column_has_an_arabic_name_that_no_other_has() -> None:
    names = [arabic.fold(name) for found in COLUMNS.values() for name in found]
    assert len(names) == len(set(names)) and all(COLUMNS.values())

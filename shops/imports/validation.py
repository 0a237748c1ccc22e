"""Validating one row: from its cells to its effect or all its problems. Makes no queries: `Known` has what is known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from municipality.imports.models import LineOutcome
from municipality.kernel import arabic, digits
from municipality.kernel.sheets import DASH, ROUNDED_NUMBER, day_of, text_of
from shops.imports.columns import KEY, NEEDED_OF_NEW
from shops.register.events import leaves_its_point

TEXTS = {"name_ar": 160, "name_en": 160, "block": 10, "street": 60, "building": 20, "plot": 20, "floor": 20, "unit": 20}
HOLDER = {"holder_ar": 160, "holder_en": 160}
# The values after a dash; an empty cell leaves the current value.
OPTIONAL = {"name_en": "", "building": "", "plot": "", "floor": "", "unit": "", "area_m2": None, "latitude": None, "longitude": None}
STATES = {
    **dict.fromkeys(("open", "مفتوح", "قائم", "عامل"), "open"),
    **dict.fromkeys(("suspended", "موقوف", "متوقف"), "suspended"),
    **dict.fromkeys(("closed", "مغلق", "ملغى"), "closed"),
}
_STATES = {arabic.fold(name): state for name, state in STATES.items()}
POINT = ("latitude", "longitude")
OLDEST = dt.date(1950, 1, 1)
# Kuwait with its waters (WGS 84).
NORTH, EAST = (28.4, 30.2), (46.4, 49.6)
_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9/-]{0,19}")
_DEGREES = re.compile(r"\d{1,2}(?:[.,]\d{1,12})?")


@dataclass(frozen=True)
class KnownShops:
    """What a row is compared with."""

    today: dt.date
    activities: Mapping[str, str]  # folded code or name → code
    governorates: Mapping[str, str]  # folded code or name → code
    areas: Mapping[str, list[tuple[int, str, str]]]  # folded name → (id, governorate, branch)
    holders: frozenset[str] = frozenset()  # registration numbers of known organisations


@dataclass
class CheckedLine:
    """The result of one row; `given` has columns of Shop, as JSON values."""

    number: str = ""
    problems: list[list[str]] = field(default_factory=list)  # [column, code]
    given: dict[str, Any] = field(default_factory=dict)
    outcome: LineOutcome = LineOutcome.WRONG
    effect: dict[str, Any] = field(default_factory=dict)

    def add_problem(self, column: str, code: str) -> None:
        self.problems.append([column, code])

    def has(self, column: str) -> bool:
        return any(name == column for name, _code in self.problems)


def number_of(cell: str) -> str:
    """A normalised licence or registration number: ASCII digits, capitals, no spaces."""
    return "".join(digits.clean(cell).split()).upper()


def check(cells: Mapping[str, str], known: KnownShops, present: Mapping[str, Any] | None, *, extra: bool = False) -> CheckedLine:
    """Validate one row against the current shop (None: a new one). Finds all problems at once."""
    line = CheckedLine()
    if extra:
        line.add_problem("", "cells")
    text = {column: value for column, cell in cells.items() if (value := _text(line, column, cell))}
    _number(line, text, present)
    for column in TEXTS:
        _set_text(line, text, column)
    _activity(line, text, known)
    _area(line, text, known)
    _numbers(line, text)
    _days(line, text, known)
    _point(line, text)
    _state(line, text, known, present)
    if present is None:
        _check_new(line, text, known)
    _check_together(line, present or {})
    if not line.problems:
        _compare(line, text, present)
    return line


def _text(line: CheckedLine, column: str, cell: str) -> str:
    """The text of a cell; a lone dash deletes the value."""
    text, problem = text_of(cell, TEXTS.get(column) or HOLDER.get(column) or 200)
    if problem:
        line.add_problem(column, problem)
    return text


def _set_text(line: CheckedLine, text: Mapping[str, str], column: str) -> None:
    value = text.get(column, "")
    if value == DASH:
        if column in OPTIONAL:
            line.given[column] = OPTIONAL[column]
        else:
            line.add_problem(column, "no_dash")
    elif value:
        line.given[column] = value


def _number(line: CheckedLine, text: Mapping[str, str], present: Mapping[str, Any] | None) -> None:
    number = number_of(text.get(KEY, ""))
    if not number:
        if not line.has(KEY):
            line.add_problem(KEY, "missing")
    elif ROUNDED_NUMBER.fullmatch(number):
        line.add_problem(KEY, "sheet_number")
    elif not _NUMBER.fullmatch(number):
        line.add_problem(KEY, "licence_no")
    else:
        line.number = number
    if (public_id := text.get("public_id", "").lower()) and line.number and (present is None or present["public_id"] != public_id):
        line.add_problem("public_id", "public_id")
    if present is not None and present.get("merged"):
        line.add_problem(KEY, "merged")


def _activity(line: CheckedLine, text: Mapping[str, str], known: KnownShops) -> None:
    if name := text.get("activity", ""):
        code = known.activities.get(arabic.fold(name), "")
        if code:
            line.given["activity_id"] = code
        else:
            line.add_problem("activity", "activity")


def _area(line: CheckedLine, text: Mapping[str, str], known: KnownShops) -> None:
    name, governorate = text.get("area", ""), ""
    if governorate_name := text.get("governorate", ""):
        governorate = known.governorates.get(arabic.fold(governorate_name), "")
        if not governorate:
            line.add_problem("governorate", "governorate")
            return
    if not name:
        return
    matches = [area for area in known.areas.get(arabic.fold(name), []) if not governorate or area[1] == governorate]
    if not matches:
        line.add_problem("area", "area")
    elif len(matches) > 1:
        line.add_problem("governorate", "area_twice")
    else:
        line.given |= {"area_id": matches[0][0], "branch_id": matches[0][2]}


def _numbers(line: CheckedLine, text: Mapping[str, str]) -> None:
    if paci := text.get("paci_number", ""):
        if re.fullmatch(r"\d{8}", paci, re.ASCII):
            line.given["paci_number"] = paci
        else:
            line.add_problem("paci_number", "sheet_number" if ROUNDED_NUMBER.fullmatch(paci) else "paci")
    if size := text.get("area_m2", ""):
        if size == DASH:
            line.given["area_m2"] = None
        elif re.fullmatch(r"[1-9]\d{0,6}", size, re.ASCII):
            line.given["area_m2"] = int(size)
        else:
            line.add_problem("area_m2", "number")
    if registration := number_of(text.get("commercial_registration_no", "")):
        if registration == DASH:
            line.add_problem("commercial_registration_no", "no_dash")
        elif ROUNDED_NUMBER.fullmatch(registration):
            line.add_problem("commercial_registration_no", "sheet_number")
        elif not _NUMBER.fullmatch(registration):
            line.add_problem("commercial_registration_no", "licence_no")
        else:
            line.given["commercial_registration_no"] = registration


def _day(line: CheckedLine, text: Mapping[str, str], column: str, today: dt.date | None = None) -> dt.date | None:
    value = text.get(column, "")
    if not value:
        return None
    if value == DASH:
        line.add_problem(column, "no_dash")
        return None
    day, problem = day_of(value, oldest=OLDEST, today=today)
    if problem:
        line.add_problem(column, problem)
    return day


def _days(line: CheckedLine, text: Mapping[str, str], known: KnownShops) -> None:
    if end := _day(line, text, "commercial_license_end"):
        line.given["commercial_license_end"] = end.isoformat()
    if opened := _day(line, text, "opened_on", known.today):
        line.given["opened_on"] = opened.isoformat()


def _point(line: CheckedLine, text: Mapping[str, str]) -> None:
    for column, (low, high) in (("latitude", NORTH), ("longitude", EAST)):
        value = text.get(column, "")
        if value == DASH:
            line.given[column] = None
        elif value:
            value = value.replace("٫", ".")
            degrees = float(value.replace(",", ".")) if _DEGREES.fullmatch(value) else 0.0
            if low <= degrees <= high:
                line.given[column] = round(degrees, 6)
            else:
                line.add_problem(column, "point")


def _state(line: CheckedLine, text: Mapping[str, str], known: KnownShops, present: Mapping[str, Any] | None) -> None:
    """Since when a shop is closed or suspended, if the sheet and the register differ in its state."""
    name = text.get("state", "")
    day = _day(line, text, "state_on", known.today)
    if not name:
        return
    state = _STATES.get(arabic.fold(name), "")
    current = "open"
    if present is not None:
        current = "closed" if present["closed_on"] else "suspended" if present["suspended_on"] else "open"
    if not state:
        line.add_problem("state", "state")
    elif state == current:
        return
    elif day is None:
        if not line.has("state_on"):
            line.add_problem("state_on", "state_on")
    elif state == "suspended" and current == "closed":
        line.add_problem("state", "closed_suspended")
    elif state == "open" and present is not None and _is_early(day, present["closed_on"] or present["suspended_on"], known.today):
        line.add_problem("state_on", "state_early")
    else:
        on = day.isoformat()
        line.given |= {"closed_on": on if state == "closed" else None, "suspended_on": on if state == "suspended" else None}
        line.given["state_on"] = on


def _is_early(day: dt.date, since: str, today: dt.date) -> bool:
    """Whether a shop would be open again before it was closed or suspended; a closing that lies ahead can be taken back."""
    return day.isoformat() < since <= today.isoformat()


def _check_new(line: CheckedLine, text: Mapping[str, str], known: KnownShops) -> None:
    for column in NEEDED_OF_NEW:
        if not text.get(column) and not line.has(column):
            line.add_problem(column, "missing")
    registration = line.given.get("commercial_registration_no", "")
    if registration and registration not in known.holders and text.get("holder_ar", DASH) == DASH and not line.has("holder_ar"):
        line.add_problem("holder_ar", "holder")


def _check_together(line: CheckedLine, present: Mapping[str, Any]) -> None:
    """Problems of several columns together, with the current values. What a shop has already is no problem of the line."""
    after = {**present, **line.given}
    house = after.get("building", ""), after.get("plot", "")
    if house != (present.get("building"), present.get("plot")) and not line.has("building") and not line.has("plot"):
        column = "plot" if "plot" in line.given and "building" not in line.given else "building"
        if all(house):
            line.add_problem(column, "building_and_plot")
        elif not any(house):
            line.add_problem(column, "building_or_plot")
    lacking = [column for column in POINT if after.get(column) is None]
    if len(lacking) == 1 and not any(line.has(column) for column in POINT):
        for column in [name for name in POINT if name in line.given][:1]:  # the sheet may not have the other column
            line.add_problem(column, f"no_{lacking[0]}")


def _compare(line: CheckedLine, text: Mapping[str, str], present: Mapping[str, Any] | None) -> None:
    if present is None:
        line.outcome = LineOutcome.ADD
        line.effect = line.given
        for column in HOLDER:
            if (name := text.get(column, "")) and name != DASH:
                line.effect[column] = name
        return
    differs = {name: [present[name], after] for name, after in line.given.items() if name != "state_on" and present[name] != after}
    if leaves_its_point(differs) and not line.given.keys() & set(POINT):  # a sheet with the place of the shop says where it is now
        differs |= {name: [present[name], None] for name in POINT if present[name] is not None}
    line.outcome = LineOutcome.CHANGE if differs else LineOutcome.SAME
    line.effect = differs
    if {"closed_on", "suspended_on"} & differs.keys():
        line.effect["state_on"] = ["", line.given["state_on"]]

"""From the cells of one line to what it does, or to every problem it has at once. Looks nothing up: what is known comes in as `Known`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from municipality.imports.models import Outcome
from municipality.kernel import arabic, digits
from municipality.kernel.sheets import DASH, ROUNDED, day_of, text_of
from shops.imports.columns import KEY, NEEDED_OF_NEW

TEXTS = {"name_ar": 160, "name_en": 160, "block": 10, "street": 60, "building": 20, "plot": 20, "floor": 20, "unit": 20}
HOLDER = {"holder_ar": 160, "holder_en": 160}
# What a dash takes away; an empty cell leaves what stands.
OPTIONAL = {"name_en": "", "building": "", "plot": "", "floor": "", "unit": "", "area_m2": None, "latitude": None, "longitude": None}
STATES = {
    **dict.fromkeys(("open", "مفتوح", "قائم", "عامل"), "open"),
    **dict.fromkeys(("suspended", "موقوف", "متوقف"), "suspended"),
    **dict.fromkeys(("closed", "مغلق", "ملغى"), "closed"),
}
_STATES = {arabic.fold(name): state for name, state in STATES.items()}
OLDEST = dt.date(1950, 1, 1)
# Kuwait with its waters (WGS 84).
NORTH, EAST = (28.4, 30.2), (46.4, 49.6)
_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9/-]{0,19}")
_DEGREES = re.compile(r"\d{1,2}(?:[.,]\d{1,12})?")


@dataclass(frozen=True)
class Known:
    """What a line is compared with."""

    today: dt.date
    activities: Mapping[str, str]  # folded code or name → code
    governorates: Mapping[str, str]  # folded code or name → code
    areas: Mapping[str, list[tuple[int, str, str]]]  # folded name → (id, governorate, branch)
    holders: frozenset[str] = frozenset()  # registration numbers of known organisations


@dataclass
class CheckedLine:
    """What a line says, as far as it could be read; `given` are columns of a shop, as JSON keeps them."""

    number: str = ""
    problems: list[list[str]] = field(default_factory=list)  # [column, code]
    given: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = Outcome.WRONG
    effect: dict[str, Any] = field(default_factory=dict)

    def wrong(self, column: str, code: str) -> None:
        self.problems.append([column, code])

    def has(self, column: str) -> bool:
        return any(found == column for found, _code in self.problems)


def number_of(cell: str) -> str:
    """A licence or registration number as the register keeps it: ASCII digits, capitals, no spaces."""
    return "".join(digits.clean(cell).split()).upper()


def check(cells: Mapping[str, str], known: Known, present: Mapping[str, Any] | None, *, extra: bool = False) -> CheckedLine:
    """Read one line beside the present row of its shop (`None`: a new one). Every problem is found at once."""
    line = CheckedLine()
    if extra:
        line.wrong("", "cells")
    text = {column: found for column, cell in cells.items() if (found := _text(line, column, cell))}
    _number(line, text, present)
    for column in TEXTS:
        _put(line, text, column)
    _activity(line, text, known)
    _area(line, text, known)
    _numbers(line, text)
    _days(line, text, known)
    _point(line, text)
    _state(line, text, known, present)
    if present is None:
        _new(line, text, known)
    _together(line, present or {})
    if not line.problems:
        _compare(line, text, present)
    return line


def _text(line: CheckedLine, column: str, cell: str) -> str:
    """A cell; a lone dash stands for taking away."""
    text, problem = text_of(cell, TEXTS.get(column) or HOLDER.get(column) or 200)
    if problem:
        line.wrong(column, problem)
    return text


def _put(line: CheckedLine, text: Mapping[str, str], column: str) -> None:
    found = text.get(column, "")
    if found == DASH:
        if column in OPTIONAL:
            line.given[column] = OPTIONAL[column]
        else:
            line.wrong(column, "no_dash")
    elif found:
        line.given[column] = found


def _number(line: CheckedLine, text: Mapping[str, str], present: Mapping[str, Any] | None) -> None:
    number = number_of(text.get(KEY, ""))
    if not number:
        if not line.has(KEY):
            line.wrong(KEY, "missing")
    elif ROUNDED.fullmatch(number):
        line.wrong(KEY, "sheet_number")
    elif not _NUMBER.fullmatch(number):
        line.wrong(KEY, "licence_no")
    else:
        line.number = number
    if (named := text.get("public_id", "").lower()) and line.number and (present is None or present["public_id"] != named):
        line.wrong("public_id", "public_id")
    if present is not None and present.get("merged"):
        line.wrong(KEY, "merged")


def _activity(line: CheckedLine, text: Mapping[str, str], known: Known) -> None:
    if found := text.get("activity", ""):
        code = known.activities.get(arabic.fold(found), "")
        if code:
            line.given["activity_id"] = code
        else:
            line.wrong("activity", "activity")


def _area(line: CheckedLine, text: Mapping[str, str], known: Known) -> None:
    named, governorate = text.get("area", ""), ""
    if within := text.get("governorate", ""):
        governorate = known.governorates.get(arabic.fold(within), "")
        if not governorate:
            line.wrong("governorate", "governorate")
            return
    if not named:
        return
    found = [area for area in known.areas.get(arabic.fold(named), []) if not governorate or area[1] == governorate]
    if not found:
        line.wrong("area", "area")
    elif len(found) > 1:
        line.wrong("governorate", "area_twice")
    else:
        line.given |= {"area_id": found[0][0], "branch_id": found[0][2]}


def _numbers(line: CheckedLine, text: Mapping[str, str]) -> None:
    if paci := text.get("paci_number", ""):
        if re.fullmatch(r"\d{8}", paci, re.ASCII):
            line.given["paci_number"] = paci
        else:
            line.wrong("paci_number", "sheet_number" if ROUNDED.fullmatch(paci) else "paci")
    if size := text.get("area_m2", ""):
        if size == DASH:
            line.given["area_m2"] = None
        elif re.fullmatch(r"[1-9]\d{0,6}", size, re.ASCII):
            line.given["area_m2"] = int(size)
        else:
            line.wrong("area_m2", "number")
    if registration := number_of(text.get("commercial_registration_no", "")):
        if registration == DASH:
            line.wrong("commercial_registration_no", "no_dash")
        elif ROUNDED.fullmatch(registration):
            line.wrong("commercial_registration_no", "sheet_number")
        elif not _NUMBER.fullmatch(registration):
            line.wrong("commercial_registration_no", "licence_no")
        else:
            line.given["commercial_registration_no"] = registration


def _day(line: CheckedLine, text: Mapping[str, str], column: str, today: dt.date | None = None) -> dt.date | None:
    typed = text.get(column, "")
    if not typed:
        return None
    if typed == DASH:
        line.wrong(column, "no_dash")
        return None
    found, problem = day_of(typed, oldest=OLDEST, today=today)
    if problem:
        line.wrong(column, problem)
    return found


def _days(line: CheckedLine, text: Mapping[str, str], known: Known) -> None:
    if end := _day(line, text, "commercial_license_end"):
        line.given["commercial_license_end"] = end.isoformat()
    if opened := _day(line, text, "opened_on", known.today):
        line.given["opened_on"] = opened.isoformat()


def _point(line: CheckedLine, text: Mapping[str, str]) -> None:
    for column, (low, high) in (("latitude", NORTH), ("longitude", EAST)):
        typed = text.get(column, "")
        if typed == DASH:
            line.given[column] = None
        elif typed:
            value = float(typed.replace("٫", ".").replace(",", ".")) if _DEGREES.fullmatch(typed.replace("٫", ".")) else 0.0
            if low <= value <= high:
                line.given[column] = round(value, 6)
            else:
                line.wrong(column, "point")


def _state(line: CheckedLine, text: Mapping[str, str], known: Known, present: Mapping[str, Any] | None) -> None:
    """Since when a shop is closed or suspended, where the sheet says another state than the register."""
    typed = text.get("state", "")
    day = _day(line, text, "state_on", known.today)
    if not typed:
        return
    state = _STATES.get(arabic.fold(typed), "")
    stands = "open"
    if present is not None:
        stands = "closed" if present["closed_on"] else "suspended" if present["suspended_on"] else "open"
    if not state:
        line.wrong("state", "state")
    elif state == stands:
        return
    elif day is None:
        if not line.has("state_on"):
            line.wrong("state_on", "state_on")
    elif state == "suspended" and stands == "closed":
        line.wrong("state", "closed_suspended")
    else:
        on = day.isoformat()
        line.given |= {"closed_on": on if state == "closed" else None, "suspended_on": on if state == "suspended" else None}
        line.given["state_on"] = on


def _new(line: CheckedLine, text: Mapping[str, str], known: Known) -> None:
    for column in NEEDED_OF_NEW:
        if not text.get(column) and not line.has(column):
            line.wrong(column, "missing")
    registration = line.given.get("commercial_registration_no", "")
    if registration and registration not in known.holders and text.get("holder_ar", DASH) == DASH and not line.has("holder_ar"):
        line.wrong("holder_ar", "holder")


def _together(line: CheckedLine, present: Mapping[str, Any]) -> None:
    """What only holds of several columns at once, with what stands in the register."""
    after = {**present, **line.given}
    if after.get("building") and after.get("plot"):
        line.wrong("building", "building_and_plot")
    if (after.get("latitude") is None) != (after.get("longitude") is None) and not line.has("latitude") and not line.has("longitude"):
        line.wrong("latitude", "half_point")


def _compare(line: CheckedLine, text: Mapping[str, str], present: Mapping[str, Any] | None) -> None:
    if present is None:
        line.outcome = Outcome.ADD
        line.effect = line.given
        for column in HOLDER:
            if (name := text.get(column, "")) and name != DASH:
                line.effect[column] = name
        return
    differs = {name: [present[name], after] for name, after in line.given.items() if name != "state_on" and present[name] != after}
    line.outcome = Outcome.CHANGE if differs else Outcome.SAME
    line.effect = differs
    if {"closed_on", "suspended_on"} & differs.keys():
        line.effect["state_on"] = ["", line.given["state_on"]]

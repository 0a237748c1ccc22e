"""Validate one line of legacy fines and find all its problems, without queries: what it is compared with is passed as `Known`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from municipality.kernel import arabic, civil_id, money
from municipality.kernel.sheets import DASH, ROUNDED_NUMBER, day_of, text_of
from municipality.places.models import Area
from shops.models import Shop

MAX_LENGTHS = {"offence_text": 160, "article": 200, "party_name": 160, "note": 300, "ruling_no": 40, "paper_no": 30}
STATES = {
    **dict.fromkeys(("open", "مفتوحة", "مفتوح"), "open"),
    **dict.fromkeys(("overdue", "منتهية", "انتهت المهلة"), "overdue"),
    **dict.fromkeys(("referred", "court", "محالة", "محال", "المحكمة"), "referred"),
    **dict.fromkeys(("judged", "محكوم بها", "محكوم", "حكم"), "judged"),
}
_STATES = {arabic.fold(name): state for name, state in STATES.items()}
OLDEST = dt.date(1980, 1, 1)
_AMOUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,3}))?")
_PAPER_NO = re.compile(r"[A-Z0-9][A-Z0-9-]*")


@dataclass(frozen=True)
class KnownViolations:
    """What a line is compared with: today, the catalogue, shops, branches and areas."""

    today: dt.date
    offences: Mapping[str, int | None]  # code → the most in fils that a court may impose; None: no maximum
    shops: Mapping[str, Shop]  # by number of the commercial licence
    branches: Mapping[str, str]  # folded name or code → code
    areas: Mapping[str, list[Area]]  # folded name → areas
    settle_by: Callable[[dt.date], dt.date]  # day of service → last day to settle, by the rulebook
    own_branch: str = ""  # of the user who loads the file; empty: any


@dataclass
class Fine:
    """The parsed values and the problems of a line. Amounts in fils."""

    problems: list[list[str]] = field(default_factory=list)  # [column, code]
    values: dict[str, Any] = field(default_factory=dict)
    civil_id: str = ""

    def wrong(self, column: str, code: str) -> None:
        self.problems.append([column, code])


def check(cells: Mapping[str, str], known: KnownViolations, *, extra: bool = False) -> Fine:
    """Parse one line; `values` has the valid ones."""
    fine = Fine()
    if extra:
        fine.wrong("", "cells")
    text = {column: _text(fine, column, cell) for column, cell in cells.items()}
    _check_party(fine, text, known)
    _check_place(fine, text, known)
    _check_number(fine, text)
    _check_offence(fine, text, known)
    _check_amount(fine, text)
    _check_days(fine, text, known)
    _check_maximum(fine, known)
    fine.values |= {"party_name_ar": text.get("party_name", ""), "note_ar": text.get("note", "")}
    return fine


def _text(fine: Fine, column: str, cell: str) -> str:
    """The text of a cell; a lone dash is empty."""
    text, problem = text_of(cell, MAX_LENGTHS.get(column, 200))
    if problem:
        fine.wrong(column, problem)
    return "" if text == DASH else text


def _has_problem(fine: Fine, column: str) -> bool:
    """Whether a column has a problem already."""
    return any(problem_column == column for problem_column, _code in fine.problems)


def _require(fine: Fine, text: Mapping[str, str], column: str) -> str:
    value = text.get(column, "")
    if not value and not _has_problem(fine, column):
        fine.wrong(column, "missing")
    return value


def _check_party(fine: Fine, text: Mapping[str, str], known: KnownViolations) -> None:
    number, licence = text.get("civil_id", ""), "".join(text.get("licence_no", "").split()).upper()
    shop = known.shops.get(licence)
    if number:
        if ROUNDED_NUMBER.fullmatch(number.replace(" ", "")):
            fine.wrong("civil_id", "sheet_number")
        else:
            try:
                fine.civil_id = civil_id.parse(number)
            except civil_id.InvalidCivilId as wrong:
                fine.wrong("civil_id", f"civil_{wrong.code}")
    elif not licence and not _has_problem(fine, "civil_id") and not _has_problem(fine, "licence_no"):
        fine.wrong("civil_id", "nobody")
    if licence and shop is None and not number:
        fine.wrong("licence_no", "licence")
    fine.values["shop"] = shop


def _check_place(fine: Fine, text: Mapping[str, str], known: KnownViolations) -> None:
    branch = text.get("branch", "")
    code = known.branches.get(arabic.fold(branch), "") if branch else known.own_branch
    if branch and not code:
        fine.wrong("branch", "branch")
    elif not code and not _has_problem(fine, "branch"):
        fine.wrong("branch", "missing")
    elif code and known.own_branch and code != known.own_branch:
        fine.wrong("branch", "other_branch")
    area = text.get("area", "")
    shop = fine.values["shop"]
    areas = known.areas.get(arabic.fold(area), []) if area else [shop.area] if shop is not None else []
    of_branch = [candidate for candidate in areas if candidate.governorate.branch.pk == code]
    if area and not areas:
        fine.wrong("area", "area")
    elif area and code and not of_branch:
        fine.wrong("area", "area_branch")
    elif not areas and not _has_problem(fine, "area"):
        fine.wrong("area", "missing")
    fine.values |= {"branch_id": code or None, "area": (of_branch or areas or [None])[0]}


def _check_number(fine: Fine, text: Mapping[str, str]) -> None:
    """Normalise the number on the paper and make the number of the fine, for example `PPR-HA-123-2019`."""
    number = _require(fine, text, "paper_no")
    folded = "".join(number.upper().split())
    for dash in "\u2010\u2011\u2012\u2013\u2014\u2212\u0640_/":
        folded = folded.replace(dash, "-")
    if number and not _PAPER_NO.fullmatch(folded):
        fine.wrong("paper_no", "paper_no")
        return
    fine.values |= {"paper_no": folded, "number": f"PPR-{fine.values['branch_id']}-{folded}" if folded and fine.values["branch_id"] else ""}


def _check_offence(fine: Fine, text: Mapping[str, str], known: KnownViolations) -> None:
    code = text.get("offence", "").upper()
    if code and code not in known.offences:
        fine.wrong("offence", "offence")
        return
    if not code:
        for column in ("offence_text", "article"):
            _require(fine, text, column)
    fine.values |= {"offence": code or FREE, "offence_text": text.get("offence_text", ""), "article": text.get("article", "")}


FREE = "PPR-00"  # the offence of the catalogue for fines without a code


def _check_amount(fine: Fine, text: Mapping[str, str]) -> None:
    amount = _require(fine, text, "amount")
    if not amount:
        return
    number = amount.replace("٫", ".").replace("٬", ",").removesuffix("د.ك").strip()
    number = number.removeprefix("KD").removesuffix("KD").strip()
    match = _AMOUNT.fullmatch(number)
    if match is None:
        fine.wrong("amount", "amount")
        return
    fils = int(match[1].replace(",", "")) * money.FILS_PER_DINAR + int((match[2] or "").ljust(3, "0"))
    if not 0 < fils <= money.MAX_FILS:
        fine.wrong("amount", "amount_range")
        return
    fine.values["fils"] = fils


def _check_maximum(fine: Fine, known: KnownViolations) -> None:
    """A settlement asks for no more than the court could impose (rules.settlement); a judgment is the court's own."""
    most = known.offences.get(fine.values.get("offence", ""))
    if most is not None and fine.values.get("state") in ("open", "overdue", "referred") and fine.values.get("fils", 0) > most:
        fine.wrong("amount", "above_court")


def _parse_day(fine: Fine, text: Mapping[str, str], column: str, *, today: dt.date | None = None) -> dt.date | None:
    typed = text.get(column, "")
    if not typed:
        return None
    day, problem = day_of(typed, oldest=OLDEST, today=today)
    if problem:
        fine.wrong(column, problem)
    return day


def _check_days(fine: Fine, text: Mapping[str, str], known: KnownViolations) -> None:
    state = _STATES.get(arabic.fold(text.get("state", "")), "")
    if text.get("state") and not state:
        fine.wrong("state", "state")
    elif not state:
        _require(fine, text, "state")
    _require(fine, text, "date")
    written = _parse_day(fine, text, "date", today=known.today)
    served = _parse_day(fine, text, "served_on", today=known.today)
    ruled = _parse_day(fine, text, "ruled_on", today=known.today)
    pay_by = _parse_day(fine, text, "pay_by")
    for column, day in (("served_on", served), ("ruled_on", ruled), ("pay_by", pay_by)):
        if written is not None and day is not None and day < written:
            fine.wrong(column, "before_report")
    if (state in ("overdue", "referred", "judged") or pay_by is not None) and served is None and not _has_problem(fine, "served_on"):
        fine.wrong("served_on", "served_needed")
    if state == "open":
        last = pay_by or (known.settle_by(served) if served is not None else None)
        if last is not None and last < known.today:
            fine.wrong("pay_by", "deadline")
    elif pay_by is not None:
        fine.wrong("pay_by", "pay_by_state")
    if state == "judged" and (ruled is None or not text.get("ruling_no")) and not _has_problem(fine, "ruled_on"):
        fine.wrong("ruling_no" if not text.get("ruling_no") else "ruled_on", "ruling_needed")
    elif state and state != "judged" and (ruled is not None or text.get("ruling_no")):
        fine.wrong("ruling_no", "ruling_state")
    fine.values |= {"state": state, "written_on": written, "served_on": served, "pay_by": pay_by}
    fine.values |= {"ruling_no": text.get("ruling_no", ""), "ruled_on": ruled}

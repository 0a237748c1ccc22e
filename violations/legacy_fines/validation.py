"""From the cells of one line to a fine, or to every problem it has at once. Looks nothing up: what is known comes in as `Known`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from municipality.kernel import arabic, civil_id, money
from municipality.kernel.sheets import DASH, ROUNDED, day_of, text_of

LONGEST = {"offence_text": 160, "article": 200, "party_name": 160, "note": 300, "ruling_no": 40, "paper_no": 30}
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
class Known:
    """What a line is compared with: today, the catalogue, shops, branches and areas."""

    today: dt.date
    offences: frozenset[str]
    shops: Mapping[str, Any]  # by number of the commercial licence
    branches: Mapping[str, str]  # folded name or code → code
    areas: Mapping[str, list[Any]]  # folded name → areas, each with `governorate.branch`
    settle_by: Callable[[dt.date], dt.date]  # day of service → last day to settle, by the rulebook
    own_branch: str = ""  # of whoever loads the file; empty: any


@dataclass
class Fine:
    """What a line says, as far as it could be read. Amounts in fils."""

    problems: list[list[str]] = field(default_factory=list)  # [column, code]
    values: dict[str, Any] = field(default_factory=dict)
    civil_id: str = ""

    def wrong(self, column: str, code: str) -> None:
        self.problems.append([column, code])


def check(cells: Mapping[str, str], known: Known, *, extra: bool = False) -> Fine:
    """Read one line. Every problem is found at once; `values` holds what was right."""
    fine = Fine()
    if extra:
        fine.wrong("", "cells")
    text = {column: _text(fine, column, cell) for column, cell in cells.items()}
    _who(fine, text, known)
    _where(fine, text, known)
    _number(fine, text)
    _offence(fine, text, known)
    _sum(fine, text)
    _days(fine, text, known)
    fine.values |= {"party_name_ar": text.get("party_name", ""), "note_ar": text.get("note", "")}
    return fine


def _text(fine: Fine, column: str, cell: str) -> str:
    """A cell; a lone dash is an empty one. A formula is no text of a paper."""
    text, problem = text_of(cell, LONGEST.get(column, 200))
    if problem:
        fine.wrong(column, problem)
    return "" if text == DASH else text


def _had(fine: Fine, column: str) -> bool:
    """Whether something is wrong with a column already, so that its emptiness is not told besides."""
    return any(found == column for found, _code in fine.problems)


def _needed(fine: Fine, text: Mapping[str, str], column: str) -> str:
    found = text.get(column, "")
    if not found and not _had(fine, column):
        fine.wrong(column, "missing")
    return found


def _who(fine: Fine, text: Mapping[str, str], known: Known) -> None:
    number, licence = text.get("civil_id", ""), "".join(text.get("licence_no", "").split()).upper()
    shop = known.shops.get(licence)
    if number:
        if ROUNDED.fullmatch(number.replace(" ", "")):
            fine.wrong("civil_id", "sheet_number")
        else:
            try:
                fine.civil_id = civil_id.parse(number)
            except civil_id.InvalidCivilId as wrong:
                fine.wrong("civil_id", f"civil_{wrong.code}")
    elif not licence and not _had(fine, "civil_id") and not _had(fine, "licence_no"):
        fine.wrong("civil_id", "nobody")
    if licence and shop is None and not number:
        fine.wrong("licence_no", "licence")
    fine.values["shop"] = shop


def _where(fine: Fine, text: Mapping[str, str], known: Known) -> None:
    named = text.get("branch", "")
    code = known.branches.get(arabic.fold(named), "") if named else known.own_branch
    if named and not code:
        fine.wrong("branch", "branch")
    elif not code and not _had(fine, "branch"):
        fine.wrong("branch", "missing")
    elif code and known.own_branch and code != known.own_branch:
        fine.wrong("branch", "other_branch")
    area = text.get("area", "")
    shop = fine.values["shop"]
    found = known.areas.get(arabic.fold(area), []) if area else [shop.area] if shop is not None else []
    here = [one for one in found if one.governorate.branch.pk == code]
    if area and not found:
        fine.wrong("area", "area")
    elif area and code and not here:
        fine.wrong("area", "area_branch")
    elif not found and not _had(fine, "area"):
        fine.wrong("area", "missing")
    fine.values |= {"branch_id": code or None, "area": (here or found or [None])[0]}


def _number(fine: Fine, text: Mapping[str, str]) -> None:
    """The number of the paper as people type it, and the fine's own: `PPR-HA-123-2019`, as a reference field reads it."""
    number = _needed(fine, text, "paper_no")
    folded = "".join(number.upper().split())
    for dash in "\u2010\u2011\u2012\u2013\u2014\u2212\u0640_/":
        folded = folded.replace(dash, "-")
    if number and not _PAPER_NO.fullmatch(folded):
        fine.wrong("paper_no", "paper_no")
        return
    fine.values |= {"paper_no": folded, "number": f"PPR-{fine.values['branch_id']}-{folded}" if folded and fine.values["branch_id"] else ""}


def _offence(fine: Fine, text: Mapping[str, str], known: Known) -> None:
    code = text.get("offence", "").upper()
    if code and code not in known.offences:
        fine.wrong("offence", "offence")
        return
    if not code:
        for column in ("offence_text", "article"):
            _needed(fine, text, column)
    fine.values |= {"offence": code or FREE, "offence_text": text.get("offence_text", ""), "article": text.get("article", "")}


FREE = "PPR-00"  # the row of the catalogue for what was written in words


def _sum(fine: Fine, text: Mapping[str, str]) -> None:
    typed = _needed(fine, text, "amount")
    if not typed:
        return
    plain = typed.replace("٫", ".").replace("٬", ",").removesuffix("د.ك").strip()
    plain = plain.removeprefix("KD").removesuffix("KD").strip()
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        fine.wrong("amount", "amount")
        return
    fils = int(match[1].replace(",", "")) * money.FILS_PER_DINAR + int((match[2] or "").ljust(3, "0"))
    if not 0 < fils <= money.MAX_FILS:
        fine.wrong("amount", "amount_range")
        return
    fine.values["fils"] = fils


def _day(fine: Fine, text: Mapping[str, str], column: str, *, today: dt.date | None = None) -> dt.date | None:
    typed = text.get(column, "")
    if not typed:
        return None
    found, problem = day_of(typed, oldest=OLDEST, today=today)
    if problem:
        fine.wrong(column, problem)
    return found


def _days(fine: Fine, text: Mapping[str, str], known: Known) -> None:
    state = _STATES.get(arabic.fold(text.get("state", "")), "")
    if text.get("state") and not state:
        fine.wrong("state", "state")
    elif not state:
        _needed(fine, text, "state")
    _needed(fine, text, "date")
    written = _day(fine, text, "date", today=known.today)
    served = _day(fine, text, "served_on", today=known.today)
    ruled = _day(fine, text, "ruled_on", today=known.today)
    pay_by = _day(fine, text, "pay_by")
    for column, day in (("served_on", served), ("ruled_on", ruled), ("pay_by", pay_by)):
        if written is not None and day is not None and day < written:
            fine.wrong(column, "before_minute")
    if (state in ("overdue", "referred", "judged") or pay_by is not None) and served is None and not _had(fine, "served_on"):
        fine.wrong("served_on", "served_needed")
    if state == "open":
        last = pay_by or (known.settle_by(served) if served is not None else None)
        if last is not None and last < known.today:
            fine.wrong("pay_by", "deadline")
    elif pay_by is not None:
        fine.wrong("pay_by", "pay_by_state")
    if state == "judged" and (ruled is None or not text.get("ruling_no")) and not _had(fine, "ruled_on"):
        fine.wrong("ruling_no" if not text.get("ruling_no") else "ruled_on", "ruling_needed")
    elif state and state != "judged" and (ruled is not None or text.get("ruling_no")):
        fine.wrong("ruling_no", "ruling_state")
    fine.values |= {"state": state, "written_on": written, "served_on": served, "pay_by": pay_by}
    fine.values |= {"ruling_no": text.get("ruling_no", ""), "ruled_on": ruled}

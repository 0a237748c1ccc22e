"""One line of a sheet: what it says, or every problem it has, each with its column."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from municipality.kernel import arabic
from tests.violations.legacy_fines.sheets import CIVIL_ID, GOOD
from violations.legacy_fines.columns import COLUMNS
from violations.legacy_fines.problems import LINE
from violations.legacy_fines.validation import Fine, KnownViolations, check

TODAY = dt.date(2026, 11, 25)


def branch(code: str) -> Any:
    return SimpleNamespace(branch=SimpleNamespace(pk=code))


SALMIYA, RAQQA = SimpleNamespace(governorate=branch("HA")), SimpleNamespace(governorate=branch("AH"))
KNOWN = KnownViolations(
    today=TODAY,
    offences={"CLN-03": 300_000, "PPR-00": None},
    shops={"2020/000001": SimpleNamespace(area=SALMIYA)},
    branches={arabic.fold(name): code for name, code in (("HA", "HA"), ("حولي", "HA"), ("AH", "AH"))},
    areas={arabic.fold("السالمية"): [SALMIYA], arabic.fold("الرقة"): [RAQQA]},
    settle_by=lambda day: day + dt.timedelta(days=14),
)


def line(known: KnownViolations = KNOWN, **cells: str) -> Fine:
    return check(GOOD | cells, known)


def test_a_whole_line_is_read() -> None:
    fine = line()
    assert fine.problems == []
    assert fine.values["number"] == "PPR-HA-1001-2025"
    assert (fine.values["fils"], fine.values["written_on"], fine.values["state"]) == (100_000, dt.date(2026, 8, 2), "open")


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"paper_no": ""}, "paper_no", "missing"),
        ({"paper_no": "م/٧"}, "paper_no", "paper_no"),
        ({"paper_no": "=1+1"}, "paper_no", "formula"),
        ({"paper_no": "1" * 31}, "paper_no", "too_long"),
        ({"note": "=cmd|' /C calc'!A0"}, "note", "formula"),
        ({"note": "@SUM(A1)"}, "note", "formula"),
        ({"party_name": "س\x07"}, "party_name", "control"),
        ({"amount": "300.001"}, "amount", "above_court"),
        ({"date": ""}, "date", "missing"),
        ({"date": "2026-02-30"}, "date", "date"),
        ({"date": "31.12.26"}, "date", "date"),
        ({"date": "2026-11-26"}, "date", "future"),
        ({"date": "1925-01-01"}, "date", "too_old"),
        ({"served_on": "2026-12-01"}, "served_on", "future"),
        ({"served_on": "2026-08-01"}, "served_on", "before_report"),
        ({"offence": "CLN-99"}, "offence", "offence"),
        ({"offence": ""}, "offence_text", "missing"),
        ({"offence": "", "offence_text": "أكياس"}, "article", "missing"),
        ({"civil_id": "2.90E+11"}, "civil_id", "sheet_number"),
        ({"civil_id": "29001010001"}, "civil_id", "civil_length"),
        ({"civil_id": "290139100013"}, "civil_id", "civil_date"),
        ({"civil_id": CIVIL_ID[:-1] + str((int(CIVIL_ID[-1]) + 1) % 10)}, "civil_id", "civil_check"),
        ({"licence_no": "", "civil_id": ""}, "civil_id", "nobody"),
        ({"licence_no": "9/9"}, "licence_no", "licence"),
        ({"amount": ""}, "amount", "missing"),
        ({"amount": "hundred"}, "amount", "amount"),
        ({"amount": "1.2345"}, "amount", "amount"),
        ({"amount": "-5"}, "amount", "formula"),
        ({"amount": "0"}, "amount", "amount_range"),
        ({"amount": "1000000"}, "amount", "amount_range"),
        ({"state": ""}, "state", "missing"),
        ({"state": "paid"}, "state", "state"),
        ({"state": "overdue", "served_on": ""}, "served_on", "served_needed"),
        ({"pay_by": "2026-12-01", "served_on": ""}, "served_on", "served_needed"),
        ({"served_on": "2026-09-01"}, "pay_by", "deadline"),
        ({"state": "overdue", "pay_by": "2026-12-01"}, "pay_by", "pay_by_state"),
        ({"state": "judged"}, "ruling_no", "ruling_needed"),
        ({"state": "judged", "ruling_no": "7"}, "ruled_on", "ruling_needed"),
        ({"ruling_no": "7"}, "ruling_no", "ruling_state"),
        ({"branch": "XX"}, "branch", "branch"),
        ({"branch": ""}, "branch", "missing"),
        ({"area": "أتلانتس"}, "area", "area"),
        ({"area": "الرقة"}, "area", "area_branch"),
        ({"licence_no": "", "civil_id": CIVIL_ID}, "area", "missing"),
    ],
)
def test_every_problem_has_its_column_and_a_sentence(cells: dict[str, str], column: str, code: str) -> None:
    fine = line(**cells)
    assert [column, code] in fine.problems
    assert str(LINE[code])


def test_all_problems_of_a_line_are_told_at_once() -> None:
    fine = line(date="x", amount="x", civil_id="1", state="x")
    assert {code for _column, code in fine.problems} >= {"date", "amount", "civil_length", "state"}


@pytest.mark.parametrize(
    ("typed", "fils"),
    [("100", 100_000), ("100.5", 100_500), ("١٠٠٫٢٥٠", 100_250), ("1,250.750", 1_250_750), ("KD 5.000", 5_000), ("٥ د.ك", 5_000)],
)
def test_amounts_as_people_write_them(typed: str, fils: int) -> None:
    assert line(amount=typed).values["fils"] == fils


@pytest.mark.parametrize("typed", ["2026-08-02", "02/08/2026", "2/8/2026", "٢٠٢٦-٠٨-٠٢", "2026/8/2", "02.08.2026"])
def test_dates_as_people_write_them(typed: str) -> None:
    assert line(date=typed).values["written_on"] == dt.date(2026, 8, 2)


@pytest.mark.parametrize("typed", ["1001/2025", "1001-2025", " 1001 / 2025 ", "١٠٠١/٢٠٢٥", "1001_2025"])
def test_one_number_has_one_form(typed: str) -> None:
    assert line(paper_no=typed).values["number"] == "PPR-HA-1001-2025"


def test_a_branch_loads_its_own_fines_only() -> None:
    own = KnownViolations(**(KNOWN.__dict__ | {"own_branch": "AH"}))
    assert ["branch", "other_branch"] in line(own).problems
    assert line(own, branch="", area="الرقة").problems == []


@given(st.dictionaries(st.sampled_from(sorted(COLUMNS)), st.text(max_size=60)))
def test_whatever_stands_in_a_line_it_is_a_fine_or_problems_of_the_list(cells: dict[str, str]) -> None:
    fine = check(cells, KNOWN)
    assert fine.problems, "no such line is whole"
    assert all(code in LINE and (column in COLUMNS or not column) for column, code in fine.problems)

"""Money, ids, folding, periods, workflows: the ground floor in tables."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from municipality.kernel import arabic, clock, digits, ids, money, subjects
from municipality.kernel.errors import TransitionRefused
from municipality.kernel.periods import Period, add_years
from municipality.kernel.workflow import WORKFLOWS, move, workflow


@given(st.integers(0, money.MAX_FILS))
def test_an_amount_survives_its_text(fils: int) -> None:
    assert money.from_text(money.to_text(fils)) == fils
    assert len(money.to_text(fils)) <= 10


@pytest.mark.parametrize("text", ["10", "10.00", "10.0000", "-1.000", "1,000.000", "1e3", "ten", "", "10.000.000", "1234567.000"])
def test_anything_but_three_decimals_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        money.from_text(text)


def test_arabic_digits_are_an_amount_and_never_leave_as_such() -> None:
    assert money.from_text("١٥.٧٥٠") == 15_750
    assert money.to_text(15_750) == "15.750"
    assert money.to_display(1_234_500) == "1,234.500"


@given(st.text(max_size=40))
def test_folding_digits_changes_nothing_else(text: str) -> None:
    folded = digits.to_ascii(text)
    assert len(folded) == len(text)
    assert digits.to_ascii(folded) == folded


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("أحمد", "احمد"),
        ("الصليبيخات", "الصليبيخات"),
        ("مكتبة", "مكتبه"),
        ("مُحَمَّد", "محمد"),
        ("ســالم", "سالم"),
        ("Salon", "SALON"),
        ("على", "علي"),
    ],
)
def test_spellings_of_one_name_fold_together(a: str, b: str) -> None:
    assert arabic.fold(a) == arabic.fold(b)


def test_codes_are_long_and_read_back_from_paper() -> None:
    code = ids.typed_code()
    assert len(code) == 20
    assert ids.normalise_code(f" {code[:5]}-{code[5:10]} {code[10:].lower()} ") == code
    assert ids.normalise_code("oil") == "011"
    assert len({ids.public_id() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("wrong", ["HLT-HW-2026-004218", "HLT-HW-2025-004217", "HLT-WH-2026-004217"])
def test_a_check_character_finds_a_slip(wrong: str) -> None:
    number = ids.with_check("HLT-HW-2026-004217")
    assert mod_37_36.is_valid(number.replace("-", ""))
    assert not mod_37_36.is_valid(f"{wrong}-{number[-1]}".replace("-", ""))


def test_a_subject_key_is_typed() -> None:
    assert subjects.parse("shop:abc123") == subjects.SubjectKey("shop", "abc123")
    for wrong in ("shop", "shop:", ":x", "shop:a b", "Shop:x"):
        with pytest.raises(ValueError, match="subject key"):
            subjects.parse(wrong)


def test_a_leap_day_has_its_anniversary() -> None:
    assert add_years(dt.date(2028, 2, 29), 1) == dt.date(2029, 2, 28)
    assert Period(dt.date(2026, 1, 1), dt.date(2026, 1, 1)).contains(dt.date(2026, 1, 1))
    with pytest.raises(ValueError, match="period"):
        Period(dt.date(2026, 1, 2), dt.date(2026, 1, 1))


def test_the_day_in_kuwait_begins_three_hours_before_that_of_utc() -> None:
    with clock.at(dt.datetime(2026, 11, 24, 21, 30, tzinfo=dt.UTC)):
        assert clock.today() == dt.date(2026, 11, 25)
    with pytest.raises(ValueError, match="time zone"), clock.at(dt.datetime(2026, 11, 24)):
        pass


def test_a_workflow_refuses_what_its_table_lacks() -> None:
    table = workflow("test.kernel", "a", move("go", "a", to="b"), move("end", ["a", "b"], to="c"))
    try:
        assert table.finals == {"c"}
        assert set(table.edges()) == {("", "", "a"), ("go", "a", "b"), ("end", "a", "c"), ("end", "b", "c")}
        with pytest.raises(TransitionRefused):
            table.move("go", "b")
        with pytest.raises(ValueError, match="twice"):
            workflow("test.kernel", "a")
    finally:
        del WORKFLOWS["test.kernel"]

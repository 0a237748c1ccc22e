"""How facts read in both languages."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from municipality.documents.facts import BilingualText, FactsRefused, common_name, day, grouped, local_time, single_line
from tests.municipality.documents.samples import licence, receipt


@pytest.mark.parametrize(
    ("date", "arabic", "english", "hijri_ar", "hijri_en"),
    [
        (dt.date(2026, 12, 1), "1 ديسمبر 2026", "1 December 2026", "21 جمادى الآخرة 1448 هـ", "21 Jumada II 1448 AH"),
        (dt.date(2027, 11, 30), "30 نوفمبر 2027", "30 November 2027", "2 رجب 1449 هـ", "2 Rajab 1449 AH"),
        (dt.date(2100, 1, 1), "1 يناير 2100", "1 January 2100", "", ""),
    ],
)
def test_a_day_reads_in_both_calendars(date: dt.date, arabic: str, english: str, hijri_ar: str, hijri_en: str) -> None:
    read = day(date)
    assert (read.gregorian.ar, read.gregorian.en) == (arabic, english)
    assert (read.hijri.ar, read.hijri.en) == (hijri_ar, hijri_en)


def test_times_are_kuwaits() -> None:
    assert local_time(dt.datetime(2026, 12, 31, 22, 30, tzinfo=dt.UTC)) == "2027-01-01 01:30"


def test_a_code_is_grouped_by_five() -> None:
    assert grouped("7Q4MZX2K9TJ3HV8WRB1D") == "7Q4MZ X2K9T J3HV8 WRB1D"


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=Seal \\, of the body,O=Body,C=KW", "Seal , of the body"),
        ("O=Body,C=KW", "O=Body,C=KW"),
        ("Seal of the body", "Seal of the body"),
    ],
)
def test_the_seal_is_named_by_its_common_name(subject: str, name: str) -> None:
    assert common_name(subject) == name


def test_joiners_stay_and_controls_go() -> None:
    assert single_line("می\u200cخواهم\u202e\u0000 x\n y") == "می\u200cخواهم x y"


def test_words_without_english_stand_alone() -> None:
    assert BilingualText("صالون").single and BilingualText("A", "A").single and not BilingualText("صالون", "Salon").single


def test_a_receipt_whose_lines_do_not_add_up_is_refused() -> None:
    with pytest.raises(FactsRefused):
        replace(receipt(), amount_fils=12_251)


def test_texts_in_places_of_fixed_height_are_short() -> None:
    with pytest.raises(FactsRefused):
        licence(case_reference="x" * 65)

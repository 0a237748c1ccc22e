"""Addresses as people write them, read into area, block, street, plot and building."""

from __future__ import annotations

import pytest

from municipality.places.seeds import load_places
from zoning.plots.addresses import read_address, street_key

pytestmark = pytest.mark.django_db

SPELLINGS = [
    # text, area, block, street, plot, building
    ("السالمية قطعة 4 شارع 12 قسيمة 30", "Salmiya", "4", "12", "30", ""),
    ("Salmiya block 4 plot 30", "Salmiya", "4", "", "30", ""),
    ("salmiya 4 30", "Salmiya", "4", "", "30", ""),
    ("ق4 ش سالم المبارك م 12 السالمية", "Salmiya", "4", "سالم المبارك", "", "12"),
    ("Hawalli, Block 5, Street 12, House 7", "Hawalli", "5", "12", "", "7"),
    ("حولي قطعة ٥ شارع ١٢ منزل ٧", "Hawalli", "5", "12", "", "7"),
    ("حولى قطعه ۵ بيت ۷", "Hawalli", "5", "", "", "7"),
    ("Hawally 4 44B", "Hawalli", "4", "", "44B", ""),
    ("حولي قطعة 4 قسيمة 44 ب", "Hawalli", "4", "", "44B", ""),
    ("Salmiyah blk 4 p 30", "Salmiya", "4", "", "30", ""),
    ("salmiyya b4 p30", "Salmiya", "4", "", "30", ""),
    ("As-Salmiya, Block (4), Plot no. 30", "Salmiya", "4", "", "30", ""),
    ("AL SALMIYA BLOCK 4 PLOT 30", "Salmiya", "4", "", "30", ""),
    ("السالميه قطعه٤ قسيمه٣٠", "Salmiya", "4", "", "30", ""),
    ("سَالِمِيَّة قـطـعـة ٤ قسيمة ٣٠", "Salmiya", "4", "", "30", ""),
    ("القسيمة رقم 30 القطعة رقم 4 منطقة السالمية", "Salmiya", "4", "", "30", ""),
    ("plot 30 block 4 salmiya", "Salmiya", "4", "", "30", ""),
    ("سالمية 4 12 30", "Salmiya", "4", "12", "30", ""),
    ("Jabriya 1/5/12", "Jabriya", "1", "5", "12", ""),
    ("الجابرية ق 1 ش 5 ق 12", "Jabriya", "1", "5", "12", ""),
    ("محافظة حولي السالمية قطعة 4 قسيمة 30", "Salmiya", "4", "", "30", ""),
    ("Hawalli governorate, Salmiya, block 4, plot 30", "Salmiya", "4", "", "30", ""),
    ("حولي السالمية قطعة 4 قسيمة 30", "Salmiya", "4", "", "30", ""),
    ("محافظة حولي قطعة 4 قسيمة 30", "Hawalli", "4", "", "30", ""),
    ("Kuwait, Mubarak Al-Kabeer, block 3, plot 17", "Mubarak Al-Kabeer", "3", "", "17", ""),
    ("محافظة مبارك الكبير القرين قطعة 3 قسيمة 17", "Qurain", "3", "", "17", ""),
    ("Abdulla Al-Salem block 2 plot 15", "Abdullah Al-Salem", "2", "", "15", ""),
    ("abdullah alsalem 2 15", "Abdullah Al-Salem", "2", "", "15", ""),
    ("عبد الله السالم قطعة 2 قسيمة 15", "Abdullah Al-Salem", "2", "", "15", ""),
    ("ضاحية عبدالله السالم ق ٢ قسيمة ١٥", "Abdullah Al-Salem", "2", "", "15", ""),
    ("Saad Al Abdulla block 3 street 304 house 12", "Saad Al-Abdullah", "3", "304", "", "12"),
    ("الشويخ الصناعية قطعة ٣ قسيمة ١٢٠", "Shuwaikh Industrial", "3", "", "120", ""),
    ("Farwaniyah Block 1 12th Street Plot 5", "Farwaniya", "1", "12", "5", ""),
    ("12 street block 4 salmiya building 3", "Salmiya", "4", "12", "", "3"),
    ("Salmiya, Salem Al Mubarak Street, Block 4, Building 12", "Salmiya", "4", "salem al mubarak", "", "12"),
    ("Salem Mubarak street salmiya 4 30", "Salmiya", "4", "salem mubarak", "30", ""),
    ("شارع حولي السالمية قطعة 4 منزل 3", "Salmiya", "4", "حولي", "", "3"),
    ("شارع سالم المبارك السالمية قطعة 4", "Salmiya", "4", "سالم المبارك", "", ""),
    ("الفحيحيل ق7 ش5 ج3 م12 الدور 2 شقة 5", "Fahaheel", "7", "5", "", "12"),
    ("Fahaheel block 7 st 5 jada 3 house 12 floor 2 flat 5", "Fahaheel", "7", "5", "", "12"),
    ("العقيلة قطعة 3 قسيمة 12/4", "Egaila", "3", "", "12/4", ""),
    ("Rumaythiya block 6 plot 8", "Rumaithiya", "6", "", "8", ""),
    ("Mishrif 5 9", "Mishref", "5", "", "9", ""),
    ("Jibla 3 4", "Qibla (Jibla)", "3", "", "4", ""),
    ("Umm al Hayman 1 2", "Ali Sabah Al-Salem (Umm Al-Hayman)", "1", "", "2", ""),
    ("بنيد القار ق2 قسيمة 7", "Bneid Al-Gar", "2", "", "7", ""),
    ("sabah al ahmad sea city block 2 plot 9", "Sabah Al-Ahmad Sea City", "2", "", "9", ""),
    ("\u200fالسالمية،\u200e قطعة:4\u200f،قسيمة:30\u202c", "Salmiya", "4", "", "30", ""),
    ("Salmiya#4#30", "Salmiya", "4", "", "30", ""),
    ("السالمية", "Salmiya", "", "", "", ""),
]


def test_an_address_is_read_in_every_spelling() -> None:
    load_places()
    assert len(SPELLINGS) >= 40
    for text, *expected in SPELLINGS:
        read = read_address(text)
        assert [*(area.name_en for area in read.areas), read.block, read.street, read.number, read.building] == expected, text
        assert read.unread == (), text


def test_eight_digits_are_a_paci_number() -> None:
    for text in ("10229888", "الرقم الآلي ١٠٢٢٩٨٨٨", "PACI 10229888 Salmiya", "\u202b۱۰۲۲۹۸۸۸\u202c"):
        assert read_address(text).paci_number == "10229888", text


def test_a_name_that_several_areas_begin_with_means_each() -> None:
    load_places()
    assert {area.name_en for area in read_address("Shuwaikh 3 120").areas} > {"Shuwaikh Residential", "Shuwaikh Industrial"}


def test_words_without_a_meaning_are_named() -> None:
    load_places()
    assert read_address("South Surra block 4 plot 30").unread == ("south",)
    assert (read_address("xyzzy block 4 plot 30").areas, read_address("xyzzy block 4").unread) == ((), ("xyzzy",))
    assert read_address("bayan 3 4 5 6 7").unread == ("6", "7")


@pytest.mark.parametrize(
    "text",
    ["", " ", "4", "٤ ٣٠", "ق", "block", "شارع", "/-/", "\u200f\u200e", "\x01\x02", "x" * 5000, "ق4 " * 2000, "9" * 400, "🏠 4", "ء"],
)
def test_any_text_can_be_read(text: str) -> None:
    load_places()
    assert read_address(text).areas == ()


def test_a_street_is_the_same_in_every_spelling() -> None:
    assert street_key("شارع 12") == street_key("Street 12") == street_key("12th street") == street_key("١٢") == "12"
    assert street_key("شارع سالم المبارك") == street_key("سالم المبارك")

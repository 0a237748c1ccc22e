"""A street in an address says the word street once."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from municipality.ui.streets import street_html, street_text

SAID = [
    ("3", "شارع 3", "street 3"),
    ("Tunis Street", "Tunis Street", "Tunis Street"),
    ("شارع تونس", "شارع تونس", "شارع تونس"),
    ("الدائري الرابع", "الدائري الرابع", "الدائري الرابع"),
    ("4th Ring Road", "4th Ring Road", "4th Ring Road"),
    ("Stadium", "شارع Stadium", "street Stadium"),
    ("", "", ""),
]


@pytest.mark.parametrize(("street", "arabic", "english"), SAID)
def test_the_word_street_is_said_once(street: str, arabic: str, english: str) -> None:
    assert (street_text(street, "ar"), street_text(street, "en")) == (arabic, english)


def test_a_street_on_a_page_keeps_its_own_direction() -> None:
    with override("en"):
        assert street_html("شارع تونس") == '<bdi lang="ar" data-term>شارع تونس</bdi>'
        assert street_html("<3>") == 'street <bdi lang="en" data-term>&lt;3&gt;</bdi>'
    with override("ar"):
        assert street_html("3") == 'شارع <bdi lang="en" data-term>3</bdi>'

"""Civil numbers: the check digit, and every way of typing them."""

from __future__ import annotations

import pytest

from municipality.kernel import civil_id

EXAMPLE = "290010112346"  # synthetic


@pytest.mark.parametrize("typed", [EXAMPLE, "2900 1011 2346", "٢٩٠٠١٠١١٢٣٤٦", "۲۹۰۰۱۰۱۱۲۳۴۶", "\u200f290010112346\u200e", " 290010112346 "])
def test_a_number_is_read_in_every_kind_of_digits(typed: str) -> None:
    assert civil_id.parse(typed) == EXAMPLE


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "length"),
        ("29001011234", "length"),
        ("2900101123466", "length"),
        ("190010112346", "length"),
        ("29001011234x", "length"),
        ("291310112346", "date"),
        ("290010112345", "check"),
    ],
)
def test_a_wrong_number_says_what_is_wrong(typed: str, code: str) -> None:
    with pytest.raises(civil_id.InvalidCivilId) as refused:
        civil_id.parse(typed)
    assert refused.value.code == code


def test_every_single_wrong_digit_is_found() -> None:
    for place in range(12):
        for digit in "0123456789":
            wrong = EXAMPLE[:place] + digit + EXAMPLE[place + 1 :]
            if wrong != EXAMPLE:
                with pytest.raises(civil_id.InvalidCivilId):
                    civil_id.parse(wrong)


def test_every_swap_of_neighbours_is_found() -> None:
    for place in range(11):
        wrong = EXAMPLE[:place] + EXAMPLE[place + 1] + EXAMPLE[place] + EXAMPLE[place + 2 :]
        if wrong != EXAMPLE:
            with pytest.raises(civil_id.InvalidCivilId):
                civil_id.parse(wrong)


def test_a_remainder_of_one_has_no_number() -> None:
    stems = [f"2900101{serial:04d}" for serial in range(10_000)]
    assert any(civil_id.check_digit(stem) is None for stem in stems)


def test_the_mask_shows_eight_digits() -> None:
    assert civil_id.mask(EXAMPLE) == "2900••••2346"

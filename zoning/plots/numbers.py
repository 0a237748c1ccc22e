"""Numbers of plots and blocks as people type them."""

from __future__ import annotations

from municipality.kernel.digits import clean

# The letters of a split plot in Arabic documents stand for the Latin ones of the register, in the order of the alphabet.
_LETTERS = str.maketrans({"أ": "A", "ا": "A", "ب": "B", "ج": "C", "د": "D", "ه": "E", "ـ": ""})


def normal_number(text: str) -> str:
    """`٤٤ ب` and `44b` are `44B`: ASCII digits, Latin capitals, without spaces."""
    return "".join(clean(text).translate(_LETTERS).upper().split())

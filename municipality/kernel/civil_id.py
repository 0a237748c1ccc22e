"""The Kuwaiti civil number: C YYMMDD NNNN K, twelve digits with a check digit.

It contains the birth date, so it is personal data by itself: it is masked wherever it is shown and never part of a URL, a log
line, a file name or a QR code.
"""

from __future__ import annotations

import datetime as dt

from municipality.kernel import digits
from municipality.kernel.errors import BadValue

WEIGHTS = (2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class InvalidCivilId(BadValue):
    """The text is not a civil number; `code` is one of length, date, check."""


def check_digit(first_eleven: str) -> int | None:
    """The twelfth digit for eleven ASCII digits; None where no valid number exists (remainder one).

    A remainder of 0 gives 0: an assumption, since the authority's own rule is not published.
    """
    digit = (11 - sum(int(d) * w for d, w in zip(first_eleven, WEIGHTS, strict=True)) % 11) % 11
    return None if digit == 10 else digit


def parse(text: str) -> str:
    """The twelve ASCII digits of a typed civil number. Raises InvalidCivilId."""
    number = digits.clean(text).replace(" ", "").replace("-", "")
    if len(number) != 12 or not number.isascii() or not number.isdigit() or number[0] not in "23":
        raise InvalidCivilId("length")
    century = {"2": 1900, "3": 2000}[number[0]]
    try:
        dt.date(century + int(number[1:3]), int(number[3:5]), int(number[5:7]))
    except ValueError:
        raise InvalidCivilId("date") from None
    if check_digit(number[:11]) != int(number[11]):
        raise InvalidCivilId("check")
    return number


def mask(number: str) -> str:
    """Four first and four last digits, as shown to the person and to staff: 2900••••2346."""
    return f"{number[:4]}••••{number[-4:]}"

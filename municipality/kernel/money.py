"""Money is a whole number of fils (1 dinar = 1,000 fils), never a float."""

from __future__ import annotations

import re
from decimal import Decimal

from municipality.kernel import digits

FILS_PER_DINAR = 1000
_AMOUNT = re.compile(r"\d{1,6}\.\d{3}")
# The gateway's `amt` holds ten characters: 999999.999 dinars.
MAX_FILS = 999_999_999


def to_text(fils: int) -> str:
    """`10.000` for 10,000 fils, as the gateway writes it: ASCII, three decimals, no thousands separator."""
    if fils < 0:
        raise ValueError("an amount is not negative")
    return f"{fils // FILS_PER_DINAR}.{fils % FILS_PER_DINAR:03d}"


def to_display(fils: int) -> str:
    """`1,234.500` for 1,234,500 fils, as pages of both languages show it."""
    return f"{fils // FILS_PER_DINAR:,}.{fils % FILS_PER_DINAR:03d}"


def from_text(text: str) -> int:
    """Fils of an amount with exactly three decimals. Raises ValueError for anything else."""
    text = digits.clean(text)
    if not text.isascii() or not _AMOUNT.fullmatch(text):
        raise ValueError("not an amount with three decimals")
    return int(Decimal(text) * FILS_PER_DINAR)

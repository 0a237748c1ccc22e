"""Digits as people in Kuwait type them: ASCII, Arabic-Indic or Persian. Stored as ASCII."""

from __future__ import annotations

import re

_FOLD = {ord(c): str(i) for i, c in enumerate("٠١٢٣٤٥٦٧٨٩")} | {ord(c): str(i) for i, c in enumerate("۰۱۲۳۴۵۶۷۸۹")}
# Marks that arrive with pasted text and have no width: bidi controls, joiners, the byte-order mark.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def to_ascii(text: str) -> str:
    """Arabic-Indic and Persian digits become ASCII; every other character stays."""
    return text.translate(_FOLD)


def clean(text: str) -> str:
    """A typed identifier: ASCII digits, no invisible marks, no surrounding space."""
    return _INVISIBLE.sub("", to_ascii(text)).strip()


def clean_number(text: str) -> str:
    """A typed number: as `clean`, with a point for the Arabic decimal separator and without the Arabic thousands separator."""
    return clean(text).replace("\u066b", ".").replace("\u066c", "")

"""Names of rows that have one in Arabic and one in English."""

from __future__ import annotations

from typing import Protocol

from django.utils.translation import get_language


class Named(Protocol):
    """What has both names; the English one may be empty."""

    name_ar: str
    name_en: str


def name_of(row: Named) -> str:
    """The name in the active language, the Arabic one where there is none; plain text, without a mark of its language."""
    return (row.name_en if get_language() == "en" else "") or row.name_ar


def name_field() -> str:
    """The column of the name in the active language, for queries of tables in which both are filled in."""
    return "name_en" if get_language() == "en" else "name_ar"

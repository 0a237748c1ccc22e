"""The address of the page of a shop."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language

from municipality.kernel import arabic


def name_of(row: Any) -> str:
    """The present name of a shop as its address carries it in the language of the page; empty where it has no letters."""
    own = row.name_ar if get_language() == "ar" else row.name_en or row.name_ar
    return "-".join(arabic.words(own))[:80]


def address_of(row: Any, language: str = "") -> str:
    """The address of a shop in a language, else in that of the page: its stable id, and its present name for people."""
    if language and language != get_language():
        with translation.override(language):
            return address_of(row)
    name = name_of(row)
    return reverse("shops:shop", kwargs={"public_id": row.public_id, "name": name} if name else {"public_id": row.public_id})

"""URLs of the pages of shops."""

from __future__ import annotations

from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language

from municipality.kernel import arabic
from shops.models import Shop


def name_of(row: Shop) -> str:
    """The slug of a shop: its current name in the active language; empty where it has no letters."""
    own = row.name_ar if get_language() == "ar" else row.name_en or row.name_ar
    return "-".join(arabic.words(own))[:80]


def address_of(row: Shop, language: str = "") -> str:
    """The URL of a shop in `language` (default: the active one): its public id and its slug."""
    if language and language != get_language():
        with translation.override(language):
            return address_of(row)
    name = name_of(row)
    return reverse("shops:shop", kwargs={"public_id": row.public_id, "name": name} if name else {"public_id": row.public_id})

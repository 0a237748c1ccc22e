"""URLs of the pages of shops, and their addresses as text."""

from __future__ import annotations

from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language

from municipality.kernel import arabic
from municipality.ui.streets import street_text
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


def address_texts(shop: Shop) -> tuple[str, str]:
    """The address in both languages: area, block, street, building or plot, floor, unit."""
    parts = [
        (shop.area.name_ar, shop.area.name_en),
        (f"قطعة {shop.block}", f"block {shop.block}"),
        (street_text(shop.street, "ar"), street_text(shop.street, "en")),
    ]
    if shop.building:
        parts.append((f"مبنى {shop.building}", f"building {shop.building}"))
    if shop.plot:
        parts.append((f"قسيمة {shop.plot}", f"plot {shop.plot}"))
    if shop.floor:
        parts.append(("الدور الأرضي", "ground floor") if shop.floor == "0" else (f"دور {shop.floor}", f"floor {shop.floor}"))
    if shop.unit:
        parts.append((f"وحدة {shop.unit}", f"unit {shop.unit}"))
    return "، ".join(ar for ar, _en in parts if ar), ", ".join(en for _ar, en in parts if en)

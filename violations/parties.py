"""Against whom a violation report is and at which place: the same words on the check, the page and the notice, in Arabic and English."""

from __future__ import annotations

from municipality.places.models import Area
from municipality.ui.streets import street_text
from shops.models import Shop
from violations.models import Violation

Words = tuple[str, str]  # Arabic, English
OWNER = ("مالك هذا المحل في السجل", "The owner of this shop in the register")
OF_NUMBER = ("صاحب الرقم المدني المدون في المحضر", "The holder of the civil number in the report")
UNKNOWN = ("غير معروف بعد", "Not known yet")


def party(shop: Shop | None, *, name_ar: str = "", has_civil_id: bool = False) -> Words:
    """The party of a report: who is named by a civil number, else the holder of the shop, a company by its name.

    Neither the owner of a shop nor a civil number is written out.
    """
    if has_civil_id:
        return (name_ar, name_ar) if name_ar else OF_NUMBER
    if shop is not None:
        return (shop.organisation.name_ar, shop.organisation.name_en) if shop.organisation is not None else OWNER
    return (name_ar, name_ar) if name_ar else UNKNOWN


def party_of(row: Violation) -> Words:
    """The `party` of a recorded violation."""
    return party(row.shop, name_ar=row.party_name_ar, has_civil_id=bool(row.party_digest or row.party_id))


def place(area: Area, *, block: str = "", street: str = "", note: str = "", shop: Shop | None = None) -> Words:
    """The address: area, block, street, then building or plot, floor and unit of a shop that stands there, and what was written of it."""
    parts = [(area.name_ar, area.name_en)]
    if block:
        parts.append((f"قطعة {block}", f"block {block}"))
    if street:
        parts.append((street_text(street, "ar"), street_text(street, "en")))
    if shop is not None and (block, street) == (shop.block, shop.street):
        parts += _inside(shop)
    if note:
        parts.append((note, note))
    return "، ".join(ar for ar, _en in parts), ", ".join(en for _ar, en in parts)


def place_of(row: Violation) -> Words:
    """The `place` of a recorded violation."""
    return place(row.area, block=row.block, street=row.street, note=row.place_note, shop=row.shop)


def in_both(words: Words) -> dict[str, str]:
    """As a template reads them: `bilingual:"text"`."""
    return {"text_ar": words[0], "text_en": words[1]}


def _inside(shop: Shop) -> list[Words]:
    named = (("مبنى", "building", shop.building), ("قسيمة", "plot", shop.plot), ("دور", "floor", shop.floor), ("وحدة", "unit", shop.unit))
    return [
        ("الدور الأرضي", "ground floor") if (en, value) == ("floor", "0") else (f"{ar} {value}", f"{en} {value}")
        for ar, en, value in named
        if value
    ]

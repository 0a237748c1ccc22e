"""Both registers side by side: what of one licence differs from its shop, and what taking it over would write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from municipality.kernel import arabic
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from shops.commercial_register.licences import ADDRESS, LicenceFacts
from shops.models import Shop
from shops.models.commercial_register import DifferenceKind, LicenceStatus

K = DifferenceKind
Values = dict[str, str]


def ours(kind: str, shop: Shop | None) -> Values:
    """What the Municipality's register says now where a difference of this kind is about it; plain texts, days in ISO 8601."""
    if shop is None:
        return {}
    if kind == K.NAME:
        return {"name_ar": shop.name_ar, "name_en": shop.name_en}
    if kind == K.ACTIVITY:
        return {"activity": shop.activity_id}
    if kind == K.ADDRESS:
        place = {"governorate": shop.area.governorate_id, "area_ar": shop.area.name_ar}
        return place | {name: getattr(shop, name) for name in ADDRESS}
    if kind == K.VALIDITY:
        return {"valid_until": shop.commercial_license_end.isoformat()}
    if kind == K.REGISTRATION:
        return {"registration_no": shop.commercial_registration_no}
    standing = {"standing": "closed" if shop.closed_on else "suspended" if shop.suspended_on else "open"}
    return standing | ({"closed_on": shop.closed_on.isoformat()} if shop.closed_on else {})


def differences(shop: Shop | None, facts: LicenceFacts, before: str) -> dict[str, Values]:
    """What the commercial register says otherwise, by kind. `before` is what it said of the licence until now.

    A closed shop is compared no more, but for a licence that is valid again after it was cancelled. A licence without a shop counts
    while it is valid and for an activity that the Municipality knows; the register holds many that are no shops.
    """
    if shop is None:
        is_shop = facts.status == LicenceStatus.ACTIVE and Activity.objects.filter(pk=facts.activity).exists()
        return {K.NEW_SHOP: _whole(facts)} if is_shop else {}
    if shop.closed_on:
        again = facts.status == LicenceStatus.ACTIVE and before == LicenceStatus.CANCELLED
        return {K.RESTORED: {"status": facts.status, **_until(facts)}} if again else {}
    if facts.status == LicenceStatus.CANCELLED:
        day = facts.cancelled_on.isoformat() if facts.cancelled_on else ""
        return {K.CANCELLED: {"status": facts.status, "cancelled_on": day}}
    found: dict[str, Values] = {}
    for kind, theirs in (
        (K.NAME, {"name_ar": facts.name_ar, "name_en": facts.name_en}),
        (K.ACTIVITY, {"activity": facts.activity}),
        (K.ADDRESS, {"governorate": facts.governorate, "area_ar": facts.area_ar, **facts.address}),
        (K.VALIDITY, _until(facts)),
        (K.REGISTRATION, {"registration_no": facts.registration_no}),
    ):
        said = {name: value for name, value in theirs.items() if value}
        mine = ours(kind, shop)
        if any(not is_same(name, value, mine[name]) for name, value in said.items()):
            found[kind] = said
    return found


def _until(facts: LicenceFacts) -> Values:
    return {"valid_until": facts.valid_until.isoformat()} if facts.valid_until else {}


def _whole(facts: LicenceFacts) -> Values:
    values = {
        "status": facts.status,
        "name_ar": facts.name_ar,
        "name_en": facts.name_en,
        "activity": facts.activity,
        **_until(facts),
        "registration_no": facts.registration_no,
        "governorate": facts.governorate,
        "area_ar": facts.area_ar,
        **facts.address,
    }
    return {name: value for name, value in values.items() if value}


def is_same(name: str, theirs: str, mine: str) -> bool:
    """Spaces never count; of an area, spelling does not count either: it is one of a list."""
    if name == "area_ar":
        return arabic.fold(theirs) == arabic.fold(mine)
    return theirs == " ".join(mine.split())


def area_of(theirs: Mapping[str, str]) -> Area | None:
    """The area that the register means, by governorate and name in any spelling; None where the Municipality's list lacks it."""
    areas = Area.objects.select_related("governorate__branch").filter(folded=arabic.fold(theirs.get("area_ar", "")))
    if governorate := theirs.get("governorate"):
        areas = areas.filter(governorate=governorate)
    found = list(areas[:2])
    return found[0] if len(found) == 1 else None


def columns(kind: str, theirs: Mapping[str, str], shop: Shop) -> dict[str, Any] | None:
    """What taking the register's word over writes into the shop; None where it names what the Municipality's lists lack.

    A new PACI number means another place: nothing of the old address is kept then.
    """
    if kind == K.NAME:
        return dict(theirs)
    if kind == K.ACTIVITY:
        return {"activity_id": theirs["activity"]} if Activity.objects.filter(pk=theirs["activity"]).exists() else None
    if kind == K.VALIDITY:
        return {"commercial_license_end": dt.date.fromisoformat(theirs["valid_until"])}
    if kind == K.REGISTRATION:
        return {"commercial_registration_no": theirs["registration_no"]}
    has_moved = theirs.get("paci_number", shop.paci_number) != shop.paci_number
    kept = {} if has_moved else {name: getattr(shop, name) for name in ADDRESS}
    place = dict.fromkeys(ADDRESS, "") | kept | {name: theirs[name] for name in ADDRESS if name in theirs}
    area = area_of(theirs) if "area_ar" in theirs else None if has_moved else shop.area
    if area is None or not is_whole(place):
        return None
    return {"area_id": area.pk, "branch_id": area.governorate.branch.pk, **place}


def is_whole(place: Mapping[str, str]) -> bool:
    """Whether an address has what the Municipality's register asks for."""
    return bool(place["block"] and place["street"] and place["paci_number"] and (place["building"] or place["plot"]))

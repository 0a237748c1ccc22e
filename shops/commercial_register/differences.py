"""Comparing the two registers: how a licence differs from its shop, and what accepting a difference writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from municipality.kernel import arabic
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from shops.commercial_register.licences import ADDRESS, LicenceFacts
from shops.models import Shop
from shops.models.commercial_register import LicenceStatus, RegisterDifferenceKind

K = RegisterDifferenceKind
Values = dict[str, str]


def ours(kind: str, shop: Shop | None) -> Values:
    """What the Municipality's register says about a kind of difference, as texts; days in ISO 8601."""
    if shop is None:
        return {}
    if kind == K.NAME:
        return {"name_ar": shop.name_ar, "name_en": shop.name_en}
    if kind == K.ACTIVITY:
        return {"activity": shop.activity_id}
    if kind == K.ADDRESS:
        area = {"governorate": shop.area.governorate_id, "area_ar": shop.area.name_ar}
        return area | {name: getattr(shop, name) for name in ADDRESS}
    if kind == K.VALIDITY:
        return {"valid_until": shop.commercial_license_end.isoformat()}
    if kind == K.REGISTRATION:
        return {"registration_no": shop.commercial_registration_no}
    state = {"standing": "closed" if shop.closed_on else "suspended" if shop.suspended_on else "open"}
    return state | ({"closed_on": shop.closed_on.isoformat()} if shop.closed_on else {})


def differences(shop: Shop | None, facts: LicenceFacts, before: str) -> dict[str, Values]:
    """What the commercial register says differently, by kind. `before` is the status of the licence until now.

    A closed shop is compared only with a licence that is valid again after it was cancelled. A licence without a shop counts while
    it is valid and for a known activity; many licences are not of shops.
    """
    if shop is None:
        is_shop = facts.status == LicenceStatus.ACTIVE and Activity.objects.filter(pk=facts.activity).exists()
        return {K.NEW_SHOP: _new_shop(facts)} if is_shop else {}
    if shop.closed_on:
        is_restored = facts.status == LicenceStatus.ACTIVE and before == LicenceStatus.CANCELLED
        return {K.RESTORED: {"status": facts.status, **_until(facts)}} if is_restored else {}
    if facts.status == LicenceStatus.CANCELLED:
        day = facts.cancelled_on.isoformat() if facts.cancelled_on else ""
        return {K.CANCELLED: {"status": facts.status, "cancelled_on": day}}
    result: dict[str, Values] = {}
    for kind, theirs in (
        (K.NAME, {"name_ar": facts.name_ar, "name_en": facts.name_en}),
        (K.ACTIVITY, {"activity": facts.activity}),
        (K.ADDRESS, {"governorate": facts.governorate, "area_ar": facts.area_ar, **facts.address}),
        (K.VALIDITY, _until(facts)),
        (K.REGISTRATION, {"registration_no": facts.registration_no}),
    ):
        stated = {name: value for name, value in theirs.items() if value}
        mine = ours(kind, shop)
        if any(not is_same(name, value, mine[name]) for name, value in stated.items()):
            result[kind] = stated
    return result


def _until(facts: LicenceFacts) -> Values:
    return {"valid_until": facts.valid_until.isoformat()} if facts.valid_until else {}


def _new_shop(facts: LicenceFacts) -> Values:
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
    """Whether two values are the same; spaces do not count, nor the spelling of an area."""
    if name == "area_ar":
        return arabic.fold(theirs) == arabic.fold(mine)
    return theirs == " ".join(mine.split())


def area_of(theirs: Mapping[str, str]) -> Area | None:
    """The area with a governorate and a name in any spelling; None if it is not in the Municipality's list."""
    areas = Area.objects.select_related("governorate__branch").filter(folded=arabic.fold(theirs.get("area_ar", "")))
    if governorate := theirs.get("governorate"):
        areas = areas.filter(governorate=governorate)
    matches = list(areas[:2])
    return matches[0] if len(matches) == 1 else None


def columns(kind: str, theirs: Mapping[str, str], shop: Shop) -> dict[str, Any] | None:
    """The columns of the shop that a difference writes; None if it names what the Municipality's lists lack.

    A new PACI number means another place, so that nothing of the old address is kept.
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
    current = {} if has_moved else {name: getattr(shop, name) for name in ADDRESS}
    address = dict.fromkeys(ADDRESS, "") | current | {name: theirs[name] for name in ADDRESS if name in theirs}
    area = area_of(theirs) if "area_ar" in theirs else None if has_moved else shop.area
    if area is None or not is_complete(address):
        return None
    return {"area_id": area.pk, "branch_id": area.governorate.branch.pk, **address}


def is_complete(address: Mapping[str, str]) -> bool:
    """Whether an address has the required parts."""
    return bool(address["block"] and address["street"] and address["paci_number"] and (address["building"] or address["plot"]))

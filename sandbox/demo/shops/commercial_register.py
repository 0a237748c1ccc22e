"""What the demo's commercial register holds: the licences of its shops, some of them otherwise than the Municipality has them."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from municipality.kernel import clock
from shops.models import Shop

FILE = "demo-commercial.json"
BRANCH = "HA"
Licence = dict[str, Any]


def _renewed(told: Licence) -> Licence:
    return told | {"valid_until": (clock.today() + dt.timedelta(days=400)).isoformat()}


def _renamed(told: Licence) -> Licence:
    return told | {"name_ar": f"{told['name_ar']} الجديد", "name_en": f"New {told['name_en']}"}


def _of_another_activity(told: Licence) -> Licence:
    return told | {"activity": "SPA" if told["activity"] != "SPA" else "BARB"}


def _moved(told: Licence) -> Licence:
    place = told["address"] | {"block": "11", "street": "شارع البحر", "building": "5", "plot": "", "floor": "", "unit": "2"}
    return told | {"address": place | {"paci_number": "18880001"}}


def _cancelled(told: Licence) -> Licence:
    return told | {"status": "cancelled", "cancelled_on": (clock.today() - dt.timedelta(days=3)).isoformat()}


def _garbled(told: Licence) -> Licence:
    return told | {"valid_until": "31/02/2027"}


# One shop each, in this order; the last is not known there.
STORIES: tuple[Callable[[Licence], Licence | None], ...] = (
    *(_renewed, _renamed, _of_another_activity, _moved, _cancelled, _garbled),
    lambda told: None,
)


def write_for_simulator(path: Path) -> int:
    """Write the file that the simulator begins with. Returns how many licences."""
    shops = Shop.objects.select_related("area").order_by("pk")
    # Those of organisations without an account: no story of a person hangs on them.
    told = dict(
        zip(shops.filter(branch=BRANCH, closed_on=None, owner=None).order_by("-pk").values_list("pk", flat=True), STORIES, strict=False)
    )
    found = []
    for shop in shops.iterator():
        licence = told.get(shop.pk, lambda same: same)(_of(shop))
        if licence is not None:
            found.append(licence)
    found.append(_new())
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(found, ensure_ascii=False), encoding="utf8")
    fresh.replace(path)
    return len(found)


def _of(shop: Shop) -> Licence:
    is_over = shop.commercial_license_end < clock.today()
    return {
        "licence": shop.commercial_license_no,
        "status": "expired" if is_over else "active",
        "name_ar": shop.name_ar,
        "name_en": shop.name_en,
        "activity": shop.activity_id,
        "valid_until": shop.commercial_license_end.isoformat(),
        "registration_no": shop.commercial_registration_no,
        "address": {
            "governorate": shop.area.governorate_id,
            "area_ar": shop.area.name_ar,
            **{name: getattr(shop, name) for name in ("block", "street", "building", "plot", "floor", "unit", "paci_number")},
        },
    }


def _new() -> Licence:
    place = {"governorate": BRANCH, "area_ar": "السالمية", "block": "4", "street": "شارع سالم المبارك", "building": "12", "plot": ""}
    return {
        "licence": "990001/2026",
        "status": "active",
        "name_ar": "صالون نسمة البحر",
        "name_en": "Nasmat Al-Bahar Salon",
        "activity": "WSAL",
        "valid_until": (clock.today() + dt.timedelta(days=365)).isoformat(),
        "registration_no": "300101",
        "owner": {"registration_no": "300101"},
        "address": place | {"floor": "", "unit": "3", "paci_number": "18880002"},
    }

"""The licences of the simulated commercial register; some differ from the Municipality's register."""

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


def _renewed(licence: Licence) -> Licence:
    return licence | {"valid_until": (clock.today() + dt.timedelta(days=400)).isoformat()}


def _renamed(licence: Licence) -> Licence:
    return licence | {"name_ar": f"{licence['name_ar']} الجديد", "name_en": f"New {licence['name_en']}"}


def _of_another_activity(licence: Licence) -> Licence:
    return licence | {"activity": "SPA" if licence["activity"] != "SPA" else "BARB"}


def _moved(licence: Licence) -> Licence:
    place = licence["address"] | {"block": "11", "street": "شارع البحر", "building": "5", "plot": "", "floor": "", "unit": "2"}
    return licence | {"address": place | {"paci_number": "18880001"}}


def _cancelled(licence: Licence) -> Licence:
    return licence | {"status": "cancelled", "cancelled_on": (clock.today() - dt.timedelta(days=3)).isoformat()}


def _garbled(licence: Licence) -> Licence:
    return licence | {"valid_until": "31/02/2027"}


# A shop for each; that of the last is not in the register.
SCENARIOS: tuple[Callable[[Licence], Licence | None], ...] = (
    *(_renewed, _renamed, _of_another_activity, _moved, _cancelled, _garbled),
    lambda licence: None,
)


def write_for_simulator(path: Path) -> int:
    """Write the initial file of the simulator. Returns the number of licences."""
    shops = Shop.objects.select_related("area").order_by("pk")
    # Shops of organisations without an account, which have no other scenario.
    scenarios = dict(
        zip(shops.filter(branch=BRANCH, closed_on=None, owner=None).order_by("-pk").values_list("pk", flat=True), SCENARIOS, strict=False)
    )
    licences = []
    for shop in shops.iterator():
        licence = scenarios.get(shop.pk, lambda unchanged: unchanged)(_licence_of(shop))
        if licence is not None:
            licences.append(licence)
    licences.append(_new())
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(licences, ensure_ascii=False), encoding="utf8")
    temporary.replace(path)
    return len(licences)


def _licence_of(shop: Shop) -> Licence:
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

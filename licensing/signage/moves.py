"""When a shop moved or passed to another holder: boards are licensed in one place, for one holder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q

from licensing.models import LicenceTransfer
from shops.models import EventKind, ShopEvent
from shops.register.events import ADDRESS_COLUMNS, leaves_its_point


def of_shops(shops: Sequence[int]) -> dict[int, list[dt.datetime]]:
    """When shops moved to another place or passed to another holder with their licence.

    A corrected owner is no other holder, and an address that is written in another way (`leaves_its_point`) no other place.
    """
    found: dict[int, list[dt.datetime]] = {}
    agreed = LicenceTransfer.objects.filter(shop__in=shops, case__isnull=False).values_list("case__public_id", flat=True)
    passed = Q(kind=EventKind.TRANSFERRED, source__in=[f"case:{public_id}" for public_id in agreed])
    for event in ShopEvent.objects.filter(Q(kind=EventKind.MOVED) | passed, shop__in=shops).order_by("pk"):
        before, after = event.data.get("before", {}), event.data.get("after", {})
        changed = [name for name in ADDRESS_COLUMNS if before.get(name) != after.get(name)]
        if event.kind == EventKind.TRANSFERRED or leaves_its_point(changed):
            found.setdefault(event.shop_id, []).append(event.at)
    return found

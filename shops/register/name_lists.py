"""Names of areas and activities, which only an upgrade changes: kept by the process instead of being joined to every list of shops."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from municipality.kernel.kept import Kept
from municipality.places import queries as places
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from shops.models import Shop


def _lists() -> tuple[dict[int, Area], dict[str, Activity]]:
    return {area.pk: area for area in places.areas()}, Activity.objects.in_bulk()


kept = Kept(_lists, lambda: settings.NAMED_LISTS_SECONDS)


def name(shops: Iterable[Shop]) -> None:
    """Give each shop its area (with the governorate) and its activity; two statements in NAMED_LISTS_SECONDS, none in between."""
    areas, activities = kept()
    for shop in shops:  # what was added this minute is read by itself
        if (area := areas.get(shop.area_id)) is not None:
            shop.area = area
        if (activity := activities.get(shop.activity_id)) is not None:
            shop.activity = activity

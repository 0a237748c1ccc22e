"""Names of areas and activities, which only an upgrade changes: cached instead of joined to every list of shops."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from municipality.kernel.ttl_cache import ttl_cache
from municipality.places import queries as places
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from shops.models import Shop


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def lists() -> tuple[dict[int, Area], dict[str, Activity]]:
    """Areas by key, with their governorates, and activities by code."""
    return {area.pk: area for area in places.areas()}, Activity.objects.in_bulk()


def name(shops: Iterable[Shop]) -> None:
    """Give each shop its area (with the governorate) and its activity; two statements in NAMED_LISTS_SECONDS, none in between."""
    areas, activities = lists()
    for shop in shops:  # what was added this minute is read by itself
        if (area := areas.get(shop.area_id)) is not None:
            shop.area = area
        if (activity := activities.get(shop.activity_id)) is not None:
            shop.activity = activity

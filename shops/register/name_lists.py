"""Names of areas and activities, cached instead of joined to every list of shops; only an upgrade changes them."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from municipality.kernel.ttl_cache import ttl_cache
from municipality.places import queries as places
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from shops.models import Shop


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def cached_lists() -> tuple[dict[int, Area], dict[str, Activity]]:
    """Areas by primary key, with their governorates, and activities by code."""
    return {area.pk: area for area in places.areas()}, Activity.objects.in_bulk()


def attach_names(shops: Iterable[Shop]) -> None:
    """Set the area (with the governorate) and the activity of each shop from the cache; two queries each NAMED_LISTS_SECONDS."""
    areas, activities = cached_lists()
    for shop in shops:  # a row that is not cached yet is read by itself
        if (area := areas.get(shop.area_id)) is not None:
            shop.area = area
        if (activity := activities.get(shop.activity_id)) is not None:
            shop.activity = activity
